r"""The globs of `replace_match`: read as the Collector's library reads them, matched by RE2.

`*` stands for any characters, `/` too, and `?` for one; `[abc]`, `[a-c]` and `[!a-c]` for one of
some, and `{a,b*}` for one of several patterns. `\` takes the meaning from what follows. Beyond its
documentation the library accepts a brace that is not closed, and refuses `[a-cx]` and `[a-]`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from otx.ottl.patterns import InvalidPattern, compile_regex
from otx.ottl.substitution import contains

_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Glob:
    """A glob as a regular expression that the whole text has to match."""

    regex: "re.Pattern[str]"

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        return contains(self.regex, text)


@lru_cache(_REMEMBERED)
def compile_glob(pattern: str) -> Glob:
    """A glob, ready to match.

    Raises:
        InvalidPattern: The Collector would not accept it.
    """
    if "\ufffd" in pattern or any("\udc80" <= c <= "\udcff" for c in pattern):
        raise InvalidPattern(f"{pattern!r} is no glob: it is no UTF-8")
    return Glob(compile_regex(rf"(?s)\A(?:{_Reader(pattern).expression()})\z"))


class _Reader:
    """Reads a glob from its start to its end."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def expression(self) -> str:
        """The glob as a regular expression."""
        out = []
        while self._at < len(self._pattern):
            out.append(self._item())
        out.append(")" * self._depth)
        if len(out) == 2 and out[0].startswith((".", "[^")) and out[0] != ".*":
            out.append("?")  # alone, these match an empty text too
        return "".join(out)

    def _item(self) -> str:
        c = self._next()
        if c == "*":
            return ".*"
        if c == "?":
            return "."
        if c == "[":
            return self._class()
        if c == "{":
            self._depth += 1
            return "(?:"
        if self._depth and c == ",":
            return "|"
        if self._depth and c == "}":
            self._depth -= 1
            return ")"
        if c == "\\":
            c = self._next()
        return _escaped(c)

    def _next(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1 : self._at]

    def _class(self) -> str:
        """What a bracket opens: either one range or single characters."""
        negated = self._pattern[self._at : self._at + 1] == "!"
        self._at += negated
        if self._pattern[self._at + 1 : self._at + 2] == "-":
            low, _, high = self._next(), self._next(), self._next()
            if not high or high < low:
                raise self._error("its range has no end, or one before its start")
            content = f"{_escaped(low)}-{_escaped(high)}"
        else:
            content = self._characters()
        if not content or self._next() != "]":
            raise self._error("] is missing, or nothing stands before it")
        return f"[{'^' if negated else ''}{content}]"

    def _characters(self) -> str:
        out = []
        while self._at < len(self._pattern) and self._pattern[self._at] != "]":
            c = self._next()
            out.append(_escaped(self._next() if c == "\\" else c))
        return "".join(out)

    def _error(self, reason: str) -> InvalidPattern:
        return InvalidPattern(f"{self._pattern!r} is no glob: {reason}")


def _escaped(c: str) -> str:
    """A character that stands for itself, within brackets too."""
    return f"\\x{{{ord(c):x}}}" if c and not c.isalnum() else c
