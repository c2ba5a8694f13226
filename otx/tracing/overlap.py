"""Whether two spans certainly ran at the same time, whatever their clocks show.

On clocks that compare, their times tell. Else a third clock may: what happened before an event lies
before it in true time, and what happened after it behind. So an event lies between times of any
clock that events before and after it were read from: a server's start, on its client's clock,
between the client's start and end. Clocks need not agree for that, nor be steady.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from otx.tracing.assembly import NO_PARENT
from otx.tracing.edges import Event, end_of, start_of
from otx.tracing.event_graph import EventGraph
from otx.tracing.timing import Timing

_MOST_CLOCKS = 6
"""Of those above two spans; each costs a walk through the whole graph once."""


@dataclass(frozen=True, slots=True, eq=False)
class _Between:
    """Of each event when it happened at the earliest and at the latest, on one clock."""

    earliest: Sequence[int | None]
    latest: Sequence[int | None]


@dataclass(frozen=True, eq=False)
class Overlap:
    """Which spans ran at the same time.

    Attributes:
        graph: Of the trace.
        timing: Of the trace.
    """

    graph: EventGraph
    timing: Timing
    _between: dict[str, _Between] = field(default_factory=dict)

    def shown_by(self, one: int, other: int) -> str | None:
        """The clock by which each began before the other ended; None where none tells."""
        for clock in self._clocks(one, other):
            begun = self._is_before(clock, start_of(one), end_of(other)) and self._is_before(
                clock, start_of(other), end_of(one)
            )
            if begun:
                return clock
        return None

    def began_before(self, one: int, other: int) -> bool:
        """Whether a span certainly began before another in true time."""
        margin = self.timing.margin_ns(one, other)
        if margin is not None and self.timing.starts[one] + margin < self.timing.starts[other]:
            return True
        return any(
            self._is_before(clock, start_of(one), start_of(other))
            for clock in self._clocks(one, other)
        )

    def _is_before(self, clock: str, one: Event, other: Event) -> bool:
        between = self._on(clock)
        latest, earliest = between.latest[one], between.earliest[other]
        return latest is not None and earliest is not None and latest < earliest

    def _clocks(self, *numbers: int) -> Sequence[str]:
        """Those of spans and of what is above them, the nearest first."""
        trace = self.graph.trace
        found: dict[str, None] = {}
        waiting = list(numbers)
        while waiting and len(found) < _MOST_CLOCKS:
            number = waiting.pop(0)
            clock = trace.domains[number].clock
            found[clock] = None
            if clock in self.timing.shifts:
                found[self.timing.shifts[clock].reference] = None
            if trace.parents[number] != NO_PARENT:
                waiting.append(trace.parents[number])
        return list(found)

    def _on(self, clock: str) -> _Between:
        known = self._between.get(clock)
        if known is None:
            known = self._between[clock] = self._bounds(clock)
        return known

    def _bounds(self, clock: str) -> _Between:
        graph, trace = self.graph, self.graph.trace
        earliest: list[int | None] = [None] * (2 * len(trace.spans))
        latest = earliest[:]
        for number, span in enumerate(trace.spans):
            possible = self._possible(trace.domains[number].clock, clock)
            if possible is not None:
                least, most = possible[0], possible[1] + self.timing.grains[number]
                end_ns = max(span.start_unix_nano, span.end_unix_nano)
                for event, ns in (
                    (start_of(number), span.start_unix_nano),
                    (end_of(number), end_ns),
                ):
                    earliest[event], latest[event] = ns + least, ns + most
        for event in graph.order:
            for edge in graph.before(event):
                earliest[event] = _greater(earliest[event], earliest[edge.source])
        for event in reversed(graph.order):
            for edge in graph.before(event):
                latest[edge.source] = _less(latest[edge.source], latest[event])
        return _Between(earliest, latest)

    def _possible(self, clock: str, on: str) -> tuple[int, int] | None:
        """What is added at least and at most to make a clock's times another's."""
        if clock == on:
            return 0, 0
        shifts = self.timing.shifts
        one, other = shifts.get(clock), shifts.get(on)
        if one is None or other is None or one.reference != other.reference:
            return None
        (least, most), (least_on, most_on) = one.range_ns, other.range_ns
        return least - most_on, most - least_on


def _greater(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else max(one, other)


def _less(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else min(one, other)
