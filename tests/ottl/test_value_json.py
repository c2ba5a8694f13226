"""Values as JSON and as text, as the Collector writes them."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError
from otx.ottl.value_json import as_string, json_text, number_text
from otx.ottl.values import INT64_MAX, INT64_MIN, Duration, Opaque, SpanId, Time, TraceId

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(INT64_MIN, INT64_MAX)
    | st.floats(-1e15, 1e15)
    | st.text(max_size=8)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (INT64_MIN, "-9223372036854775808"),
        (1.0, "1"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (1e-7, "1e-07"),
        (1.5e-10, "1.5e-10"),
        (1e16, "10000000000000000"),
        (1.2345678e17, "123456780000000000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (5e-324, "5e-324"),
        ("<a>&\u2028\u2029", '"\\u003ca\\u003e\\u0026\\u2028\\u2029"'),
        ('"\\\n\r\t\b\f\x00\x7f', '"\\"\\\\\\n\\r\\t\\u0008\\u000c\\u0000\x7f"'),
        ("é😀", '"é😀"'),
        ("a\udcff", '"a\\ufffd"'),
        (b"\x01\xff", '"Af8="'),
        ([], "[]"),
        ([1, [None], {"b": 1, "a": 2}], '[1,[null],{"a":2,"b":1}]'),
        # Sorted with their quotes, so that `!` and a blank stand before the end.
        ({"a": 1, "a!": 2, "a b": 3, "é": 4, "B": 5}, '{"B":5,"a b":3,"a!":2,"a":1,"é":4}'),
        (TraceId(bytes(range(16))), "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]"),
        (SpanId(bytes(8)), "[0,0,0,0,0,0,0,0]"),
        (Duration(1_000), "1000"),
        (Time(1_581_452_772_000_000_321), '"2020-02-11T20:26:12.000000321Z"'),
        (Opaque("list of uint64", (1, 2)), "[1,2]"),
        (Opaque("span events", (b"",)), "{}"),
    ],
)
def test_json(value: Any, text: str) -> None:
    assert json_text(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, [math.nan], {"a": -math.inf}])
def test_json_has_no_such_numbers(value: Any) -> None:
    with pytest.raises(ExecutionError):
        json_text(value)


@given(TREES)
def test_json_is_read_as_what_was_written(value: Any) -> None:
    assert orjson.loads(json_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("a", "a"),
        (True, "true"),
        (1.0, "1"),
        (1e-7, "1e-7"),
        (1e-10, "1e-10"),
        (1e21, "1e+21"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (b"\x01\xff", "Af8="),
        ({"a!": 1, "a": "<\b\f"}, '{"a":"<\\b\\f","a!":1}'),
        ([None, 1e-7, b"\1"], '[null,1e-7,"AQ=="]'),
        # The reference gives up on the whole.
        ([math.nan], ""),
    ],
)
def test_text_of_otlp_values(value: Any, text: str) -> None:
    assert as_string(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_what_was_written(value: float) -> None:
    assert float(number_text(value)) == value
    assert float(number_text(value, pads_exponent=True)) == value
