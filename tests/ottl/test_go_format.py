"""Go's Sprintf: formats, directives, and what is said of those that do not fit."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.go_format import MAX_SIZE, compile_format, sprintf
from otx.ottl.values import Duration, Opaque, SpanId, Time, TraceId

TRACE = TraceId(bytes(range(16)))


@pytest.mark.parametrize(
    ("text", "values", "shown"),
    [
        ("", [], ""),
        ("100%%", [], "100%"),
        ("%s-%s", ["a", "b"], "a-b"),
        ("%d|%5d|%-5d|%05d|%+d|% d", [1, 2, 3, 4, 5, 6], "1|    2|3    |00004|+5| 6"),
        ("%-05d|%05d|%+05d", [4, -4, 4], "4    |-0004|+0004"),
        ("%.3d|%.0d|%8.3d", [5, 0, 5], "005||     005"),
        (
            "%x|%X|%#x|%o|%O|%#o|%b|%#b",
            [255, 255, 255, 8, 8, 8, 5, 5],
            "ff|FF|0xff|10|0o10|010|101|0b101",
        ),
        ("%x", [-255], "-ff"),
        ("%c|%q|%U|%#U|%c", [65, 65, 0x1F600, 0x1F600, -1], "A|'A'|U+1F600|U+1F600 '😀'|\ufffd"),
        (
            "%f|%.2f|%8.2f|%e|%g|%G",
            [1.5, 1.005, 3.14159, 1e6, 1e-7, 1e-7],
            "1.500000|1.00|    3.14|1.000000e+06|1e-07|1E-07",
        ),
        ("%v|%v|%v", [1.0, 1e21, 123456789.0], "1|1e+21|1.23456789e+08"),
        ("%08.3f|%-8.1f|%+.1f|% .1f", [-1.5, 1.5, 1.5, 1.5], "-001.500|1.5     |+1.5| 1.5"),
        ("%#g|%#.3x|%#v", [1.0, 1.0, 1.0], "1.00000|0x1.000p+00|1"),
        ("%f|%5f|%05f|%+f", [math.inf, math.nan, -math.inf, math.nan], "+Inf|  NaN| -Inf|+NaN"),
        ("%t|%7t|%v", [True, False, True], "true|  false|true"),
        ("%5s|%-5s|%.2s|%05s", ["a", "b", "héllo", "c"], "    a|b    |hé|0000c"),
        (
            "%q|%+q|%#q|%x|% X|%# x",
            ["a\n", "é", "a", "hé", "ab", "ab"],
            '"a\\n"|"\\u00e9"|`a`|68c3a9|61 62|0x61 0x62',
        ),
        ("%s|%v|%x|%d|%q", [b"ab", b"ab", b"ab", b"ab", b"ab"], 'ab|[97 98]|6162|[97 98]|"ab"'),
        (
            "%v|%d|%s|%5v",
            [[1, "a", None], [1, 2], ["a", 1], [1]],
            "[1 a <nil>]|[1 2]|[a %!s(int64=1)]|[    1]",
        ),
        ("%v", [{"b": 2, "a": [1.5, {"c": None}]}], "map[a:[1.5 map[c:<nil>]] b:2]"),
        (
            "%#v",
            [{"a": [1, "x", None, b"\1"]}],
            'map[string]interface {}{"a":[]interface {}{1, "x", interface {}(nil), []uint8{0x1}}}',
        ),
        ("%v|%5v|%d", [None, None, None], "<nil>|<nil>|%!d(<nil>)"),
        (
            "%T %T %T %T %T %T",
            [1, 1.5, "a", True, b"", []],
            "int64 float64 string bool []uint8 []interface {}",
        ),
        ("%T|%8T", [None, 1], "<nil>|   int64"),
        ("%v|%s|%d|%x", [Duration(90_000_000_000)] * 4, "1m30s|1m30s|90000000000|316d333073"),
        ("%v|%d", [TRACE, SpanId(bytes(8))], "000102030405060708090a0b0c0d0e0f|[0 0 0 0 0 0 0 0]"),
        ("%v", [Time(0)], "1970-01-01 00:00:00 +0000 UTC"),
        ("%v|%d|%T", [Opaque("list of uint64", (1, 2))] * 3, "[1 2]|[1 2]|[]uint64"),
    ],
)
def test_directives(text: str, values: list[Any], shown: str) -> None:
    assert sprintf(text, values) == shown


@pytest.mark.parametrize(
    ("text", "values", "shown"),
    [
        ("%d", ["x"], "%!d(string=x)"),
        ("%s", [1], "%!s(int64=1)"),
        ("%t", [1.5], "%!t(float64=1.5)"),
        ("%x", [True], "%!x(bool=true)"),
        ("%z", [1], "%!z(int64=1)"),
        ("%é", [1], "%!é(int64=1)"),
        ("%p", ["a"], "%!p(string=a)"),
        ("%w", [[Duration(1)]], "%!w([]interface {}=[1])"),
        ("%5d", ["x"], "%!d(string=    x)"),
        ("%t", [b"\1"], "[%!t(uint8=1)]"),
        ("%d %d", [1], "1 %!d(MISSING)"),
        ("a", ["x", 1, None], "a%!(EXTRA string=x, int64=1, <nil>)"),
        ("%", [1], "%!(NOVERB)%!(EXTRA int64=1)"),
        ("%5", [], "%!(NOVERB)"),
        ("%.", [1], "%!.(int64=1)"),
        ("%-", [], "%!(NOVERB)"),
        ("%[2]d %[1]d", [1, 2], "2 1"),
        ("%[1]d %d %[1]d", [1, 2], "1 2 1"),
        ("%[3]d", [1], "%!d(BADINDEX)"),
        ("%[0]d", [1], "%!d(BADINDEX)"),
        ("%[x]d", [1], "%!d(BADINDEX)"),
        ("%[1", [1], "%!(NOVERB)"),
        ("%[1]2d", [1], "%!d(BADINDEX)"),
        ("%[1]*d", [3], "%!d(MISSING)"),
        ("%*d|%-*d|", [4, 1, 4, 2], "   1|2   |"),
        ("%*d", [-4, 1], "1   "),
        ("%*d", ["x", 1], "%!(BADWIDTH)1"),
        ("%.*f", [2, 1.0], "1.00"),
        ("%.*f", [-2, 1.0], "%!(BADPREC)1.000000"),
        ("%*.*d", [1], "%!(BADPREC)%!d(MISSING)"),
        ("%*", ["x"], "%!(BADWIDTH)%!(NOVERB)"),
        ("%*%", ["x"], "%!(BADWIDTH)%"),
        ("%100000000d", [1], "%!(NOVERB)%!(EXTRA int64=1)"),
    ],
)
def test_what_does_not_fit_is_said_in_the_text(text: str, values: list[Any], shown: str) -> None:
    assert sprintf(text, values) == shown


def test_a_format_is_read_once() -> None:
    fill = compile_format("%s=%d", 2)
    assert [fill(["a", 1]), fill(["b", 2])] == ["a=1", "b=2"]


def test_a_width_from_data_is_bounded() -> None:
    assert len(sprintf("%*d", [MAX_SIZE, 1])) == MAX_SIZE
    assert sprintf("%*d", [MAX_SIZE + 1, 1]) == "%!(BADWIDTH)1"


@given(
    st.text(alphabet="%%%#0+- *[]12.dsvqxXTteEfgGbcUé", max_size=12),
    st.lists(
        st.none() | st.booleans() | st.integers(-99, 99) | st.floats() | st.text(max_size=3),
        max_size=4,
    ),
)
def test_nothing_fails(text: str, values: list[Any]) -> None:
    assert isinstance(sprintf(text, values), str)
