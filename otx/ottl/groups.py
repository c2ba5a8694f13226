"""The groups of a regular expression in their order, two of one name included.

Go keeps what every group matched, by number; the wrapper of RE2 knows one group a name.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from otx.ottl.go_unicode import valid

_TOKEN = re.compile(
    r"\\Q.*?(?:\\E|\Z)"  # literal text
    r"|\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"  # a class, which may begin with its own bracket
    r"|\(\?P?<(?P<name>\w+)>"
    r"|\(\?"  # flags, or a group that is not kept
    r"|(?P<open>\()",
    re.DOTALL,
)


class Groups:
    """A compiled regular expression and the names of its groups.

    Attributes:
        names: One a group, "" for one without.
    """

    def __init__(self, regex: "re.Pattern[str]") -> None:
        self._regex = regex
        self.names = _names(regex.pattern)

    def find(self, text: str) -> Iterator[tuple[str, str]]:
        """The named groups of the first match with what they matched, "" where they did not."""
        searched = valid(text)
        match = self._regex.search(searched)
        if match is None:
            return
        if searched == text:
            for name, matched in zip(self.names, match.groups(), strict=True):
                if name:
                    yield name, matched or ""
            return
        for number, name in enumerate(self.names, 1):
            if name:
                start, end = match.span(number)
                yield name, text[start:end] if start >= 0 else ""


@lru_cache(1024)
def _names(pattern: str) -> tuple[str, ...]:
    found = []
    for token in _TOKEN.finditer(pattern):
        if token["name"] is not None:
            found.append(token["name"])
        elif token["open"] is not None:
            found.append("")
    return tuple(found)


def without_unnamed(pattern: str) -> str:
    """A pattern whose unnamed groups keep nothing: RE2 takes longer for every group that does."""
    return _TOKEN.sub(lambda token: "(?:" if token["open"] else token.group(), pattern)
