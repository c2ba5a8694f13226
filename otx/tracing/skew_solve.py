"""What to add to each of several clocks, by difference constraints.

`shift[later] - shift[earlier] <= most_ns` is an edge of a graph, and the greatest possible
difference of any two clocks is the shortest path between them (Bellman, Ford). A circle that is
shorter than nothing proves that its constraints contradict each other: the inferred ones on it are
given up, and where there are none all are, since which is wrong cannot be known.

Clocks that bound each other from both sides make a group with one reference. Of all solutions the
one is taken that moves the fewest clocks: a clock keeps its times where they may be right, else
goes with the clock that it was reached from, else to the middle of what is possible.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from otx.tracing.skew_pairs import ClockPair
from otx.tracing.timing import Shift


class Constraint(NamedTuple):
    """`shift[later] - shift[earlier] <= most_ns`, and the calls that say so."""

    earlier: str
    later: str
    most_ns: int
    is_certain: bool
    pair: ClockPair


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What is known of the clocks.

    Attributes:
        shifts: By clock; one that nothing bounds from both sides is not in it.
        contradictions: For each circle of constraints that cannot all hold, those constraints.
    """

    shifts: Mapping[str, Shift]
    contradictions: Sequence[Sequence[Constraint]]


_Edges: TypeAlias = dict[str, list[tuple[str, int]]]
_Most: TypeAlias = dict[str, int]


def solve(constraints: Sequence[Constraint], references: Sequence[str]) -> Solution:
    """The shifts of all clocks that are bounded.

    Args:
        constraints: Of all pairs.
        references: All clocks; the first of a group is what its shifts are measured against.
    """
    kept = list(constraints)
    contradictions = []
    while circle := _negative_circle(kept):
        contradictions.append(circle)
        given_up = [one for one in circle if not one.is_certain] or circle
        kept = [one for one in kept if one not in given_up]
    forward, backward = _edges(kept)
    shifts: dict[str, Shift] = {}
    for reference in references:
        if reference not in shifts:
            shifts |= _group(reference, forward, backward)
    return Solution(shifts, contradictions)


def _edges(constraints: Sequence[Constraint]) -> tuple[_Edges, _Edges]:
    forward: _Edges = defaultdict(list)
    backward: _Edges = defaultdict(list)
    for one in constraints:
        forward[one.earlier].append((one.later, one.most_ns))
        backward[one.later].append((one.earlier, one.most_ns))
    return forward, backward


def _group(reference: str, forward: _Edges, backward: _Edges) -> dict[str, Shift]:
    """The shifts of the clocks that are bounded from both sides by the reference."""
    most = _shortest({reference: 0}, forward)
    least = {clock: -ns for clock, ns in _shortest({reference: 0}, backward).items()}
    members = most.keys() & least.keys()
    if len(members) < 2:
        return {}
    chosen = _chosen(reference, members, (forward, dict(most)), (backward, least))
    return {
        clock: Shift(
            ns,
            max(most[clock] - ns, ns - least[clock]),
            reference,
            (least[clock], most[clock]),
        )
        for clock, ns in chosen.items()
    }


def _chosen(
    reference: str,
    members: "set[str]",
    from_above: tuple[_Edges, _Most],
    from_below: tuple[_Edges, _Most],
) -> dict[str, int]:
    """One solution, clock by clock outward; what is fixed narrows what is left for the others."""
    (forward, most), (backward, least) = from_above, from_below
    negated = {clock: -ns for clock, ns in least.items()}
    chosen = {reference: 0}
    waiting = deque([reference])
    while waiting:
        here = waiting.popleft()
        near = {clock for edges in (forward, backward) for clock, _ in edges.get(here, ())}
        for clock in sorted(near & members - chosen.keys()):
            low, high = -negated[clock], most[clock]
            wished = (ns for ns in (0, chosen[here]) if low <= ns <= high)
            ns = next(wished, (low + high) // 2)
            chosen[clock] = most[clock] = ns
            negated[clock] = -ns
            _shortest(most, forward, clock)
            _shortest(negated, backward, clock)
            waiting.append(clock)
    return chosen


def _shortest(known: _Most, edges: _Edges, changed: str | None = None) -> _Most:
    """Shorten what is known by the edges, from a clock that changed or from all; in place."""
    waiting = deque(known if changed is None else [changed])
    queued = set(waiting)
    while waiting:
        here = waiting.popleft()
        queued.discard(here)
        for clock, ns in edges.get(here, ()):
            reached = known[here] + ns
            if clock not in known or reached < known[clock]:
                known[clock] = reached
                if clock not in queued:
                    queued.add(clock)
                    waiting.append(clock)
    return known


def _negative_circle(constraints: Sequence[Constraint]) -> list[Constraint]:
    """Constraints that cannot all hold; none where all can."""
    reached = dict.fromkeys((one.later for one in constraints), 0)
    reached |= dict.fromkeys((one.earlier for one in constraints), 0)
    by: dict[str, Constraint] = {}
    has_changed = True
    while has_changed:
        has_changed = False
        for one in constraints:
            if reached[one.earlier] + one.most_ns < reached[one.later]:
                reached[one.later] = reached[one.earlier] + one.most_ns
                by[one.later] = one
                has_changed = True
        if has_changed and (circle := _circle(by)):
            return circle
    return []


def _circle(by: Mapping[str, Constraint]) -> list[Constraint]:
    """A circle in what each clock was last shortened by: only a negative one closes."""
    settled: set[str] = set()
    for begin in by:
        path: dict[str, None] = {}
        here = begin
        while here in by and here not in settled and here not in path:
            path[here] = None
            here = by[here].earlier
        if here in path:
            circle = [by[here]]
            while circle[-1].earlier != here:
                circle.append(by[circle[-1].earlier])
            return circle[::-1]
        settled |= path.keys()
    return []
