"""Texts in their quotes, and numbers, as the Collector's parser reads them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import OttlError
from otx.ottl.literals import quote, unquote
from tests.ottl.log_record import evaluate


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('""', ""),
        ('"é\n"', "é\n"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\x41\x7f\101"', "A\x7fA"),
        (r'"\u00e9\U0001F600"', "é😀"),
        # Unlike in Go these are characters, not bytes.
        (r'"\xff\377"', "\udcff\udcff"),
        (r'"\xc3\xa9\303\251"', "éé"),
        (r'"\\d\\"', "\\d\\"),
    ],
)
def test_texts(literal: str, value: str) -> None:
    assert unquote(literal, literal, 0) == value


@pytest.mark.parametrize(
    "escape",
    [
        r"\d",
        r"\'",
        r"\e",
        r"\0",
        r"\08a",
        r"\400",
        r"\x4",
        r"\x+f",
        r"\x_1",
        r"\u123",
        r"\u00_1",
        r"\uD800",
        r"\U00110000",
        "\\\n",
        r"\٣٣٣",
        r"\q",
    ],
)
def test_no_escapes(escape: str) -> None:
    text = f'set(attributes["a"], "x{escape}y")'
    with pytest.raises(OttlError) as found:
        unquote(f'"x{escape}y"', text, text.index('"x'))
    place = found.value.place
    assert text[place.start : place.end] == escape[:2]


def test_a_stray_byte_in_a_statement_is_replaced() -> None:
    assert unquote('"a\udcff"', "", 0) == "a\ufffd"


@given(st.text(max_size=20))
def test_quoting_is_undone(value: str) -> None:
    literal = quote(value)
    assert literal.isprintable()
    assert unquote(literal, literal, 0) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("00", 0),
        ("0777", 511),
        ("9223372036854775807", 9223372036854775807),
        ("-9", -9),
        ("- 9", -9),
        ("+9", 9),
        ("1.5", 1.5),
        ("01.5", 1.5),
        (".5", 0.5),
        ("3.", 3.0),
        ("1.5e3", 1500.0),
        ("1.e3", 1000.0),
        ("2.5E-1", 0.25),
        ("0.1e-400", 0.0),
        ("0xdeadBEEF", bytes.fromhex("deadbeef")),
        ("true", True),
        ("nil", None),
        ("[1, [nil], {}]", [1, [None], {}]),
        ('{"a": {"b": [1.0]}, "c": nil,}', {"a": {"b": [1.0]}, "c": None}),
    ],
)
def test_values(text: str, value: Any) -> None:
    got = evaluate(text)
    assert (type(got), got) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        "08",
        "9223372036854775808",
        "1e5",
        "1.5e",
        "1.5e400",
        "1_000",
        "0x",
        "0x123",
        "0xzz",
        "--5",
        "TRUE",
        "Nil",
        "'a'",
        "[1,]",
        "[1 2]",
        '{"a" 1}',
        "{a: 1}",
        "1.5.2",
    ],
)
def test_no_values(text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text)
