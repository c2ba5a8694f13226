"""Charsets, decoded as the Collector decodes them."""

import pytest

from otx.ottl.charsets import decoder
from otx.ottl.errors import ExecutionError


@pytest.mark.parametrize(
    ("encoding", "octets", "text"),
    [
        ("utf-8", b"a\xc3\xa9\xff", "aé\ufffd"),
        ("us-ascii", b"\xc3\xa9", "é"),
        ("csASCII", b"\xc3", "\ufffd"),
        ("", b"a", "a"),
        (" Latin1 ", b"\xe9", "é"),
        ("nop", b"\xff", "\udcff"),
        # A mark is a character to `utf-16`, and tells the order to `csUTF16`.
        ("utf-16", b"\xff\xfea\0", "\ufeffa"),
        ("csutf16", b"\xff\xfea\0", "a"),
        ("csutf16", b"\0a", "a"),
        ("utf-16be", b"\0a\xd8", "a\ufffd"),
        ("windows-1252", b"\x80\x81", "€\ufffd"),
        ("windows-1255", b"\xca", "\u05ba"),
        ("koi8-u", b"\xae", "ў"),
        # Controls of the upper half are no characters but of two charsets.
        ("iso-8859-2", b"\x80\xa1", "\ufffdĄ"),
        ("iso-8859-1", b"\x80", "\x80"),
        ("IBM1047", b"\xad\xbd\xc1", "[]A"),
        ("shift_jis", b"\x82\xa0", "あ"),
        ("gb18030", b"\xc4\xe3", "你"),
        ("base64", b"YQ\r\n==\n", "a"),
        ("base64", b"YR==", "a"),
        ("base64-raw-url", b"-_8", "\udcfb\udcff"),
        ("base64", b"", ""),
    ],
)
def test_texts(encoding: str, octets: bytes, text: str) -> None:
    assert decoder(encoding)(octets) == text


@pytest.mark.parametrize("encoding", ["utf-7", "cp1252", "BASE64", "UTF8 ", "x-user-defined"])
def test_what_is_no_encoding(encoding: str) -> None:
    with pytest.raises(ExecutionError):
        decoder(encoding)


@pytest.mark.parametrize(
    ("variant", "octets"),
    [
        ("base64", b"YQ"),
        ("base64", b"YQ==x"),
        ("base64", b"Y Q=="),
        ("base64", b"YQ-_"),
        ("base64", b"="),
        ("base64", b"YWI=YWI="),
        ("base64-raw", b"YQ=="),
        ("base64-raw", b"YWJjZ"),
        ("base64-url", b"YQ+/"),
    ],
)
def test_what_is_no_base64(variant: str, octets: bytes) -> None:
    with pytest.raises(ExecutionError):
        decoder(variant)(octets)
