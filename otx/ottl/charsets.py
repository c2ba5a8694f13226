"""Charsets by the names that IANA registered, decoded as the Collector decodes them.

What is no character of a charset becomes U+FFFD; nothing fails. Only base64 can.
"""

import base64
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TypeAlias

from otx.ottl.errors import ExecutionError

Decoder: TypeAlias = Callable[[bytes], str]

BASE64_VARIANTS = ("base64", "base64-raw", "base64-url", "base64-raw-url")

_IBM1047 = {0x5F: "^", 0xAD: "[", 0xB0: "¬", 0xBA: "Ý", 0xBB: "¨", 0xBD: "]"}
_FIXES: Mapping[str, Mapping[int, str]] = {
    "koi8_u": {0xAE: "ў", 0xBE: "Ў"},
    "cp1255": {0xCA: "\u05ba"},
}
"""Where a table of Python's differs from the Collector's."""

_NAMES = """
ascii: ansi_x3.4-1968 ansi_x3.4-1986 cp367 csascii ibm367 iso-ir-6 iso646-us us us-ascii
ascii: iso_646.irv:1991
iso8859_1: cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso_8859-1 iso_8859-1:1987 l1 latin1
iso8859_2: csisolatin2 iso-8859-2 iso-ir-101 iso_8859-2 iso_8859-2:1987 l2 latin2
iso8859_3: csisolatin3 iso-8859-3 iso-ir-109 iso_8859-3 iso_8859-3:1988 l3 latin3
iso8859_4: csisolatin4 iso-8859-4 iso-ir-110 iso_8859-4 iso_8859-4:1988 l4 latin4
iso8859_5: csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso_8859-5 iso_8859-5:1988
iso8859_6: arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6
iso8859_6: iso-8859-6-e iso-8859-6-i iso-ir-127 iso_8859-6 iso_8859-6-e iso_8859-6-i
iso8859_6: iso_8859-6:1987
iso8859_7: csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso_8859-7
iso8859_7: iso_8859-7:1987
iso8859_8: csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i
iso8859_8: iso-ir-138 iso_8859-8 iso_8859-8-e iso_8859-8-i iso_8859-8:1988
iso8859_9: csisolatin5 iso-8859-9 iso-ir-148 iso_8859-9 iso_8859-9:1989 l5 latin5
iso8859_10: csisolatin6 iso-8859-10 iso-ir-157 iso_8859-10:1992 l6 latin6
cp932: csshiftjis ms_kanji shift_jis
euc_jp: cseucpkdfmtjapanese euc-jp extended_unix_code_packed_format_for_japanese
cp949: cseuckr euc-kr
iso2022_jp: csiso2022jp iso-2022-jp
utf-8: csutf8 utf-8
iso8859_13: csiso885913 iso-8859-13
iso8859_14: csiso885914 iso-8859-14 iso-celtic iso-ir-199 iso_8859-14 iso_8859-14:1998 l8 latin8
iso8859_15: csiso885915 iso-8859-15 iso_8859-15 latin-9
iso8859_16: csiso885916 iso-8859-16 iso-ir-226 iso_8859-16 iso_8859-16:2001 l10 latin10
gb18030: cp936 csgb18030 csgbk gb18030 gbk ms936 windows-936
utf-16-be: csutf16be utf-16be
utf-16-le: csutf16le utf-16le
utf-16: csutf16 utf-16
cp850: 850 cp850 cspc850multilingual ibm850
cp862: 862 cp862 cspc862latinhebrew ibm862
big5hkscs: big5 csbig5
mac_roman: csmacintosh mac macintosh
cp037: cp037 csibm037 ebcdic-cp-ca ebcdic-cp-nl ebcdic-cp-us ebcdic-cp-wt ibm037
cp437: 437 cp437 cspc8codepage437 ibm437
cp852: 852 cp852 cspcp852 ibm852
cp855: 855 cp855 csibm855 ibm855
cp860: 860 cp860 csibm860 ibm860
cp863: 863 cp863 csibm863 ibm863
cp865: 865 cp865 csibm865 ibm865
koi8_r: cskoi8r koi8-r
hz: hz-gb-2312
cp866: 866 cp866 csibm866 ibm866
koi8_u: cskoi8u koi8-u
cp858: ccsid00858 cp00858 csibm00858 ibm00858 pc-multilingual-850+euro
cp1140: ccsid01140 cp01140 csibm01140 ebcdic-us-37+euro ibm01140
ibm1047: csibm1047 ibm-1047 ibm1047
cp874: cswindows874 windows-874
cp1250: cswindows1250 windows-1250
cp1251: cswindows1251 windows-1251
cp1252: cswindows1252 windows-1252
cp1253: cswindows1253 windows-1253
cp1254: cswindows1254 windows-1254
cp1255: cswindows1255 windows-1255
cp1256: cswindows1256 windows-1256
cp1257: cswindows1257 windows-1257
cp1258: cswindows1258 windows-1258
"""
"""Codecs of Python, and the names of their charsets."""

_OWN_NAMES: Mapping[str, str] = {
    "": "utf-8",
    "ascii": "utf-8",
    "nop": "raw",
    "us-ascii": "utf-8",
    "utf-16": "utf-16-le",
    "utf-8": "utf-8",
    "utf-8-raw": "raw",
    "utf16": "utf-16-le",
    "utf8": "utf-8",
    "utf8-raw": "raw",
}
"""Names that the Collector takes otherwise than IANA: `utf-16` is little-endian, and a byte order
mark in it a character."""


@lru_cache(64)
def decoder(encoding: str) -> Decoder:
    """What decodes an encoding: a base64 variant or a charset.

    Raises:
        ExecutionError: There is none of that name.
    """
    if encoding in BASE64_VARIANTS:
        return _base64_decoder(encoding)
    codec = _OWN_NAMES.get(encoding.lower()) or _codecs().get(encoding.strip().lower())
    if codec is None:
        raise ExecutionError(f"{encoding!r} is neither a base64 variant nor a known charset")
    if codec == "raw":
        return _raw
    if codec == "utf-16":
        return _decode_marked_utf16
    table = _table(codec)
    if table is not None:
        return lambda octets: octets.decode("latin-1").translate(table)
    return lambda octets: octets.decode(codec, "replace")


@cache
def _codecs() -> Mapping[str, str]:
    known = {}
    for line in _NAMES.split("\n"):
        codec, _, names = line.partition(":")
        known.update(dict.fromkeys(names.split(), codec))
    return known


def _raw(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def _decode_marked_utf16(octets: bytes) -> str:
    """UTF-16 in the order that its mark tells, big-endian without one."""
    if octets.startswith(b"\xff\xfe"):
        return octets[2:].decode("utf-16-le", "replace")
    return octets.removeprefix(b"\xfe\xff").decode("utf-16-be", "replace")


def _table(codec: str) -> Mapping[int, str] | None:
    """All characters of a charset, where Python's codec will not do."""
    if codec == "ibm1047":
        return _with(codec="cp037", fixes=_IBM1047)
    if codec in _FIXES:
        return _with(codec=codec, fixes=_FIXES[codec])
    if codec.startswith("iso8859_") and codec not in ("iso8859_1", "iso8859_9"):
        return _with(codec=codec, fixes=dict.fromkeys(range(0x80, 0xA0), "\ufffd"))
    return None


def _with(codec: str, fixes: Mapping[int, str]) -> Mapping[int, str]:
    characters = dict(enumerate(bytes(range(256)).decode(codec, "replace")))
    return {**characters, **fixes}


def _base64_decoder(variant: str) -> Decoder:
    """A decoder that takes what Go's takes: line breaks anywhere, and unused bits of any value."""
    letters = "[A-Za-z0-9_-]" if variant.endswith("url") else "[A-Za-z0-9+/]"
    ending = f"{letters}{{2,3}}" if "raw" in variant else f"{letters}{{2}}==|{letters}{{3}}="
    shape = re.compile(f"(?:{letters}{{4}})*(?:{ending})?".encode())
    to_standard = bytes.maketrans(b"-_", b"+/")

    def decode(octets: bytes) -> str:
        octets = octets.translate(None, b"\r\n")
        if not shape.fullmatch(octets):
            raise ExecutionError(f"this is no {variant}")
        padded = octets.translate(to_standard) + b"=" * (-len(octets) % 4)
        return _raw(base64.b64decode(padded))

    return decode
