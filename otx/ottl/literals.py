"""The texts, bytes and numbers of OTTL, as Go reads them."""

from otx.ottl.errors import OttlError
from otx.ottl.syntax import Place

INT_MAX = (1 << 63) - 1

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
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_QUOTED = {text: f"\\{letter}" for letter, text in _SIMPLE.items()}


def unquote(token: str, text: str, start: int) -> str:
    """The value of a text in double quotes (Go's strconv.Unquote).

    `\\xHH` and `\\ooo` are bytes; bytes that are no UTF-8 become surrogate escapes.

    Args:
        token: The literal with its quotes.
        text: The whole statement, for messages.
        start: Where the literal begins in it.

    Raises:
        OttlError: An escape that Go does not have.
    """
    if "\\" not in token:
        return token[1:-1]
    out = bytearray()
    at = 1
    while at < len(token) - 1:
        if token[at] != "\\":
            out += token[at].encode("utf-8", "surrogateescape")
            at += 1
            continue
        piece, width = _escape(token, at, text, start)
        out += piece
        at += width
    return out.decode("utf-8", "surrogateescape")


def _escape(token: str, at: int, text: str, start: int) -> tuple[bytes, int]:
    """The bytes of the escape at `at`, and how many characters it takes."""
    letter = token[at + 1]
    if letter in _SIMPLE:
        return _SIMPLE[letter].encode(), 2
    if letter in _HEX_DIGITS:
        digits = token[at + 2 : at + 2 + _HEX_DIGITS[letter]]
        code = _number(digits, 16, _HEX_DIGITS[letter])
        if code is not None and letter == "x":
            return bytes((code,)), 4
        if code is not None and code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            return chr(code).encode(), 2 + len(digits)
    elif letter in "01234567":
        code = _number(token[at + 1 : at + 4], 8, 3)
        if code is not None and code <= 0xFF:
            return bytes((code,)), 4
    place = Place(start + at, start + at + 2)
    raise OttlError(
        f"unknown escape \\{letter}",
        text,
        place,
        hint=f"a backslash in a text is written twice: \\\\{letter}",
    )


def _number(digits: str, base: int, count: int) -> int | None:
    if len(digits) != count:
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None


def quote(value: str) -> str:
    """A text as a literal: `unquote(quote(x)) == x`."""
    out = []
    for c in value:
        if c in _QUOTED:
            out.append(_QUOTED[c])
        elif 0xDC80 <= ord(c) <= 0xDCFF:
            out.append(f"\\x{ord(c) - 0xDC00:02x}")  # a byte that is no UTF-8
        elif c.isprintable():
            out.append(c)
        else:
            out.append(f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}")
    return '"' + "".join(out) + '"'
