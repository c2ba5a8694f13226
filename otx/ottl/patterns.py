r"""Go's regular expressions, by RE2.

Go's regexp is RE2, so the same engine decides what matches. What differs is the wrapping: Go's
`\d`, `\w` and `\b` are ASCII, names of groups may be written `(?<name>…)`, and the binding reads a
few escapes as Python does.
"""

import re
from functools import lru_cache
from typing import Any, cast

import re2

from otx.ottl.errors import ExecutionError
from otx.ottl.quiet_c import silenced
from otx.ottl.unicode_classes import class_text

_REMEMBERED = 1024
_MAX_BYTES = 64 << 20
"""What one pattern may take: Go compiles some that need more than RE2's own 8 MiB."""
_LARGE = 100_000
"""Characters beyond which a pattern may need more than that."""

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
        translated = _Translation().of(pattern)
        compiled: re.Pattern[str] = re2.compile(translated, re2.ASCII, _MAX_BYTES)
    except Exception as error:
        raise InvalidPattern(f"{pattern!r} is no regular expression of Go: {error}") from None
    return _quiet(compiled) if _size(translated) > _LARGE else compiled


def _size(translated: str) -> int:
    """How long a pattern would be with its repetitions written out."""
    size = len(translated)
    for least, most in _REPETITION.findall(translated):
        size *= max(1, int(most or least))
    return size


def _quiet(compiled: "re.Pattern[str]") -> "re.Pattern[str]":
    """A large pattern: RE2 tells stderr when it goes the slow way for lack of memory."""
    quiet: Any = _Quiet(compiled)
    return cast("re.Pattern[str]", quiet)


class _Quiet:
    """A compiled pattern whose searches are silent."""

    def __init__(self, compiled: "re.Pattern[str]") -> None:
        self._compiled = compiled

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._compiled, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            with silenced():
                result = found(*arguments, **named)
                # What is found as one goes on would be found aloud.
                return iter(list(result)) if name == "finditer" else result

        return call


_REPETITION = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_PIECE = re.compile(
    r"""
    \\Q .*? (?: \\E | \Z )          # quoted
    | \\x\{ [0-9A-Fa-f]{1,6} \}     # by code point
    | \\0 [0-7]{0,2}                # octal
    | \\[pP] (?: \{ [^}]* \} | . )  # a class of Unicode
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
        if piece[1:2] in ("p", "P") and len(piece) > 2:
            return class_text(
                piece[2:].removeprefix("{").removesuffix("}"),
                is_negated=piece[1] == "P",
                is_in_class=self._is_in_class,
            )
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
