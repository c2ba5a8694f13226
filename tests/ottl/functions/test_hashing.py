"""Hashes, by digests that other programs gave."""

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate

SHA512_OF_NOTHING = (
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
)
NAMES = (
    "FNV",
    "MD5",
    "SHA1",
    "SHA256",
    "SHA512",
    "Murmur3Hash",
    "Murmur3Hash128",
    "XXH3",
    "XXH128",
)


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ('FNV("hello world")', 8618312879776256743),
        ('FNV("")', -3750763034362895579),
        ('MD5("pass")', "1a1dc91c907325c69271ddf0c944bc72"),
        ('SHA1("pass")', "9d4e1e23bd5b727046a9e3b4b7db57bd8d6ee684"),
        ('SHA256("héllo")', "3c48591d8d098a4538f5e013dfcf406e948eac4d3277b10bf614e295d6068179"),
        ('SHA512("")', SHA512_OF_NOTHING),
        ('Murmur3Hash("Hello World")', "ce837619"),
        ('Murmur3Hash128("Hello World")', "dbc2a0c1ab26631a27b4c09fcf1fe683"),
        ('XXH3("hello world")', "d447b1ea40e6988b"),
        ('XXH128("hello world")', "df8d09e93f874900a99b8775cc15b6c7"),
        # Bytes that are no UTF-8 are hashed as they are.
        ('FNV(Decode(0x61ff, "nop"))', 620310408636712809),
    ],
)
def test_digests(evaluate: Evaluate, text: str, digest: object) -> None:
    assert evaluate(text) == digest


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("argument", ["5", "nil", "0x01", 'attributes["missing"]'])
def test_nothing_but_a_string_is_hashed(evaluate: Evaluate, name: str, argument: str) -> None:
    with pytest.raises((OttlError, ExecutionError)):
        evaluate(f"{name}({argument})")
