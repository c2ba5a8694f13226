"""Threads and tasks in simulated time, with Lamport's happened-before kept while they run.

The truth is known by full vector clocks, one component a thread: an event of a thread knows all
events of that thread before it (program order), and what it was told by messages, by whoever
started its task, and by the tasks that it joined (Lamport 1978).
"""

import heapq
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Stamp(NamedTuple):
    """An event: which of its thread's it is, and how many it knows of each thread."""

    thread: int
    nth: int
    known: Mapping[int, int]


def happened_before(one: Stamp, other: Stamp) -> bool:
    """Whether the first happened before the second, in truth."""
    is_same = one[:2] == other[:2]
    return not is_same and other.known.get(one.thread, 0) >= one.nth


class Thread:
    """A sequence of events.

    Attributes:
        number: In the whole execution.
        name: As its runtime calls it; the id within its process is at the end.
    """

    def __init__(self, number: int, thread_id: int, name: str) -> None:
        self.number = number
        self.thread_id = thread_id
        self.name = name
        self._known: dict[int, int] = {}

    def tick(self) -> Stamp:
        """One more event."""
        nth = self._known[self.number] = self._known.get(self.number, 0) + 1
        return Stamp(self.number, nth, dict(self._known))

    def learn(self, stamp: Stamp) -> None:
        """Receive what another event knew."""
        for thread, nth in stamp.known.items():
            if self._known.get(thread, 0) < nth:
                self._known[thread] = nth


@dataclass(eq=False)
class Signal:
    """Something that tasks wait for: a response, the end of a task, a message in a queue.

    Attributes:
        stamp: Of the event that gave it; None until then.
        failed: What it says.
    """

    stamp: Stamp | None = None
    failed: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)


class Pause(NamedTuple):
    """What a task yields: wait so long, or until the signal if that comes first."""

    ns: int | None
    signal: Signal | None = None


Steps: TypeAlias = Generator[Pause, None, T]


class Engine:
    """Runs tasks in the order of simulated time.

    Attributes:
        now_ns: The true time.
    """

    def __init__(self) -> None:
        self.now_ns = 0
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._tie = count()

    def at(self, delay_ns: int, call: Callable[[], None]) -> None:
        """Call something later."""
        heapq.heappush(self._queue, (self.now_ns + delay_ns, next(self._tie), call))

    def start(self, steps: Steps[None]) -> None:
        """Run a task up to its first pause, and from there as time goes by."""
        pause = next(steps, None)
        if pause is None:
            return
        resumed = False

        def resume() -> None:
            nonlocal resumed
            if not resumed:
                resumed = True
                self.start(steps)

        if pause.ns is not None:
            self.at(pause.ns, resume)
        if pause.signal is not None:
            if pause.signal.stamp is not None:
                self.at(0, resume)
            else:
                pause.signal.waiting.append(resume)

    def give(self, signal: Signal, stamp: Stamp, failed: bool = False) -> None:
        """Let all that wait for a signal go on."""
        signal.stamp, signal.failed = stamp, failed
        for resume in signal.waiting:
            self.at(0, resume)

    def run(self) -> None:
        """Run until nothing is left to do."""
        while self._queue:
            self.now_ns, _, call = heapq.heappop(self._queue)
            call()
