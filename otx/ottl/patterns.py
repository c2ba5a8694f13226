r"""Go's regular expressions, by RE2.

Go's regexp is RE2, so the same engine decides what matches. What differs is the wrapping: Go's
`\d`, `\w` and `\b` are ASCII, names of groups may be written `(?<name>…)`, and the binding reads a
few escapes as Python does.
"""

import re
from functools import lru_cache

import re2

from otx.ottl.errors import ExecutionError

_REMEMBERED = 1024

re2.set_fallback_notification(re2.FALLBACK_EXCEPTION)


class InvalidPattern(ExecutionError):
    """A pattern that Go would refuse."""


@lru_cache(_REMEMBERED)
def compile_regex(pattern: str) -> "re.Pattern[str]":
    """A regular expression of Go.

    Raises:
        InvalidPattern: It is none.
    """
    try:
        compiled: re.Pattern[str] = re2.compile(_Translation().of(pattern), re2.ASCII)
    except Exception as error:
        raise InvalidPattern(f"{pattern!r} is no regular expression of Go: {error}") from None
    return compiled


_PIECE = re.compile(
    r"""
    \\Q .*? (?: \\E | \Z )          # quoted
    | \\x\{ [0-9A-Fa-f]{1,6} \}     # by code point
    | \\0 [0-7]{0,2}                # octal
    | \\ .?
    | \[: \^? [a-z]+ :\]            # a class in a class
    | \[ \^? \]?
    | \]
    | \(\?< (?![=!])
    """,
    re.DOTALL | re.VERBOSE,
)
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


class _Translation:
    """A pattern in Go's words as one in the binding's."""

    def __init__(self) -> None:
        self._is_in_class = False

    def of(self, pattern: str) -> str:
        """The pattern, translated.

        Raises:
            ValueError: Go refuses what the binding accepts.
        """
        return _PIECE.sub(self._piece, pattern)

    def _piece(self, match: "re.Match[str]") -> str:
        piece = match.group()
        if piece.startswith("\\"):
            return self._escape(piece)
        if piece.startswith("[") and not piece.startswith("[:"):
            self._is_in_class = True
        elif piece == "]":
            self._is_in_class = False
        elif piece == "(?<" and not self._is_in_class:
            return "(?P<"
        return piece

    def _escape(self, piece: str) -> str:
        if piece.startswith("\\Q") and not self._is_in_class:
            return _quoted(piece[2:].removesuffix("\\E"))
        if piece.startswith("\\x{"):
            number = int(piece[3:-1], 16)
            return f"\\x{number:02x}" if number < 0x80 else chr(number)
        if piece.startswith("\\0"):
            return f"\\x{int(piece[1:], 8):02x}"
        if piece in ("\\", "\\Z", "\\C") or (piece == "\\b" and self._is_in_class):
            raise ValueError(f"invalid escape {piece}")
        return piece


def _quoted(text: str) -> str:
    r"""Quoted text without its quotes: the binding looks into them, and takes `\1` for a reference.

    The first character is written by number, so that it cannot complete what stands before.
    """
    first, rest = text[:1], text[1:]
    start = f"\\x{ord(first):02x}" if first and first.isascii() else first
    return start + _SPECIAL.sub(r"\\\g<0>", rest)
