"""Fields of OTLP's messages as OTTL calls them, where the two differ."""

from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor

Message: TypeAlias = Any
"""A message of the open view: texts, attributes and values are bytes."""

METRIC_TYPES = ("gauge", "sum", "histogram", "exponential_histogram", "summary")
"""The kinds of a metric; each has its number, from 1 on, as `metric.type`."""
ATTRIBUTES = frozenset(("attributes", "filtered_attributes", "metadata"))
"""The fields that are maps of attributes."""
ID_BYTES = {"trace_id": 16, "span_id": 8, "parent_span_id": 8, "profile_id": 16}
"""The fields that are ids, and how long those are."""


def message_of(official: Descriptor, name: str) -> Descriptor:
    """What a field of messages holds."""
    inner = official.fields_by_name[name].message_type
    assert inner is not None  # noqa: S101 - the caller knows OTLP
    return inner


@cache
def enum_words(enum: EnumDescriptor) -> dict[str, int]:
    """The words of an enum without their common prefix."""
    names = [value.name for value in enum.values]
    shared = min(names)
    while not all(name.startswith(shared) for name in names):
        shared = shared[: shared.rstrip("_").rfind("_") + 1]
    return {value.name.removeprefix(shared): value.number for value in enum.values}
