"""Functions that bring a value to another kind."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.values import INT64_MAX, INT64_MIN
from tests.ottl.log_record import Evaluate

DATA = {"s": "12", "i": 7, "d": -1.9, "t": True, "f": False, "by": b"\x01\xff", "bad": "1.5x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Bool(1)", True),
        ("Bool(0)", False),
        ("Bool(0.0)", False),
        ('Bool(Double("NaN"))', True),
        ('Bool("T")', True),
        ('Bool("FALSE")', False),
        ('Bool(attributes["f"])', False),
        ('Bool(attributes["missing"])', None),
        ("Double(2)", 2.0),
        ('Double("1_000.5")', 1000.5),
        ('Double("0x1p-2")', 0.25),
        ('Double("-inf")', float("-inf")),
        ('Double(attributes["t"])', 1.0),
        ("Double(9007199254740993)", 9007199254740992.0),
        ("Double(nil)", None),
        ('Int(attributes["d"])', -1),
        ('Int(attributes["t"])', 1),
        ('Int("+12")', 12),
        ('Int("-9223372036854775808")', INT64_MIN),
        # What does not fit is what Go makes of it on amd64.
        ('Int(Double("NaN"))', INT64_MIN),
        ('Int(Double("1e300"))', INT64_MIN),
        ('Int(attributes["missing"])', None),
        ('ParseInt("0xAF", 0)', 175),
        ('ParseInt("0b1_01", 0)', 5),
        ('ParseInt("017", 0)', 15),
        ('ParseInt("017", 10)', 17),
        ('ParseInt("-zz", 36)', -1295),
        ('ParseInt("9223372036854775807", 10)', INT64_MAX),
        ("Hex(1.0)", "3ff0000000000000"),
        ("Hex(-1)", "ffffffffffffffff"),
        ('Hex(Double("NaN"))', "7ff8000000000001"),
        ('Hex(attributes["t"])', "01"),
        ('Hex("é")', "c3a9"),
        ('Hex(attributes["by"])', "01ff"),
        ("Hex(nil)", ""),
    ],
)
def test_value(evaluate: Evaluate, text: str, value: Any) -> None:
    got = evaluate(text, DATA)
    assert (type(got), got) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        'Bool(attributes["s"])',
        'Bool(attributes["by"])',
        'Double(attributes["bad"])',
        'Double(attributes["by"])',
        'Int(attributes["bad"])',
        "Int(trace_id)",
        "Hex(time)",
        'ParseInt("", 10)',
        'ParseInt("1.5", 10)',
        'ParseInt("0x1f", 16)',
        'ParseInt("9223372036854775808", 10)',
        'ParseInt("1", 1)',
        'ParseInt("1", 37)',
        'ParseInt("1", -1)',
        'ParseInt(attributes["i"], 10)',
    ],
)
def test_fails_on_a_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    "text", ['Bool("x")', 'Double("abc")', 'Int("2.0")', "Int([1])", "ParseInt(1, 10)", "Hex({})"]
)
def test_refused(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text, DATA)
