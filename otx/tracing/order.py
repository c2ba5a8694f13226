"""Which of two spans came first, why, and when that cannot be known.

The answer is one of three. *Caused*: a chain of edges leads from the start of one span to the start
of the other; what the first did may have had to do with the second, or, by an edge `began`, only
came before it in one thread. *Concurrent*: no chain leads either way, neither was made in the
other's context, and each began before the other ended, which either their clocks tell or those of
what is around them. *Unknown*: anything else, for a missing span can hide a chain, and containment
in time proves none.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal, TypeAlias

from otx.model.units import format_duration
from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.edges import MESSAGE, PARENT, Edge, Event, Strength, end_of, start_of
from otx.tracing.event_graph import EventGraph
from otx.tracing.overlap import Overlap
from otx.tracing.timing import Timing
from otx.tracing.vector_clocks import VectorClocks

_CIRCLE = "spans between them name each other as parents in a circle, and one at least is wrong"

Relation: TypeAlias = Literal["caused", "concurrent", "unknown"]


@dataclass(frozen=True, slots=True)
class Order:
    """How two spans stand to one another.

    Attributes:
        first: The number of the span that came first; of spans without order the one asked first.
        second: The other's.
        completed: Whether the first had ended before the second began.
        strength: Of the weakest edge of the chain; None without one.
        chain: The edges from the first's start, or its end where it had completed, to the second's
            start.
        why: The reason in words, where there is no chain.
        overlap_ns: How long both ran, where their clocks compare; negative for the time between.
    """

    relation: Relation
    first: int
    second: int
    completed: bool = False
    strength: Strength | None = None
    chain: Sequence[Edge] = ()
    why: str = ""
    overlap_ns: int | None = None


def order(
    graph: EventGraph,
    clocks: VectorClocks,
    timing: Timing,
    one: int,
    other: int,
    overlap: Overlap | None = None,
) -> Order:
    """How two different spans of a trace stand to one another.

    Args:
        graph: Of the trace.
        clocks: Of the graph.
        timing: Of the trace.
        one: A span's number.
        other: Another's.
        overlap: Of the graph; who asks often gives it.
    """
    for first, second in ((one, other), (other, one)):
        if clocks.happened_before(start_of(first), start_of(second)):
            completed = clocks.happened_before(end_of(first), start_of(second))
            begin = end_of(first) if completed else start_of(first)
            chain = _chain(graph, clocks, begin, start_of(second))
            if any(_is_on_circle(graph.trace, edge) for edge in chain):
                overlap_ns = _overlap(timing, one, other)
                return Order("unknown", one, other, why=_CIRCLE, overlap_ns=overlap_ns)
            certain = all(edge.rule.strength == "certain" for edge in chain)
            return Order(
                "caused",
                first,
                second,
                completed,
                "certain" if certain else "inferred",
                chain,
                overlap_ns=_overlap(timing, first, second),
            )
    return _unordered(overlap or Overlap(graph, timing), one, other)


def _is_on_circle(trace: Trace, edge: Edge) -> bool:
    """Whether an edge is of a circle of parents that was cut: which of them is wrong is unknown."""
    spans = {edge.source // 2, edge.target // 2}
    circles = (fault.spans for fault in trace.faults if fault.kind == "cycle")
    return edge.rule in (PARENT, MESSAGE) and any(spans.issubset(circle) for circle in circles)


def _unordered(both: Overlap, one: int, other: int) -> Order:
    trace, timing = both.graph.trace, both.timing
    overlap = _overlap(timing, one, other)
    hidden = _hidden(both, one, other)
    if hidden:
        return Order("unknown", one, other, why=hidden, overlap_ns=overlap)
    margin = timing.margin_ns(one, other) or 0
    if overlap is not None and overlap > margin:
        shared = format_duration(overlap)
        within = f" give or take {format_duration(margin)}" if margin else ", on one clock"
        why = f"no chain of edges leads from one to the other; they overlap by {shared}{within}"
        return Order("concurrent", one, other, why=why, overlap_ns=overlap)
    clock = both.shown_by(one, other)
    if clock is not None:
        why = (
            "no chain of edges leads from one to the other; each began before the other ended, "
            f"as what is around them shows on the clock of {clock}"
        )
        return Order("concurrent", one, other, why=why, overlap_ns=overlap)
    if overlap is None:
        clocks = " and ".join(trace.domains[number].clock for number in (one, other))
        return Order("unknown", one, other, why=f"the clocks of {clocks} do not compare")
    if overlap < -margin:
        first, second = (one, other) if timing.starts[one] <= timing.starts[other] else (other, one)
        gap = format_duration(-overlap)
        why = f"one ended {gap} before the other began, and nothing tells that it was waited for"
        return Order("unknown", first, second, why=why, overlap_ns=overlap)
    return Order(
        "unknown", one, other, why="their clocks are too far apart to tell", overlap_ns=overlap
    )


def _hidden(both: Overlap, one: int, other: int) -> str:
    """Why one span may have been made in the other's context unseen; "" where it was not."""
    trace = both.graph.trace
    tops = (_top(trace, one), _top(trace, other))
    if tops[0] == tops[1]:
        return ""
    missing = set()
    for above, top in ((one, tops[1]), (other, tops[0])):
        # What is above a span began before it did.
        if not trace.spans[top].parent_span_id or both.began_before(top, above):
            continue
        if trace.orphans[top] < 0:
            return "they lie below different roots, and one of these names a parent"
        missing.add(trace.missing[trace.orphans[top]].span_id)
    if not missing:
        return ""
    return f"the parent {' and '.join(sorted(missing))} above is missing, and may order them"


def _top(trace: Trace, number: int) -> int:
    """The highest span above one, or itself."""
    while trace.parents[number] != NO_PARENT:
        number = trace.parents[number]
    return number


def _overlap(timing: Timing, one: int, other: int) -> int | None:
    if timing.margin_ns(one, other) is None:
        return None
    end = min(timing.ends[one], timing.ends[other])
    return end - max(timing.starts[one], timing.starts[other])


def _chain(graph: EventGraph, clocks: VectorClocks, begin: Event, end: Event) -> list[Edge]:
    """The chain between two events with the fewest inferred edges, then the shortest."""
    tie = count()
    waiting: list[tuple[int, int, int, Event, Edge | None]] = [(0, 0, next(tie), end, None)]
    taken: dict[Event, Edge | None] = {}
    while waiting:
        inferred, length, _, event, edge = heapq.heappop(waiting)
        if event in taken:
            continue
        taken[event] = edge
        if event == begin:
            break
        for above in graph.before(event):
            if above.source == begin or clocks.happened_before(begin, above.source):
                weight = inferred + (above.rule.strength == "inferred")
                heapq.heappush(waiting, (weight, length + 1, next(tie), above.source, above))
    chain = []
    here = begin
    while (edge := taken[here]) is not None:
        chain.append(edge)
        here = edge.target
    return chain
