"""JSON text: parsed as it is, or told where it is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.json_text import (
    InvalidText,
    is_empty_object,
    is_utf8,
    other_encoding,
    parse_text,
)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"a": x}', "at column 7"),
        (b'{"a": x}\n', "at column 7"),
        (b'{"a":\n  x}', "at line 2 column 3"),
        ('{"é": "é" x}'.encode(), "at column 11"),
        (b'{"a": "\xff"}', "byte 0xff is no UTF-8, at column 8"),
        ('{"é":\n "é'.encode() + b'\xc3\x28"}', "byte 0xc3 is no UTF-8, at line 2 column 4"),
        (b'{"a": "\xed\xa0\x80"}', "byte 0xed is no UTF-8, at column 8"),
    ],
)
def test_what_is_no_json_has_a_place(data: bytes, place: str) -> None:
    with pytest.raises(InvalidText) as caught:
        parse_text(data)
    assert str(caught.value).endswith(place)


@given(st.binary(max_size=40))
def test_any_bytes_are_parsed_or_told(data: bytes) -> None:
    try:
        parse_text(data)
    except InvalidText as error:
        assert "at " in str(error)
    else:
        assert is_utf8(data)


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1))
def test_ascii_in_two_bytes_each_is_found(document: dict[str, int]) -> None:
    text = json.dumps(document)
    assert other_encoding(text.encode()[:64]) == ""
    for encoding, name in (("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE")):
        assert other_encoding(text.encode(encoding)[:64]) == name
    assert other_encoding(text.encode("utf-16")[:64]) == "UTF-16"


@pytest.mark.parametrize("head", [b"\x00\x7b\x00\x22 a record", b"\x00{\x00", b"", b"\x0a\x00"])
def test_lengths_are_not_taken_for_utf16(head: bytes) -> None:
    assert other_encoding(head) == ""


def test_an_empty_object_is_one_however_it_is_spaced() -> None:
    assert all(map(is_empty_object, (b"{}", b" {\t}\r\n")))
    assert not any(map(is_empty_object, (b"[]", b"{", b'{"a":1}', b"", b"{}{}")))
