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
        match = self._regex.search(valid(text))
        if match is None:
            return
        for number, name in enumerate(self.names, 1):
            if name:
                start, end = match.span(number)
                yield name, text[start:end] if start >= 0 else ""

    def matches(self, text: str) -> bool:
        """Whether it matches anywhere in a text."""
        return self._regex.search(valid(text)) is not None


@lru_cache(1024)
def _names(pattern: str) -> tuple[str, ...]:
    found = []
    for token in _TOKEN.finditer(pattern):
        if token["name"] is not None:
            found.append(token["name"])
        elif token["open"] is not None:
            found.append("")
    return tuple(found)
