"""A critical path as rows: what took most of it, each below what called it, like calls together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from otx.tracing.assembly import NO_PARENT
from otx.tracing.calls import operation_of
from otx.tracing.explain.compose import Explanation
from otx.tracing.path_time import TimeKind

MOST_ROWS = 10
_WORTH_SHARE = 0.01
_Group: TypeAlias = tuple[int, str, str]
"""A parent's number, and the service and name of its children."""


@dataclass(frozen=True, slots=True)
class PathRow:
    """Siblings of one operation on the path.

    Attributes:
        depth: How many of the rows lie above.
        spans: How many siblings.
        kinds: Their own time by what it was.
    """

    name: str
    depth: int
    spans: int
    own_ns: int
    kinds: Mapping[TimeKind, int]


@dataclass(frozen=True, slots=True)
class PathRows:
    """What is shown of a path, in order of time, and what is left."""

    shown: Sequence[PathRow]
    others: int
    other_ns: int


class PathTable:
    """The spans of a path by parent and operation, from which rows are taken."""

    def __init__(self, explanation: Explanation) -> None:
        """Group the spans of an explanation's path."""
        path, trace = explanation.path, explanation.trace
        self._path, self._parents = path, trace.parents
        groups: dict[_Group, list[int]] = {}
        own = {}
        for step in path.steps:
            span = trace.spans[step.number]
            key = (trace.parents[step.number], span.service, span.name)
            own[step.number] = step.own_ns
            groups.setdefault(key, []).append(step.number)
        totals = {key: sum(map(own.__getitem__, group)) for key, group in groups.items()}
        least_ns = _WORTH_SHARE * path.duration_ns
        self._totals = {key: ns for key, ns in totals.items() if ns >= least_ns}
        self._groups = {key: groups[key] for key in self._totals}
        self._names = {key: operation_of(trace.spans[groups[key][0]]) for key in self._totals}
        self._kinds = self._kinds_of(explanation)

    def rows(self, most: int = MOST_ROWS) -> PathRows:
        """The heaviest rows, so many at most."""
        heaviest = sorted(self._totals, key=lambda key: (-self._totals[key], key))[:most]
        chosen = set(heaviest)
        shown = [key for key in self._totals if key in chosen]
        placed = {number for key in shown for number in self._groups[key]}
        rows = [
            PathRow(
                self._names[key],
                _depth(self._parents, key[0], placed),
                len(self._groups[key]),
                self._totals[key],
                self._kinds[key],
            )
            for key in shown
        ]
        other_ns = self._path.duration_ns - sum(row.own_ns for row in rows)
        return PathRows(rows, len(self._path.steps) - len(placed), other_ns)

    def _kinds_of(self, explanation: Explanation) -> dict[_Group, dict[TimeKind, int]]:
        """What the time of each group was."""
        group_of = {number: key for key, group in self._groups.items() for number in group}
        found: dict[_Group, dict[TimeKind, int]] = {key: {} for key in self._groups}
        for part in explanation.parts:
            key = group_of.get(part.section.span)
            if key is not None:
                kinds = found[key]
                kinds[part.kind] = kinds.get(part.kind, 0) + part.duration_ns
        return found


def _depth(parents: Sequence[int], parent: int, placed: set[int]) -> int:
    """How many of the spans that are shown lie above, from a parent up."""
    depth = 0
    while parent != NO_PARENT:
        depth += parent in placed
        parent = parents[parent]
    return depth
