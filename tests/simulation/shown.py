"""What spans show of the order in which they ran, by the truth and by no rule of otx's.

Much of what happened leaves no mark in a span: who was handed a task and when, who waited for its
end, in which thread of a reactive process a span ended. An order that holds through such steps
alone can be known by nobody who has the spans only. What leaves a mark is kept here as a graph of
starts and ends; what can be reached in it is what could be said.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from tests.simulation.execution import Stamp
from tests.simulation.records import Record
from tests.simulation.world import MS


class Event(NamedTuple):
    """The start or the end of a span."""

    span_id: str
    is_end: bool


class Shown:
    """Which starts and ends follow from what spans show."""

    def __init__(self, records: Collection[Record], *, names_threads: bool) -> None:
        """The graph of the spans that arrived.

        Args:
            records: Of all of them.
            names_threads: Whether they say in which thread they began.
        """
        self._next: dict[Event, list[Event]] = defaultdict(list)
        for one, other in _marks({one.span_id: one for one in records}, names_threads):
            self._next[one].append(other)
        self._reached: dict[Event, frozenset[Event]] = {}

    def ended_before(self, one: Record, other: Record) -> bool:
        """Whether spans show that the first's end came before the second's start."""
        return _start(other) in self._from(_end(one))

    @staticmethod
    def run_beside(one: Record, other: Record) -> bool:
        """Whether one clock shows that both ran at one time, whatever its times are rounded to.

        Not of servers that close behind their answer: how far behind is not known.
        """
        if one.is_late or other.is_late or _clock(one) != _clock(other):
            return False
        (start, end), (other_start, other_end) = _read(one), _read(other)
        return min(end, other_end) - max(start, other_start) > max(_grain_ns(one), _grain_ns(other))

    def _from(self, event: Event) -> frozenset[Event]:
        if event not in self._reached:
            found: set[Event] = set()
            waiting = [event]
            while waiting:
                for one in self._next[waiting.pop()]:
                    if one not in found:
                        found.add(one)
                        waiting.append(one)
            self._reached[event] = frozenset(found)
        return self._reached[event]


def _clock(record: Record) -> str:
    resource = record.process.resource
    names_host = "host.id" in resource or "host.name" in resource
    return record.process.host.name if names_host else record.process.instance


def _read(record: Record) -> tuple[int, int]:
    return record.process.reads_ns(record.start_ns, record.end_ns)


def _grain_ns(record: Record) -> int:
    return MS if record.process.runtime == "loop" else record.process.resolution_ns


def _start(record: Record) -> Event:
    return Event(record.span_id, False)


def _end(record: Record) -> Event:
    return Event(record.span_id, True)


def _marks(records: Mapping[str, Record], names_threads: bool) -> Iterator[tuple[Event, Event]]:
    """All that is marked: a span's life, its context, its links, its answer, and its thread."""
    for record in records.values():
        yield _start(record), _end(record)
        parent = record.parent
        if parent is not None and parent.span_id in records:
            yield _start(parent), _start(record)
            is_answered = parent.error_type != "TimeoutException" and not record.is_late
            if (parent.kind, record.kind) == ("CLIENT", "SERVER") and is_answered:
                yield _end(record), _end(parent)
        for linked in record.links:
            if linked.span_id in records:
                consumed = record.kind == "CONSUMER"
                yield _start(linked), _start(record) if consumed else _end(record)
    yield from _in_threads(records.values(), names_threads)


def _in_threads(records: Collection[Record], names_threads: bool) -> Iterator[tuple[Event, Event]]:
    """One thing after another in each thread that can be told.

    Where calls block both ends of a span are in its thread. Where they do not a thread is known of
    starts only, but for runtimes that have one thread, whose times have a grain.
    """
    threads: dict[int, list[tuple[Stamp, Event, int]]] = defaultdict(list)
    grain_ns: dict[int, int] = {}
    for record in records:
        runtime = record.process.runtime
        if runtime != "loop" and not names_threads:
            continue
        start_ns, end_ns = _read(record)
        thread = record.started.thread
        grain_ns[thread] = MS if runtime == "loop" else 0
        threads[thread].append((record.started, _start(record), start_ns))
        if runtime in ("threads", "loop"):
            threads[thread].append((record.end_stamp, _end(record), end_ns))
    for thread, events in threads.items():
        events.sort(key=lambda one: one[0].nth)
        if not grain_ns[thread]:
            yield from ((one[1], other[1]) for one, other in pairwise(events))
            continue
        for place, one in enumerate(events):
            for other in events[place + 1 :]:
                if one[2] + grain_ns[thread] <= other[2]:
                    yield one[1], other[1]
