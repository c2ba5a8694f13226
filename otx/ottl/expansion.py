"""Variables in a configuration, as the Collector's confmap expands them.

`${…}` names a provider and what it is asked for; without a provider it is the environment's. The
innermost reference is expanded first, what comes of it is expanded again, and at the very end `$$`
becomes `$`. A text that is one reference becomes what YAML reads in the value (a list, a number),
but stays the value's own text where a text is wanted.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from otx.model.frozen import Frozen

MAX_EXPANSIONS = 1000
"""The Collector gives up after as many."""

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(.*)\Z", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_ELSEWHERE = ("file", "http", "https")
"""Providers that a Collector has and otx does not ask."""


class CannotExpand(Exception):
    """A reference that would keep a Collector from starting."""


class Value(Frozen):
    """What a reference stands for.

    Attributes:
        text: As a text.
        data: As YAML reads it; the text where that is no YAML.
    """

    text: str
    data: Any


class Located(Frozen):
    """A text and where each of its characters stands in a source."""

    text: str
    places: list[int]

    def replaced(self, old: str, new: str) -> "Located":
        """With every occurrence of a text replaced by another, which stands where that began."""
        text, places, at = [], [], 0
        while (found := self.text.find(old, at)) >= 0:
            text += [self.text[at:found], new]
            places += self.places[at:found] + [self.places[found]] * len(new)
            at = found + len(old)
        return Located("".join((*text, self.text[at:])), places + self.places[at:])


class Variables:
    """What references are looked up in."""

    def __init__(
        self,
        environment: Mapping[str, str],
        read_yaml: Callable[[str], Any],
        warn: Callable[[str], None],
    ) -> None:
        """Look up in an environment.

        Args:
            environment: The variables.
            read_yaml: Reads a value; raises ValueError for what is no YAML.
            warn: Is told of what is not set or not read.
        """
        self._environment = environment
        self._read_yaml = read_yaml
        self._warn = warn

    def expand(self, located: Located) -> Located | Value:
        """A text with its references expanded, or what it stands for as a whole.

        `$$` is left, for whoever has expanded what is in the value: see `unescaped`.

        Raises:
            CannotExpand: A Collector would not start.
        """
        unread: set[str] = set()
        for _ in range(MAX_EXPANSIONS):
            reference = find_reference(located.text, unread)
            if not reference:
                return located
            value = self._value(reference)
            if value is None:
                unread.add(reference)
            elif reference == located.text and not isinstance(value.data, str):
                return value
            else:
                located = located.replaced(reference, value.text)
        raise CannotExpand("too many expansions: does a variable refer to itself?")

    def _value(self, reference: str) -> Value | None:
        """What a reference stands for; None where it is not read here."""
        uri = reference[2:-1]
        found = _URI.match(uri if ":" in uri else f"env:{uri}")
        if found is None:
            raise CannotExpand(f"{reference} is no reference: write ${{env:NAME}}")
        scheme, asked = found.groups()
        if "$" in asked:
            raise CannotExpand(f"{reference}: a $ cannot stand in a reference")
        if scheme == "env":
            return self._of_environment(reference, asked)
        if scheme == "yaml":
            return self._of_text(asked)
        if scheme in _ELSEWHERE:
            self._warn(f"{reference} is not read here")
            return None
        raise CannotExpand(f"{reference}: there is no provider {scheme!r}; write ${{env:NAME}}")

    def _of_environment(self, reference: str, asked: str) -> Value:
        name, has_default, default = asked.partition(":-")
        if not _NAME.match(name):
            raise CannotExpand(f"{reference}: {name!r} cannot be the name of a variable")
        text = self._environment.get(name)
        if text is None and has_default:
            return Value("", "") if not default else self._of_text(default)
        if text is None:
            self._warn(f"{name} is not set: it becomes empty text")
        return self._of_text(text or "")

    def _of_text(self, text: str) -> Value:
        try:
            data = self._read_yaml(text)
        except ValueError:
            data = text
        # A quoted text keeps its quotes: the value is used as it is written.
        return Value(text, text if isinstance(data, str) else data)


def find_reference(text: str, unread: Collection[str] = ()) -> str:
    """The reference that is expanded first: the innermost of the first; "" for none.

    One that has an odd number of `$` before it is escaped.

    Args:
        text: Where to look.
        unread: References that are left as they are.
    """
    begin = 0
    while (end := text.find("}", begin)) >= 0:
        start = text.rfind("${", begin, end)
        if start >= 0:
            dollars = start - len(text[begin:start].rstrip("$")) - begin
            reference = text[start : end + 1]
            if dollars % 2 == 0 and reference not in unread:
                return reference
        begin = end + 1
    return ""


def unescaped(located: Located) -> Located:
    """A text in which `$$` has become `$`."""
    return located.replaced("$$", "$") if "$$" in located.text else located
