"""Requests made of records as people write them in a test."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import Descriptor

from otx.model.signal import Signal
from otx.otlp.open_view import open_class
from otx.ottl.otlp_fields import Message
from otx.ottl.record_state import WORDS, Descriptors, states_of
from otx.ottl.records import ITEMS
from otx.ottl.shortened import Short
from otx.ottl.unit_tests.short_form import fill, put_attributes
from otx.ottl.unit_tests.yaml_values import mapping, text_of
from otx.ottl.yaml_places import YamlPath

RESOURCE_FIELDS = frozenset(("attributes", "dropped_attributes_count", "entity_refs", "schema_url"))
"""A resource with any of these is written with its fields, another as the map of its attributes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A map in a test file and where it stands."""

    data: Any = None
    path: YamlPath = ()


@dataclass(frozen=True, slots=True)
class WrittenRecord:
    """A record in the short form."""

    item: Part
    resource: Part = field(default_factory=Part)
    scope: Part = field(default_factory=Part)


def request_of(signal: Signal, records: Sequence[WrittenRecord]) -> bytes:
    """A request of records; neighbours of one resource and scope share them.

    Raises:
        Unreadable: A record says something that OTLP cannot hold.
    """
    outer, middle, inner = ITEMS[signal]
    known = Descriptors(signal)
    request: Any = open_class(signal)()
    group = part = None
    last: WrittenRecord | None = None
    for record in records:
        if group is None or last is None or record.resource.data != last.resource.data:
            group = getattr(request, outer).add()
            _fill_above(group, group.resource, known.resource, record.resource)
            part = None
        if part is None or last is None or record.scope.data != last.scope.data:
            part = getattr(group, middle).add()
            _fill_above(part, part.scope, known.scope, record.scope)
        fill(getattr(part, inner).add(), known.item, record.item.data, record.item.path)
        last = record
    body: bytes = request.SerializeToString()
    return body


def written(short: Short, signal: Signal) -> WrittenRecord:
    """A state as a record that can be written; paths are those of the state."""
    word = WORDS[signal]
    return WrittenRecord(
        Part(short.get(word), (word,)),
        Part(short.get("resource"), ("resource",)),
        Part(short.get("scope"), ("scope",)),
    )


def normalised(short: Short, signal: Signal) -> Short:
    """A state as it would be read from OTLP: enums as words, numbers of their field's type.

    Raises:
        Unreadable: It says something that OTLP cannot hold.
    """
    return states_of(signal, request_of(signal, [written(short, signal)]))[0].short


def _fill_above(group: Message, message: Message, official: Descriptor, part: Part) -> None:
    """Fill a resource or scope."""
    data = mapping(part.data, part.path)
    if official.name == "Resource" and not data.keys() & RESOURCE_FIELDS:
        put_attributes(message.attributes, data, part.path)
        return
    known = dict(data)
    schema_url = known.pop("schema_url", None)
    if schema_url is not None:
        text = text_of(schema_url, (*part.path, "schema_url"))
        group.schema_url = text.encode("utf-8", "surrogateescape")
    fill(message, official, known, part.path)
