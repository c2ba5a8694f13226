"""What the threads that spans ran in tell of their order.

A thread does one thing after another (Lamport's program order), so that all that began and ended
in it has one order, whoever's children the spans are and whichever of their parents are missing.
Spans say in which thread they began. That they ended in it too is taken for granted only where
calls block: not in runtimes that wait without a thread, and not where spans of one process show
that they did not block theirs.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.domains import has_one_thread, may_move, thread_of
from otx.tracing.edges import BEGAN, RETURN, THREAD, Edge, end_of, start_of

_MOST_AT_ONCE = 8
"""Of more spans that ended at one time the others are passed over; edges would be too many."""

_MOST_BESIDE = 100
"""Of a loop that runs more than this at once only siblings are ordered: what each of so many pieces
knows of the others is more than vector clocks can hold for a large trace."""


class _Thread(NamedTuple):
    process: str
    name: str


def thread_edges(trace: Trace) -> Iterator[Edge]:
    """The edges between spans of each thread."""
    threads: dict[_Thread, list[int]] = defaultdict(list)
    for number, span in enumerate(trace.spans):
        name = thread_of(span)
        if name:
            threads[_Thread(trace.domains[number].process, name)].append(number)
    moving = _moving(trace, threads)
    for thread, numbers in threads.items():
        if thread.process in moving:
            yield from _by_start(trace, numbers)
            continue
        if not has_one_thread(trace.spans[numbers[0]]):
            yield from _by_end(trace, numbers)
            yield from _around_orphans(trace, numbers)
            continue
        parts = [numbers]
        if _at_once(trace, numbers) > _MOST_BESIDE:
            parts = _families(trace, numbers)
        for part in parts:
            if _at_once(trace, part) <= _MOST_BESIDE:
                yield from _by_end(trace, part)


def _moving(trace: Trace, threads: dict[_Thread, list[int]]) -> "set[str]":
    """The processes of which some span may have ended in another thread than it began in."""
    found = set()
    for thread, numbers in threads.items():
        if has_one_thread(trace.spans[numbers[0]]):
            continue
        if any(may_move(trace.spans[number]) for number in numbers) or _unnested(trace, numbers):
            found.add(thread.process)
    return found


def _unnested(trace: Trace, numbers: Sequence[int]) -> bool:
    """Whether a span of a thread did not block it: another began meanwhile, and not in it."""
    running: list[int] = []
    for number in numbers:  # by start
        start, end = _times(trace, number)
        while running and _times(trace, running[-1])[1] <= start:
            running.pop()
        if running:
            around = running[-1]
            parent = trace.parents[number]
            if _times(trace, around)[1] < end - trace.grains.by_span[number]:
                return True
            if parent != NO_PARENT and parent == trace.parents[around]:
                return _times(trace, around)[0] < start < _times(trace, around)[1]
        running.append(number)
    return False


def _families(trace: Trace, numbers: Sequence[int]) -> list[list[int]]:
    """The siblings among spans."""
    families: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        families[trace.parents[number]].append(number)
    families.pop(NO_PARENT, None)
    return list(families.values())


def _at_once(trace: Trace, numbers: Sequence[int]) -> int:
    """How many spans ran at one time at most."""
    ends = sorted(_times(trace, number)[1] for number in numbers)
    most = ended = 0
    for begun, number in enumerate(numbers, 1):  # by start
        while ended < begun and ends[ended] <= _times(trace, number)[0]:
            ended += 1
        most = max(most, begun - ended)
    return most


def _by_end(trace: Trace, numbers: Sequence[int]) -> Iterator[Edge]:
    """To each start and each end from the ends just before it; the rest follows from these.

    Times of one process are rounded alike, so that only JavaScript's ends may be early, and two of
    them compare only where they are a grain apart.
    """
    first = numbers[0]
    is_uneven = trace.domains[first].process in trace.grains.uneven
    grain = trace.grains.by_span[first] if is_uneven else 0
    by_end = sorted(numbers, key=lambda one: _times(trace, one)[::-1])
    ends = [_times(trace, one)[1] for one in by_end]

    def just_before(time_ns: int) -> Iterator[int]:
        place = bisect_left(ends, time_ns - grain) - 1
        least = ends[place] - grain if place >= 0 else 0
        for back in range(place, max(place - _MOST_AT_ONCE, -1), -1):
            if back < place and ends[back] < least:
                return
            yield by_end[back]

    for number in numbers:
        start, end = _times(trace, number)
        parent = trace.parents[number]
        for one in just_before(start):
            yield Edge(end_of(one), start_of(number), THREAD)
        # What ended as this began, unless either could lie in the other.
        place = bisect_left(ends, start)
        if not grain and end > start and place < len(ends) and ends[place] == start:
            one = by_end[place]
            if _times(trace, one)[0] < start and parent != one:
                yield Edge(end_of(one), start_of(number), THREAD)
        for one in just_before(end):
            rule = RETURN if trace.parents[one] == number else THREAD
            yield Edge(end_of(one), end_of(number), rule)
        # A child and its parent that end at one time; which came first is known.
        is_level = parent != NO_PARENT and not grain and _times(trace, parent)[1] == end
        if is_level and _is_same_thread(trace, number, parent):
            yield Edge(end_of(number), end_of(parent), RETURN)


def _is_same_thread(trace: Trace, one: int, other: int) -> bool:
    return trace.domains[one].process == trace.domains[other].process and (
        thread_of(trace.spans[one]) == thread_of(trace.spans[other])
    )


def _by_start(trace: Trace, numbers: Sequence[int]) -> Iterator[Edge]:
    """From the sibling that began last of those that have ended to each start.

    Where pieces of work are interleaved a thread tells of nothing else than the order of starts.
    Of siblings only: what such a thread runs of other work has little to do with it, and clocks of
    traces with thousands of interleaved pieces would grow by each.
    """
    for siblings in _families(trace, numbers):
        by_end = sorted(siblings, key=lambda one: _times(trace, one)[1])
        last = NO_PARENT
        place = 0
        for number in siblings:  # by start
            start, _ = _times(trace, number)
            while _times(trace, by_end[place])[1] < start:
                last = max(last, by_end[place])  # numbers are by start
                place += 1
            if last != NO_PARENT and _times(trace, last)[0] < start:
                yield Edge(start_of(last), start_of(number), BEGAN)


def _around_orphans(trace: Trace, numbers: Sequence[int]) -> Iterator[Edge]:
    """From the span that a thread was in to what began in it, where its parent is missing."""
    running: list[int] = []
    for number in numbers:  # by start
        start, _ = _times(trace, number)
        while running and _times(trace, running[-1])[1] <= start:
            running.pop()
        if running and trace.orphans[number] >= 0 and _times(trace, running[-1])[0] < start:
            yield Edge(start_of(running[-1]), start_of(number), BEGAN)
        running.append(number)


def _times(trace: Trace, number: int) -> tuple[int, int]:
    span = trace.spans[number]
    return span.start_unix_nano, max(span.start_unix_nano, span.end_unix_nano)
