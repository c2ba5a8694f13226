"""A critical path as rows: what took most of it, each below what called it, like calls together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from otx.tracing.assembly import NO_PARENT
from otx.tracing.calls import operation_of
from otx.tracing.explain.compose import Explanation
from otx.tracing.path_time import TimeKind

MOST_ROWS = 10
_WORTH_SHARE = 0.01


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


def path_rows(explanation: Explanation) -> PathRows:
    """The rows of an explanation's path."""
    path, trace = explanation.path, explanation.trace
    groups: dict[tuple[int, str], list[int]] = {}
    own = {step.number: step.own_ns for step in path.steps}
    for number in own:
        key = (trace.parents[number], operation_of(trace.spans[number]))
        groups.setdefault(key, []).append(number)
    totals = {key: sum(own[number] for number in group) for key, group in groups.items()}
    worth = [key for key, ns in totals.items() if ns >= _WORTH_SHARE * path.duration_ns]
    heaviest = set(sorted(worth, key=lambda key: (-totals[key], key))[:MOST_ROWS])
    shown = [key for key in groups if key in heaviest]
    placed = {number for key in shown for number in groups[key]}
    kinds = _kinds(explanation)
    rows = [
        PathRow(
            key[1],
            _depth(trace.parents, key[0], placed),
            len(groups[key]),
            totals[key],
            sum((kinds.get(number, Counter()) for number in groups[key]), Counter()),
        )
        for key in shown
    ]
    return PathRows(rows, len(own) - len(placed), path.duration_ns - sum(r.own_ns for r in rows))


def _kinds(explanation: Explanation) -> dict[int, Counter[TimeKind]]:
    found: dict[int, Counter[TimeKind]] = {}
    for part in explanation.parts:
        found.setdefault(part.section.span, Counter())[part.kind] += part.duration_ns
    return found


def _depth(parents: Sequence[int], parent: int, placed: set[int]) -> int:
    """How many of the spans that are shown lie above, from a parent up."""
    depth = 0
    while parent != NO_PARENT:
        depth += parent in placed
        parent = parents[parent]
    return depth
