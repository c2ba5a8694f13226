"""What functions take for a text, a number, a map."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from otx.ottl import coerce
from otx.ottl.errors import ExecutionError
from otx.ottl.values import INT64_MIN, Duration, Opaque, SpanId, Time

ONE_OF_EACH: list[Any] = [
    None,
    True,
    1,
    1.5,
    "a",
    b"a",
    [],
    {},
    Time(0),
    Duration(0),
    SpanId(bytes(8)),
    Opaque("status", ()),
]


@pytest.mark.parametrize(
    ("convert", "kind"),
    [
        (coerce.text, str),
        (coerce.integer, int),
        (coerce.double, float),
        (coerce.boolean, bool),
        (coerce.mapping, dict),
        (coerce.sequence, list),
        (coerce.moment, Time),
        (coerce.length_of_time, Duration),
    ],
)
def test_a_strict_class_takes_its_kind_only(convert: Callable[[Any], Any], kind: type) -> None:
    for value in ONE_OF_EACH:
        if type(value) is kind:
            assert convert(value) is value
        else:
            with pytest.raises(ExecutionError):
                convert(value)


@pytest.mark.parametrize(
    ("convert", "value", "result"),
    [
        (coerce.text_like, "a", "a"),
        (coerce.text_like, b"\x01\xff", "01ff"),
        (coerce.text_like, 1.0, "1"),
        (coerce.text_like, True, "true"),
        (coerce.text_like, {"b": [1], "a": "<"}, '{"a":"\\u003c","b":[1]}'),
        (coerce.text_like, SpanId(bytes(8)), "[0,0,0,0,0,0,0,0]"),
        (coerce.integer_like, -1.9, -1),
        (coerce.integer_like, True, 1),
        (coerce.integer_like, "-12", -12),
        (coerce.integer_like, math.inf, INT64_MIN),
        (coerce.double_like, 2, 2.0),
        (coerce.double_like, False, 0.0),
        (coerce.double_like, "1e3", 1000.0),
        (coerce.boolean_like, 0.5, True),
        (coerce.boolean_like, 0, False),
        (coerce.boolean_like, math.nan, True),
        (coerce.boolean_like, "t", True),
        (coerce.boolean_like, "False", False),
        (coerce.octets_like, "é", b"\xc3\xa9"),
        (coerce.octets_like, "\udcff", b"\xff"),
        (coerce.octets_like, -1, b"\xff" * 8),
        (coerce.octets_like, 1.0, bytes.fromhex("3ff0000000000000")),
        (coerce.octets_like, True, b"\x01"),
        (coerce.sequence, Opaque("list of uint64", (1, 1 << 63)), [1, INT64_MIN]),
    ],
)
def test_converted(convert: Callable[[Any], Any], value: Any, result: Any) -> None:
    got = convert(value)
    assert (type(got), got) == (type(result), result)


@pytest.mark.parametrize(
    ("convert", "value"),
    [
        (coerce.text_like, math.nan),
        (coerce.integer_like, "2.0"),
        (coerce.integer_like, " 1"),
        (coerce.integer_like, b"1"),
        (coerce.integer_like, []),
        (coerce.double_like, "abc"),
        (coerce.double_like, ""),
        (coerce.double_like, Duration(1)),
        (coerce.boolean_like, "yes"),
        (coerce.boolean_like, {}),
        (coerce.octets_like, [1]),
        (coerce.octets_like, Time(0)),
        (coerce.sequence, Opaque("span events", (b"",))),
    ],
)
def test_refused(convert: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(ExecutionError):
        convert(value)


def test_nil_is_passed_on_by_what_converts() -> None:
    like = (coerce.text_like, coerce.integer_like, coerce.double_like, coerce.boolean_like)
    assert [convert(None) for convert in (*like, coerce.octets_like)] == [None] * 5
