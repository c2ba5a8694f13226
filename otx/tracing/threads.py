"""What the threads that spans ran in tell of their order.

A thread does one thing after another (Lamport's program order), so that all that began and ended
in it has one order, whoever's children the spans are and whichever of their parents are missing.
Spans say in which thread they began. That they ended in it too is taken for granted only where
calls block: not in runtimes that wait without a thread, and not where spans of one process show
that they did not block theirs.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.domains import has_one_thread, may_move, thread_of
from otx.tracing.edges import RETURN, THREAD, Edge, end_of, start_of
from otx.tracing.grain import grain_ns

_MOST_AT_ONCE = 8
"""Of more spans that ended at one time no order is told; what follows from them would be many."""


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
        yield from _by_end(trace, numbers)
        if not has_one_thread(trace.spans[numbers[0]]):
            yield from _around_orphans(trace, numbers)


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
            if _times(trace, around)[1] < end - grain_ns(trace.spans[number]):
                return True
            if parent != NO_PARENT and parent == trace.parents[around]:
                return _times(trace, around)[0] < start < _times(trace, around)[1]
        running.append(number)
    return False


def _by_end(trace: Trace, numbers: Sequence[int]) -> Iterator[Edge]:
    """Ends in their order, and from the last of them before it to each start."""
    groups = [
        list(them)
        for _, them in groupby(
            sorted(numbers, key=lambda one: (_times(trace, one)[1], -_times(trace, one)[0])),
            key=lambda one: (_times(trace, one)[1], _times(trace, one)[0]),
        )
    ]
    last: list[int] = []
    place = 0
    for number in numbers:  # by start
        start, _ = _times(trace, number)
        while place < len(groups) and _is_over(trace, groups[place][0], start):
            yield from _between(trace, last, groups[place])
            last = groups[place]
            place += 1
        if len(last) <= _MOST_AT_ONCE:
            yield from (Edge(end_of(one), start_of(number), THREAD) for one in last)
    for group in groups[place:]:
        yield from _between(trace, last, group)
        last = group


def _between(trace: Trace, earlier: Sequence[int], later: Sequence[int]) -> Iterator[Edge]:
    if len(later) > 1:
        members = set(later)
        for number in later:
            if trace.parents[number] in members:
                yield Edge(end_of(number), end_of(trace.parents[number]), RETURN)
    if max(len(earlier), len(later)) > _MOST_AT_ONCE:
        return
    for one in earlier:
        for other in later:
            rule = RETURN if trace.parents[one] == other else THREAD
            if trace.parents[other] != one:
                yield Edge(end_of(one), end_of(other), rule)


def _is_over(trace: Trace, number: int, start_ns: int) -> bool:
    """Whether a span had ended when another of its thread began."""
    return _times(trace, number)[1] + _grain(trace, number) < start_ns


def _by_start(trace: Trace, numbers: Sequence[int]) -> Iterator[Edge]:
    """From the span that began last of those that have ended to each start."""
    by_end = sorted(numbers, key=lambda one: _times(trace, one)[1])
    last = NO_PARENT
    place = 0
    for number in numbers:  # by start
        start, _ = _times(trace, number)
        while place < len(by_end) and _times(trace, by_end[place])[1] < start:
            last = max(last, by_end[place])  # numbers are by start
            place += 1
        if last != NO_PARENT and _times(trace, last)[0] < start:
            yield Edge(start_of(last), start_of(number), THREAD)


def _around_orphans(trace: Trace, numbers: Sequence[int]) -> Iterator[Edge]:
    """From the span that a thread was in to what began in it, where its parent is missing."""
    running: list[int] = []
    for number in numbers:  # by start
        start, _ = _times(trace, number)
        while running and _times(trace, running[-1])[1] <= start:
            running.pop()
        if running and trace.orphans[number] >= 0 and _times(trace, running[-1])[0] < start:
            yield Edge(start_of(running[-1]), start_of(number), THREAD)
        running.append(number)


def _times(trace: Trace, number: int) -> tuple[int, int]:
    span = trace.spans[number]
    return span.start_unix_nano, max(span.start_unix_nano, span.end_unix_nano)


def _grain(trace: Trace, number: int) -> int:
    """Times of one process are rounded alike, so that only JavaScript's ends may be early."""
    span = trace.spans[number]
    return grain_ns(span) if has_one_thread(span) else 0
