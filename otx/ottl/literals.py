"""The texts of OTTL in their quotes."""

import re

from otx.ottl.errors import OttlError
from otx.ottl.go_unicode import valid
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

    `\xHH` and `\ooo` are characters, not bytes as in Go: the Collector's parser has it so.

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
    out: list[str] = []
    at = 1
    while at < len(token) - 1:
        backslash = token.find("\\", at, -1)
        if backslash < 0:
            break
        character, width = _escape(token, backslash, text, start)
        out += (token[at:backslash], character)
        at = backslash + width
    return "".join([*out, token[at:-1]])


def _escape(token: str, at: int, text: str, start: int) -> tuple[str, int]:
    """The character of the escape at `at`, and how many characters it takes."""
    letter = token[at + 1]
    if letter in _SIMPLE:
        return _SIMPLE[letter], 2
    found = _NUMBERED.match(token, at)
    if found:
        code = int(found["octal"], 8) if found["octal"] else int(found[0][2:], 16)
        limit = 0xFF if found["octal"] else 0x10FFFF
        if code <= limit and not 0xD800 <= code <= 0xDFFF:
            return chr(code), found.end() - at
    place = Place(start + at, start + at + 2)
    raise OttlError(
        f"unknown escape \\{letter}",
        text,
        place,
        hint=f"a backslash in a text is written twice: \\\\{letter}",
    )


def quote(value: str) -> str:
    """A text as a literal: `unquote(quote(x)) == x`, unless a byte of it is no UTF-8."""
    out = []
    for c in valid(value):
        if c in _QUOTED:
            out.append(_QUOTED[c])
        elif c.isprintable():
            out.append(c)
        else:
            out.append(f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}")
    return '"' + "".join(out) + '"'
