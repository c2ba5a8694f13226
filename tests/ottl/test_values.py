"""Values, and their text as the Collector writes it."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.value_json import json_text
from otx.ottl.values import (
    INT64_MAX,
    INT64_MIN,
    Duration,
    Opaque,
    Time,
    TraceId,
    deep_copy,
    is_map,
    kind_of,
    storable,
    wrap_int64,
)
from tests.ottl.log_record import first_record, log_batch


@pytest.mark.parametrize(
    ("number", "wrapped"),
    [(INT64_MAX, INT64_MAX), (INT64_MAX + 1, INT64_MIN), (INT64_MIN - 1, INT64_MAX), (1 << 65, 0)],
)
def test_int64_goes_round(number: int, wrapped: int) -> None:
    assert wrap_int64(number) == wrapped


def test_maps_of_records_are_maps() -> None:
    attributes = first_record(log_batch({"a": 1})).attributes
    assert is_map(attributes)
    assert kind_of(attributes) == "map"
    assert json_text(attributes) == '{"a":1}'
    assert type(deep_copy(attributes)) is dict


def test_copies_share_nothing() -> None:
    value = {"a": [1, {"b": []}]}
    copied = deep_copy(value)
    copied["a"][1]["b"].append(1)
    assert value == {"a": [1, {"b": []}]}


@pytest.mark.parametrize("value", [Time(0), Duration(1), TraceId(bytes(16)), Opaque("status", ())])
def test_what_has_no_otlp_form_is_not_stored(value: Any) -> None:
    for one in (value, [value], {"a": value}):
        with pytest.raises(ExecutionError):
            storable(one)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "nil"),
        (True, "bool"),
        (1, "int"),
        (1.0, "double"),
        ("", "string"),
        (b"", "bytes"),
        ([], "list"),
        ({}, "map"),
        (Time(0), "time"),
        (Opaque("status", ()), "status"),
    ],
)
def test_kinds(value: Any, kind: str) -> None:
    assert kind_of(value) == kind
