"""Numbers and quoted texts, against what Go gives."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError
from otx.ottl.go_strconv import (
    can_be_raw,
    format_float,
    parse_float,
    parse_int,
    quote,
    quote_rune,
    shortest_digits,
)
from otx.ottl.values import INT64_MAX, INT64_MIN


@pytest.mark.parametrize(
    ("text", "base", "value"),
    [
        ("12", 10, 12),
        ("+012", 10, 12),
        ("-0", 10, 0),
        ("9223372036854775807", 10, INT64_MAX),
        ("-9223372036854775808", 10, INT64_MIN),
        ("0" * 500 + "1", 10, 1),
        ("Zz", 36, 1295),
        ("0b1", 16, 177),
        ("0x1F", 0, 31),
        ("0X_1_f", 0, 31),
        ("0b101", 0, 5),
        ("0o17", 0, 15),
        ("017", 0, 15),
        ("0_17", 0, 15),
        ("1_000", 0, 1000),
        ("0", 0, 0),
        ("-0x8000000000000000", 0, INT64_MIN),
    ],
)
def test_integers(text: str, base: int, value: int) -> None:
    assert parse_int(text, base) == value


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("", 10),
        ("-", 10),
        ("--1", 10),
        (" 1", 10),
        ("1 ", 10),
        ("1_0", 10),
        ("1.0", 10),
        ("1e3", 10),
        ("٣", 10),
        ("0x1f", 16),
        ("0b1", 2),
        ("8", 8),
        ("9223372036854775808", 10),
        ("-9223372036854775809", 10),
        ("1" * 10_000, 10),
        ("08", 0),
        ("0x", 0),
        ("0x0x1", 0),
        ("_1", 0),
        ("1_", 0),
        ("1__0", 0),
        ("0x__1", 0),
        ("1", 1),
        ("1", 37),
        ("1", -1),
    ],
)
def test_no_integers(text: str, base: int) -> None:
    with pytest.raises(ExecutionError):
        parse_int(text, base)


@given(st.integers(INT64_MIN, INT64_MAX))
def test_integers_round_trip(number: int) -> None:
    assert parse_int(str(number), 10) == parse_int(hex(number), 0) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1.5E-1", 0.15),
        ("1_000.5", 1000.5),
        ("0x1p-2", 0.25),
        ("-0x1.8P1", -3.0),
        ("0x_1p4", 16.0),
        ("0x1p-1074", 5e-324),
        ("Inf", math.inf),
        ("-infinity", -math.inf),
        ("1e-400", 0.0),
    ],
)
def test_doubles(text: str, value: float) -> None:
    assert parse_float(text) == value


def test_nan_has_no_sign() -> None:
    assert math.isnan(parse_float("NaN"))
    with pytest.raises(ExecutionError):
        parse_float("+NaN")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "e5",
        "1e",
        "1.5x",
        " 1",
        "1e400",
        "0x1",
        "0x.p1",
        "0x1p1024",
        "_1",
        "1__0",
        "infin",
        "٣",
    ],
)
def test_no_doubles(text: str) -> None:
    with pytest.raises(ExecutionError):
        parse_float(text)


@pytest.mark.parametrize(
    ("value", "verb", "precision", "text"),
    [
        (0.0, "g", -1, "0"),
        (-0.0, "g", -1, "-0"),
        (100000.0, "g", -1, "100000"),
        (1e6, "g", -1, "1e+06"),
        (123456789.0, "g", -1, "1.23456789e+08"),
        (0.0001, "g", -1, "0.0001"),
        (0.00001, "G", -1, "1E-05"),
        (1e21, "f", -1, "1000000000000000000000"),
        (1.5e-7, "f", -1, "0.00000015"),
        (1e-7, "e", -1, "1e-07"),
        (2.5, "f", 0, "2"),
        (123.456, "g", 4, "123.5"),
        (math.inf, "f", 2, "+Inf"),
        (-math.inf, "g", -1, "-Inf"),
        (math.nan, "e", 3, "NaN"),
        (1.0, "b", -1, "4503599627370496p-52"),
        (5e-324, "b", -1, "1p-1074"),
        (0.0, "x", -1, "0x0p+00"),
        (1.5, "x", -1, "0x1.8p+00"),
        (-255.0, "X", -1, "-0X1.FEP+07"),
        (255.0, "x", 1, "0x1.0p+08"),
        (1.0, "x", 3, "0x1.000p+00"),
        (5e-324, "x", -1, "0x1p-1074"),
    ],
)
def test_written_doubles(value: float, verb: str, precision: int, text: str) -> None:
    assert format_float(value, verb, precision) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_round_trip(value: float) -> None:
    for verb in "efg":
        assert parse_float(format_float(value, verb)) == value
    assert parse_float(format_float(value, "x")) == value
    sign, digits, exponent = shortest_digits(value)
    assert float(f"{sign}{digits[0]}.{digits[1:]}e{exponent}") == value


@pytest.mark.parametrize(
    ("text", "quoted", "to_ascii"),
    [
        ('a"b\\', r'"a\"b\\"', False),
        ("\a\b\f\n\r\t\v\x00\x7f", r'"\a\b\f\n\r\t\v\x00\x7f"', False),
        ("é日😀", '"é日😀"', False),
        ("é日😀", r'"\u00e9\u65e5\U0001f600"', True),
        ("\u200b\ufeff\U000e0001", r'"\u200b\ufeff\U000e0001"', False),
        ("\udcff", r'"\xff"', False),
        ("'", '"\'"', False),
    ],
)
def test_quoted(text: str, quoted: str, to_ascii: bool) -> None:
    assert quote(text, to_ascii=to_ascii) == quoted


@pytest.mark.parametrize(
    ("code", "quoted"),
    [
        (65, "'A'"),
        (39, r"'\''"),
        (34, "'\"'"),
        (10, r"'\n'"),
        (0xD800, "'\ufffd'"),
        (-1, "'\ufffd'"),
    ],
)
def test_quoted_code_points(code: int, quoted: str) -> None:
    assert quote_rune(code) == quoted


@pytest.mark.parametrize(
    ("text", "is_raw"), [("a\tb", True), ("a\nb", False), ("`", False), ("\udcff", False)]
)
def test_raw(text: Any, is_raw: bool) -> None:
    assert can_be_raw(text) is is_raw
