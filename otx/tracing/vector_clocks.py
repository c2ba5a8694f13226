"""Vector clocks of a trace's events (Fidge 1988, Mattern 1988), small enough for large traces.

A component stands for a lane: events of one process that certainly happened one after the other.
Calls in one thread share a lane; what runs beside it gets another. A clock holds the components
that differ from nothing, and forgets a lane as soon as an event has waited for all of it: whoever
knows that event knows the lane. Since events come with the largest subtree first, a path through
the tree enters new lanes only where it enters a subtree of less than half the size: a clock has at
most one component a process and halving, and what its event waited for that still goes on.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from otx.tracing.edges import Event
from otx.tracing.event_graph import EventGraph

Lane: TypeAlias = int
Clock: TypeAlias = Mapping[Lane, int]


class Tick(NamedTuple):
    """An event's place: its lane, and which event of that lane it is, from 1."""

    lane: Lane
    nth: int


@dataclass(frozen=True, slots=True, eq=False)
class VectorClocks:
    """The clocks of a graph's events.

    Attributes:
        ticks: By event.
        clocks: By event what it knows of each lane: how many of its events happened before, itself
            included in its own. Folded lanes are left out.
        folded: Lanes that are at their end, each with the event that waited for all of it.
        processes: The process of each lane.
        lamport: By event one more than the greatest of those before it (Lamport 1978).
    """

    ticks: list[Tick]
    clocks: list[Clock]
    folded: Mapping[Lane, Event]
    processes: list[str]
    lamport: list[int]

    def happened_before(self, one: Event, other: Event) -> bool:
        """Whether one event is known to have happened before another."""
        if one == other:
            return False
        while True:
            lane, count = self.ticks[one]
            if self.clocks[other].get(lane, 0) >= count:
                return True
            if lane not in self.folded:
                return False
            # What does not know the lane itself may know it by the event that waited for it.
            one = self.folded[lane]
            if one == other:
                return True

    def by_process(self, event: Event) -> dict[str, int]:
        """An event's clock with the lanes of each process added up, for people."""
        found: Counter[str] = Counter()
        for lane, count in self.clocks[event].items():
            found[self.processes[lane]] += count
        return dict(found)


def vector_clocks(graph: EventGraph) -> VectorClocks:
    """The clocks of all events."""
    return _Clocks(graph).made()


class _Clocks:
    def __init__(self, graph: EventGraph) -> None:
        self._graph = graph
        events = 2 * len(graph.trace.spans)
        self._ticks: list[Tick] = [Tick(-1, 0)] * events
        self._clocks: list[Clock] = [{}] * events
        self._lamport = [0] * events
        self._tips: list[Event] = []
        self._processes: list[str] = []
        self._folded: dict[Lane, Event] = {}
        self._waiting_for = [0] * events
        for event in range(events):
            for edge in graph.before(event):
                self._waiting_for[edge.source] += 1

    def made(self) -> VectorClocks:
        for event in self._graph.order:
            self._tick(event)
        return VectorClocks(self._ticks, self._clocks, self._folded, self._processes, self._lamport)

    def _tick(self, event: Event) -> None:
        sources = [edge.source for edge in self._graph.before(event)]
        clock: dict[Lane, int] = {}
        for source in sources:
            for lane, count in self._clocks[source].items():
                if clock.get(lane, 0) < count:
                    clock[lane] = count
        if len(sources) > 1:
            self._forget(clock)
        lane = self._lane(event, sources, clock)
        clock[lane] = clock.get(lane, 0) + 1
        self._ticks[event] = Tick(lane, clock[lane])
        self._tips[lane] = event
        self._lamport[event] = 1 + max((self._lamport[one] for one in sources), default=0)
        self._clocks[event] = clock
        self._fold(event, sources, clock)

    def _lane(self, event: Event, sources: list[Event], clock: Clock) -> Lane:
        """A lane of the event's process of which all has happened before it, else a new one."""
        process = self._graph.trace.domains[event // 2].process
        nearest = [self._ticks[source].lane for source in reversed(sources)]
        for lane in (*nearest, *clock):
            if lane in self._folded:  # is at its end: who knows of it must not make it longer
                continue
            at_its_tip = clock.get(lane) == self._ticks[self._tips[lane]].nth
            if at_its_tip and self._processes[lane] == process:
                return lane
        self._tips.append(event)
        self._processes.append(process)
        return len(self._tips) - 1

    def _forget(self, clock: dict[Lane, int]) -> None:
        """Leave out folded lanes of which another source knows the event that waited for all."""
        for lane in [lane for lane in clock if lane in self._folded]:
            waited = self._ticks[self._folded[lane]]
            while waited.lane in self._folded and clock.get(waited.lane, 0) < waited.nth:
                waited = self._ticks[self._folded[waited.lane]]
            if clock.get(waited.lane, 0) >= waited.nth:
                del clock[lane]

    def _fold(self, event: Event, sources: list[Event], clock: dict[Lane, int]) -> None:
        """Forget the lanes that end in an event before this one and lead nowhere else."""
        for source in sources:
            self._waiting_for[source] -= 1
            lane = self._ticks[source].lane
            if (
                lane != self._ticks[event].lane
                and self._tips[lane] == source
                and not self._waiting_for[source]
            ):
                self._folded[lane] = event
                clock.pop(lane, None)
