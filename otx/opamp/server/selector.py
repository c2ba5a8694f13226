"""Label selectors: which agents something is for, in the notation that kubectl made familiar.

`env=prod`, `env!=prod`, `region in (eu, us)`, `region notin (eu)`, `canary` (it is there) and
`!canary` (it is not), joined by commas that mean and. Labels are the agent's identifying and
non-identifying attributes, and `uid`. As in Kubernetes `!=` and `notin` hold where the label is
absent, too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.errors import UsageError

Operator: TypeAlias = Literal["in", "notin", "exists", "absent"]

_KEY = r"[^\s,=!()]+"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_EQUAL = re.compile(rf"({_KEY})\s*(==|=|!=)\s*([^,()]*)")
_BARE = re.compile(rf"(!?)\s*({_KEY})")
_COMMA = re.compile(r"\s*,\s*")


@dataclass(frozen=True, slots=True)
class Term:
    """One demand on one label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it."""
        if self.operator == "exists":
            return self.key in labels
        if self.operator == "absent":
            return self.key not in labels
        is_in = labels.get(self.key) in self.values
        return is_in if self.operator == "in" else not is_in

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "absent":
            return f"!{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.operator == 'in' else '!='}{self.values[0]}"
        return f"{self.key} {self.operator} ({','.join(self.values)})"


@dataclass(frozen=True, slots=True)
class Selector:
    """Demands that all have to be met; none is every agent."""

    terms: tuple[Term, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet every demand."""
        return all(term.matches(labels) for term in self.terms)

    @property
    def specificity(self) -> int:
        """How many labels it speaks of: of two that match an agent the more specific one holds."""
        return len({term.key for term in self.terms})

    def __str__(self) -> str:
        """The selector as `parse_selector` reads it; terms in order, so that equals look equal."""
        return ",".join(sorted(map(str, self.terms)))


def parse_selector(texts: str | Sequence[str]) -> Selector:
    """The selector of one text or of several, whose demands add up; no text is every agent.

    Raises:
        UsageError: A text is no selector; the place is named.
    """
    terms: list[Term] = []
    for text in [texts] if isinstance(texts, str) else texts:
        terms += _terms(text)
    return Selector(tuple(dict.fromkeys(terms)))


def _terms(text: str) -> list[Term]:
    terms: list[Term] = []
    place = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    while place < end:
        term, place = _term(text, place)
        terms.append(term)
        if place >= end:
            break
        comma = _COMMA.match(text, place)
        if comma is None or comma.end() >= end:
            raise _no_selector(text, place)
        place = comma.end()
    return terms


def _term(text: str, place: int) -> tuple[Term, int]:
    if found := _SET.match(text, place):
        values = tuple(dict.fromkeys(value.strip() for value in found[3].split(",")))
        return Term(found[1], "in" if found[2] == "in" else "notin", values), found.end()
    if found := _EQUAL.match(text, place):
        operator: Operator = "notin" if found[2] == "!=" else "in"
        return Term(found[1], operator, (found[3].strip(),)), found.end()
    if found := _BARE.match(text, place):
        return Term(found[2], "absent" if found[1] else "exists"), found.end()
    raise _no_selector(text, place)


def _no_selector(text: str, place: int) -> UsageError:
    return UsageError(
        f"{text!r} is no label selector (character {place + 1})",
        hint="write it like env=prod,region in (eu,us),!canary",
    )
