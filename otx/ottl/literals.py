"""The texts of OTTL in their quotes."""

import re

from otx.ottl.errors import OttlError
from otx.ottl.go_unicode import is_stray_byte, valid
from otx.ottl.syntax import Place

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
}
_NUMBERED = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|(?P<octal>[0-7]{3}))")
_QUOTED = {text: f"\\{letter}" for letter, text in _SIMPLE.items()}


def unquote(token: str, text: str, start: int) -> str:
    r"""The value of a text in double quotes, with the escapes of Go.

    `\xHH` and `\ooo` are bytes, as in Go; what is no UTF-8 becomes surrogate escapes. The
    Collector's parser makes a character of each, and so has no way to write the texts that
    `sanitize_utf8` mends.

    Args:
        token: The literal with its quotes.
        text: The whole statement, for messages.
        start: Where the literal begins in it.

    Raises:
        OttlError: An escape that Go does not have.
    """
    token = valid(token)
    if "\\" not in token:
        return token[1:-1]
    out = bytearray()
    at = 1
    while (backslash := token.find("\\", at, -1)) >= 0:
        octets, width = _escape(token, backslash, text, start)
        out += token[at:backslash].encode() + octets
        at = backslash + width
    out += token[at:-1].encode()
    return out.decode("utf-8", "surrogateescape")


def _escape(token: str, at: int, text: str, start: int) -> tuple[bytes, int]:
    """The bytes of the escape at `at`, and how many characters it takes."""
    letter = token[at + 1]
    if letter in _SIMPLE:
        return _SIMPLE[letter].encode(), 2
    found = _NUMBERED.match(token, at)
    if found:
        code = int(found["octal"], 8) if found["octal"] else int(found[0][2:], 16)
        if letter not in "uU" and code <= 0xFF:
            return bytes((code,)), found.end() - at
        if letter in "uU" and code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            return chr(code).encode(), found.end() - at
    place = Place(start + at, start + at + 2)
    raise OttlError(
        f"unknown escape \\{letter}",
        text,
        place,
        hint=f"a backslash in a text is written twice: \\\\{letter}",
    )


def quote(value: str) -> str:
    """A text as a literal: `unquote(quote(x)) == x`."""
    out = []
    for c in value:
        if c in _QUOTED:
            out.append(_QUOTED[c])
        elif is_stray_byte(c):
            out.append(f"\\x{ord(c) - 0xDC00:02x}")
        elif c.isprintable():
            out.append(c)
        else:
            out.append(f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}")
    return '"' + "".join(out) + '"'
