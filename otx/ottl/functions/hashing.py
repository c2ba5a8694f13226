"""Hashes of texts, as hexadecimal digits or, for FNV, a number.

A text is hashed by its bytes, those that are no UTF-8 included.
"""

import hashlib
from functools import cache
from types import ModuleType

from otx.ottl.functions.registry import Example, converter
from otx.ottl.parameters import Text
from otx.ottl.values import wrap_int64

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_UINT64 = (1 << 64) - 1


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@converter("FNV", example=Example('FNV("hello world")', "8618312879776256743"))
def fnv(target: Text) -> int:
    """The FNV-1a hash of a text with 64 bits, as a signed number."""
    number = _FNV_OFFSET
    for octet in _octets(target):
        number = (number ^ octet) * _FNV_PRIME & _UINT64
    return wrap_int64(number)


@converter("MD5", example=Example('MD5("pass")', '"1a1dc91c907325c69271ddf0c944bc72"'))
def md5(target: Text) -> str:
    """The MD5 hash of a text."""
    return hashlib.md5(_octets(target), usedforsecurity=False).hexdigest()


@converter("SHA1", example=Example('SHA1("pass")', '"9d4e1e23bd5b727046a9e3b4b7db57bd8d6ee684"'))
def sha1(target: Text) -> str:
    """The SHA-1 hash of a text."""
    return hashlib.sha1(_octets(target), usedforsecurity=False).hexdigest()


@converter(
    "SHA256",
    example=Example(
        'SHA256("pass")', '"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1"'
    ),
)
def sha256(target: Text) -> str:
    """The SHA-256 hash of a text."""
    return hashlib.sha256(_octets(target)).hexdigest()


@converter("SHA512", example=Example('Len(SHA512("pass"))', "128"))
def sha512(target: Text) -> str:
    """The SHA-512 hash of a text."""
    return hashlib.sha512(_octets(target)).hexdigest()


@converter(
    "Murmur3Hash", since="0.129", example=Example('Murmur3Hash("Hello World")', '"ce837619"')
)
def murmur3_hash(target: Text) -> str:
    """The MurmurHash3 of a text with 32 bits, its lowest byte first."""
    number: int = _mmh3().hash(_octets(target), signed=False)
    return number.to_bytes(4, "little").hex()


@converter(
    "Murmur3Hash128",
    since="0.129",
    example=Example('Murmur3Hash128("Hello World")', '"dbc2a0c1ab26631a27b4c09fcf1fe683"'),
)
def murmur3_hash128(target: Text) -> str:
    """The MurmurHash3 of a text with 128 bits, each half with its lowest byte first."""
    digest: bytes = _mmh3().hash_bytes(_octets(target), x64arch=True)
    return digest.hex()


@converter("XXH3", since="0.135", example=Example('XXH3("hello world")', '"d447b1ea40e6988b"'))
def xxh3(target: Text) -> str:
    """The XXH3 hash of a text with 64 bits."""
    digest: str = _xxhash().xxh3_64_hexdigest(_octets(target))
    return digest


@converter(
    "XXH128",
    since="0.135",
    example=Example('XXH128("hello world")', '"df8d09e93f874900a99b8775cc15b6c7"'),
)
def xxh128(target: Text) -> str:
    """The XXH3 hash of a text with 128 bits."""
    digest: str = _xxhash().xxh3_128_hexdigest(_octets(target))
    return digest


@cache
def _mmh3() -> ModuleType:
    import mmh3  # 2 ms, for two functions

    return mmh3


@cache
def _xxhash() -> ModuleType:
    import xxhash  # 3 ms, for two functions

    return xxhash
