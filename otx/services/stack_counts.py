"""Counts of whole stacks by thread, of all time and of the last minute, within bounds.

The count of distinct stacks is bounded: samples whose stack is new when there are that many are
counted under one frame.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from otx.model.stack import Frame, FrameKind, KnownStack, Sample, Stack, Thread
from otx.model.units import NS_PER_S

MAX_STACKS = 50_000
MAX_THREAD_NAMES = 64
"""Names of threads told apart in one process; the others are one thread without a name."""
WINDOW_S = 60

OTHER_STACKS = Frame("[other stacks]", "process")
"""Stands for the stacks there was no room for."""
_OTHER = KnownStack((OTHER_STACKS,))


ThreadCounts: TypeAlias = Mapping[Thread, Mapping[Stack, int]]
"""Samples by thread, then by stack; a stack's first frame is `Frame(comm, "process")`."""


class StackCounts:
    """Counts of whole stacks by thread, of all time and of the last 60 seconds.

    Args:
        limit: Distinct stacks kept; what is new beyond goes to `OTHER_STACKS`.
        root_kind: What the samples' comm names.
        by_thread: Whether a process's threads are told apart.
    """

    def __init__(
        self,
        limit: int = MAX_STACKS,
        root_kind: FrameKind = "process",
        *,
        by_thread: bool = True,
    ) -> None:
        self.samples = 0
        self.total: dict[Thread, dict[Stack, int]] = {}
        self.window: dict[Thread, dict[Stack, int]] = {}
        self._room = limit
        self._root_kind = root_kind
        self._by_thread = by_thread
        self._known: dict[Stack, KnownStack] = {}
        self._names: dict[int, set[str]] = {}
        self._seconds: deque[tuple[int, dict[Thread, dict[Stack, int]]]] = deque()

    def add(self, samples: Iterable[Sample]) -> None:
        """Count samples."""
        for sample in samples:
            self.samples += 1
            thread = self._thread_of(sample)
            stack = self._kept((Frame(sample.comm, self._root_kind), *sample.stack), thread)
            self._add_one(thread, stack, sample.time_unix_nano // NS_PER_S, sample.value)

    def _kept(self, stack: Stack, thread: Thread) -> KnownStack:
        """The stack to count, which is another one where there is no room."""
        known = self._known.get(stack)
        if known is not None and known in self.total.get(thread, ()):
            return known
        if not self._room:
            return _OTHER
        self._room -= 1
        if known is None:
            known = KnownStack(stack)
            self._known[known] = known
        return known

    def _thread_of(self, sample: Sample) -> Thread:
        """Whose stack it is; threads named for each request must not use up the room of stacks."""
        names = self._names.setdefault(sample.pid, set())
        if not self._by_thread or (sample.thread not in names and len(names) >= MAX_THREAD_NAMES):
            return Thread(sample.pid, "")
        names.add(sample.thread)
        return Thread(sample.pid, sample.thread)

    def forget_before(self, now_unix_nano: int) -> bool:
        """Take out of the window what is older than 60 seconds; whether anything was."""
        oldest = now_unix_nano // NS_PER_S - WINDOW_S
        before = len(self._seconds)
        while self._seconds and self._seconds[0][0] <= oldest:
            for thread, counts in self._seconds.popleft()[1].items():
                self._forget(thread, counts)
        return len(self._seconds) < before

    def _forget(self, thread: Thread, counts: Mapping[Stack, int]) -> None:
        window = self.window[thread]
        for stack, count in counts.items():
            left = window[stack] - count
            if left:
                window[stack] = left
            else:
                del window[stack]
        if not window:
            del self.window[thread]

    def _add_one(self, thread: Thread, stack: KnownStack, second: int, value: int) -> None:
        # Samples of several processors may come a little out of order; never by a second.
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, {}))
        for counted in (self.total, self.window, self._seconds[-1][1]):
            of_thread = counted.setdefault(thread, {})
            of_thread[stack] = of_thread.get(stack, 0) + value


def merge_threads(counts: ThreadCounts) -> Mapping[Stack, int]:
    """The same samples by stack alone."""
    if len(counts) == 1:
        return next(iter(counts.values()))
    merged: dict[Stack, int] = {}
    for of_thread in counts.values():
        for stack, value in of_thread.items():
            merged[stack] = merged.get(stack, 0) + value
    return merged
