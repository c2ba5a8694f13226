"""Patterns: Go's regular expressions by RE2, and the globs of `replace_match`.

Go's regexp is RE2, so the same engine decides what matches. What differs is the wrapping: Go's
`\\d`, `\\w` and `\\b` are ASCII, and names of groups may be written `(?<name>…)`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import re2

from otx.ottl.errors import ExecutionError

_REMEMBERED = 1024
_NAMED = re.compile(r"(?<!\\)((?:\\\\)*)\(\?<(?![=!])")

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
        compiled: re.Pattern[str] = re2.compile(_NAMED.sub(r"\1(?P<", pattern), re2.ASCII)
    except Exception as error:
        raise InvalidPattern(f"{pattern!r} is no regular expression of Go: {error}") from None
    return compiled


@dataclass(frozen=True, slots=True)
class Glob:
    """A glob as a regular expression that the whole text has to match."""

    regex: "re.Pattern[str]"

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        return self.regex.match(text) is not None


@lru_cache(_REMEMBERED)
def compile_glob(pattern: str) -> Glob:
    r"""A glob: `*` (also across `/`), `?`, `[a-z]`, `[!a]`, `{a,b}`, and `\` before any of them.

    Raises:
        InvalidPattern: A bracket or brace is not closed.
    """
    out = ["(?s:^"]
    depth = 0
    at = 0
    while at < len(pattern):
        c = pattern[at]
        at += 1
        if c == "*":
            out.append(".*")
        elif c == "?":
            out.append(".")
        elif c == "{":
            depth += 1
            out.append("(?:")
        elif c == "}" and depth:
            depth -= 1
            out.append(")")
        elif c == "," and depth:
            out.append("|")
        elif c == "[":
            piece, at = _character_class(pattern, at)
            out.append(piece)
        else:
            if c == "\\" and at < len(pattern):
                c = pattern[at]
                at += 1
            out.append(re2.escape(c))
    if depth:
        raise InvalidPattern(f"{pattern!r} is no glob: }} is missing")
    return Glob(compile_regex("".join([*out, "$)"])))


def _character_class(pattern: str, at: int) -> tuple[str, int]:
    """A bracket's content as a class of a regular expression, and where it ends."""
    end = pattern.find("]", at + 1)
    if end < 0:
        raise InvalidPattern(f"{pattern!r} is no glob: ] is missing")
    content = pattern[at:end]
    negated = content.startswith("!")
    inner = content.removeprefix("!").replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    return f"[{'^' if negated else ''}{inner}]", end + 1
