"""Functions on text: what Go's packages and the reference's library of cases make of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.text import substring, to_camel_case, to_snake_case
from tests.ottl import log_record
from tests.ottl.log_record import Evaluate

DATA = {
    "s": "text",
    "i": 7,
    "d": 1e-7,
    "b": True,
    "by": b"\x01\x02\xff",
    "e": None,
    "l": ["a", 2, None, b"\x01", {"<": 1}, 1e-7],
    "m": {"k": "v"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Concat(["a", 1, 1.5, true, nil, 0x01ff], "-")', "a-1-1.5-true-<nil>-01ff"),
        ('Concat([{"a": "<"}, [1, "x"]], "|")', '{"a":"\\u003c"}|[1,"x"]'),
        ('Concat([], ",")', ""),
        ('Concat([attributes["missing"], "b"], attributes["s"])', "<nil>textb"),
        # Elements of a list from a record are shown as OTLP shows them.
        ('Concat(attributes["l"], ",")', 'a,2,,AQ==,{"<":1},1e-7'),
        ('Concat(attributes["missing"], ",")', ""),
        ('Concat(attributes["by"], ",")', "1,2,255"),
        ('Concat(Split("a b", " "), "+")', "a+b"),
        ('ToLowerCase("ΑΣ İI")', "ασ ii"),
        ('ToUpperCase("straße ŉ ǆ ﬁ ᾳ")', "STRAßE ŉ Ǆ ﬁ ᾼ"),
        ('ToSnakeCase("CPUUtilizationMetric")', "cpu_utilization_metric"),
        ('ToSnakeCase(" http2Server-x y.Z ")', "http_2_server_x_y_z"),
        ('ToSnakeCase("éA")', "éa"),
        ('ToCamelCase("foo_bar-baz.qux 9x")', "FooBarBazQux9X"),
        ('ToCamelCase("HTTPServer")', "Httpserver"),
        ('ToCamelCase("aBC")', "ABc"),
        ('ToCamelCase("x_éy/z")', "Xyz"),
        ('ToCamelCase("")', ""),
        ('ConvertCase("aB", "upper")', "AB"),
        ('ConvertCase("aB", "lower")', "ab"),
        ('ConvertCase("aB", "snake")', "a_b"),
        ('ConvertCase("a_b", "camel")', "AB"),
        ('ConvertCase(target="a", toCase="upper")', "A"),
        (
            'Format("%s|%5d|%-5d|%05.1f|%x|%q", ["a", 42, 42, 2.25, 255, "q"])',
            'a|   42|42   |002.2|ff|"q"',
        ),
        ('Format("%d %s", ["x"])', "%!d(string=x) %!s(MISSING)"),
        ('Format("a", ["x", nil])', "a%!(EXTRA string=x, <nil>)"),
        ('Format("%v", [attributes["m"]])', "map[k:v]"),
        ('Format("%v", [attributes["missing"]])', "<nil>"),
        ('Format("%v", [Duration("90s")])', "1m30s"),
        ('HasPrefix("abc", "")', True),
        ('HasPrefix(attributes["s"], "te")', True),
        ('HasSuffix("abc", "bd")', False),
        ('Index("héllo", "l")', 3),
        ('Index("abc", "")', 0),
        ('Index("abc", "x")', -1),
        ('Index(attributes["l"], 2.0)', 1),
        ('Index(attributes["l"], nil)', 2),
        ('Index(attributes["l"], {"<": 1})', 4),
        ('Index(attributes["l"], "x")', -1),
        ("Index([[1], [2]], [2])", 1),
        ('Index(Split("a,b", ","), "b")', 1),
        ('Len("日本")', 6),
        ('Len("")', 0),
        ('Len(attributes["l"])', 6),
        ('Len(attributes["m"])', 1),
        ('Len(attributes["by"])', 3),
        ('Split("a|b||c", "|")', ["a", "b", "", "c"]),
        ('Split("", "|")', [""]),
        ('Split("", "")', []),
        ('Split("héé", "")', ["h", "é", "é"]),
        ('Split("a, b", ", ")[1]', "b"),
        ("String(1.0)", "1"),
        ('String(attributes["d"])', "1e-07"),
        ('String(attributes["by"])', "0102ff"),
        ("String([1, 0x0102, nil])", '[1,"AQI=",null]'),
        ('String({"a!": 1, "a": "<"})', '{"a!":1,"a":"\\u003c"}'),
        ('String(Duration("1s"))', "1000000000"),
        ("String(nil)", None),
        ('Substring("pass", 0, 2)', "pa"),
        ('Substring("héllo", 1, 2)', "é"),
        ('Substring("héllo", 0, 2)', "h\udcc3"),
        ('Substring("héllo", 0, 2, true)', "h"),
        ('Substring("héllo", 2, 2, true)', "l"),
        ('Substring("日本", 1, 1, utf8_safe=true)', ""),
        ('Substring("日本", 1, 5, true)', "本"),
        ('Trim("  a b ")', "a b"),
        ('Trim("\\ta ")', "\ta"),
        ('Trim("éaé", "é")', "a"),
        ('Trim("abcba", "ab")', "c"),
        ('Trim("xax", "")', "xax"),
        ('TrimPrefix("aab", "a")', "ab"),
        ('TrimPrefix("b", "a")', "b"),
        ('TrimSuffix("abb", "b")', "ab"),
    ],
)
def test_value(evaluate: Evaluate, text: str, value: Any) -> None:
    assert evaluate(text, DATA) == value


@pytest.mark.parametrize(
    "text",
    [
        'Concat("a", "b")',
        'Concat(attributes["s"], ",")',
        'Concat(attributes["m"], ",")',
        'Concat(["a"], attributes["i"])',
        'ToLowerCase(attributes["i"])',
        'ToSnakeCase(attributes["missing"])',
        'ConvertCase(attributes["e"], "upper")',
        'HasPrefix(attributes["missing"], "x")',
        'HasSuffix("x", attributes["by"])',
        'Index("abc", attributes["i"])',
        'Index(attributes["i"], 1)',
        'Index(attributes["missing"], 1)',
        # The Collector takes no list literal with maps apart.
        'Index([{"a": 1}], 1)',
        "Len(1)",
        'Len(attributes["missing"])',
        "Len(trace_id)",
        'Split(attributes["i"], ",")',
        'String(Double("NaN"))',
        'Substring("abc", -1, 2)',
        'Substring("abc", 0, 0)',
        'Substring("abc", 3, 1)',
        'Substring("abc", 1, 9223372036854775807)',
        'Substring(attributes["missing"], 0, 1)',
        'Trim(attributes["by"])',
        'TrimPrefix("a", attributes["missing"])',
    ],
)
def test_fails_on_a_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    "text",
    [
        'Concat(["a"])',
        'ConvertCase("a", "kebab")',
        'ConvertCase("a", attributes["s"])',
        'Format(attributes["s"], [])',
        'Format("%v", attributes["l"])',
        "ToUpperCase(5)",
        'TrimSuffix(nil, "a")',
        'Substring("a", "0", 1)',
        'Substring("a", 0, 1, utf8_safe=attributes["b"])',
        'Trim("a", attributes["s"])',
    ],
)
def test_refused(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text, DATA)


@given(st.text(max_size=20), st.integers(0, 30), st.integers(1, 30))
def test_a_safe_substring_is_text_and_part_of_the_unsafe_one(
    text: str, start: int, length: int
) -> None:
    size = len(text.encode())
    if start + length > size:
        with pytest.raises(ExecutionError):
            substring(text, start, length)
        return
    octets = text.encode()[start : start + length]
    assert substring(text, start, length).encode("utf-8", "surrogateescape") == octets
    assert substring(text, start, length, True).encode() in octets


@given(st.text(alphabet="aZ9_-. é", max_size=12))
def test_snake_case_has_no_capitals_and_camel_case_no_separators(text: str) -> None:
    assert not set(to_snake_case(text)) & set("Z-. ")
    assert set(to_camel_case(text)) <= set("aAzZ9")


def test_examples_hold_for_stray_bytes() -> None:
    assert log_record.evaluate('ToUpperCase(attributes["s"])', {"s": "a\udcff"}) == "A\ufffd"
