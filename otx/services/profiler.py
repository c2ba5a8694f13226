"""A profile that runs beside something else: its own thread, and snapshots of what it counted.

The thread takes samples and counts whole stacks; whoever looks asks for a snapshot when it wants
to draw, so a slow screen lowers its own rate and nothing queues up. The count of distinct stacks
is bounded: samples whose stack is new when there are that many are counted under one frame.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from otx.errors import OtxError
from otx.model.stack import Frame, FrameKind, ProfileStats, Sample, Stack, Thread
from otx.profile.cost import DEFAULT_BOUND
from otx.profile.session import ProfileSession, Target
from otx.profile.targets import process_of

MAX_STACKS = 50_000
MAX_THREAD_NAMES = 64
"""Names of threads told apart in one process; the others are one thread without a name."""
WINDOW_S = 60
_POLL_S = 0.1
_NS_PER_S = 1_000_000_000

OTHER_STACKS = Frame("[other stacks]", "process")
"""Stands for the stacks there was no room for."""


ThreadCounts: TypeAlias = Mapping[Thread, Mapping[Stack, int]]
"""Samples by thread, then by stack; a stack's first frame is `Frame(comm, "process")`."""


@dataclass(frozen=True, slots=True)
class ProfileSnapshot:
    """What was sampled so far.

    Attributes:
        version: Grows when `total` or `window` changes; while it does not they are the very
            same objects.
        total: Samples since the start.
        window: Samples of the last 60 seconds.
        pids: The processes that are sampled now; none when all have ended.
        began_unix_nano: When sampling began; 0 where it has not.
    """

    version: int = 0
    total: ThreadCounts = field(default_factory=dict)
    window: ThreadCounts = field(default_factory=dict)
    stats: ProfileStats = field(default_factory=ProfileStats)
    frequency_hz: int = 0
    pids: tuple[int, ...] = ()
    began_unix_nano: int = 0

    @property
    def counts(self) -> Mapping[Stack, int]:
        """Samples since the start by stack, whichever thread was seen so."""
        return merge_threads(self.total)


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
        self._names: dict[int, set[str]] = {}
        self._seconds: deque[tuple[int, dict[Thread, dict[Stack, int]]]] = deque()

    def add(self, samples: Iterable[Sample]) -> None:
        """Count samples."""
        for sample in samples:
            self.samples += 1
            thread = self._thread_of(sample)
            stack = (Frame(sample.comm, self._root_kind), *sample.stack)
            if stack not in self.total.get(thread, ()):
                if self._room > 0:
                    self._room -= 1
                else:
                    stack = (OTHER_STACKS,)
            self._add_one(thread, stack, sample.time_unix_nano // _NS_PER_S, sample.value)

    def _thread_of(self, sample: Sample) -> Thread:
        """Whose stack it is; threads named for each request must not use up the room of stacks."""
        names = self._names.setdefault(sample.pid, set())
        if not self._by_thread or (sample.thread not in names and len(names) >= MAX_THREAD_NAMES):
            return Thread(sample.pid, "")
        names.add(sample.thread)
        return Thread(sample.pid, sample.thread)

    def forget_before(self, now_unix_nano: int) -> bool:
        """Take out of the window what is older than 60 seconds; whether anything was."""
        oldest = now_unix_nano // _NS_PER_S - WINDOW_S
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

    def _add_one(self, thread: Thread, stack: Stack, second: int, value: int) -> None:
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


def _copy(counts: ThreadCounts) -> ThreadCounts:
    return {thread: dict(of_thread) for thread, of_thread in counts.items()}


class LiveProfile:
    """Samples in a thread of its own until it is stopped.

    The arguments are those of `ProfileSession`.

    Args:
        on_warning: Told what is lost, each thing once; may be called in the sampling thread.
        clock: Unix time in nanoseconds, now.
    """

    def __init__(
        self,
        target: Target,
        *,
        frequency_hz: int = 99,
        kernel: bool = True,
        python: bool = True,
        lines: bool = False,
        cache_dir: Path | None = None,
        on_warning: Callable[[str], None] = lambda text: None,
        debug: Callable[[str], None] | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._open_session = partial(
            ProfileSession,
            target,
            frequency_hz=frequency_hz,
            kernel=kernel,
            python=python,
            lines=lines,
            cache_dir=cache_dir,
            max_overhead=DEFAULT_BOUND,
            on_warning=on_warning,
            debug=debug,
        )
        self._on_warning = on_warning
        self._clock = clock
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._counts = StackCounts()
        self._waiting_pids: deque[int] = deque()
        self._version = 0
        self._session: ProfileSession | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._last = ProfileSnapshot()
        self._began_unix_nano = 0

    def start(self) -> None:
        """Begin to sample.

        Raises:
            MachineError: This machine won't.
            UsageError: There is no such process.
        """
        self._session = self._open_session()
        self._began_unix_nano = self._clock()
        self._thread = threading.Thread(target=self._run, name="otx-profile", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take the last samples and end; snapshots stay.

        Raises:
            Exception: What ended the sampling thread, if anything did.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.snapshot()  # the last one, which is kept
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()
        if self._failure is not None:
            raise self._failure

    def add_pid(self, pid: int) -> None:
        """Sample one more process, from the next time the thread looks (0.1 s).

        Raises:
            UsageError: There is no such process.
        """
        self._waiting_pids.append(process_of(pid))

    def snapshot(self) -> ProfileSnapshot:
        """What was sampled so far."""
        with self._lock:
            session = self._session
            if session is None:
                return self._last
            total, window = self._last.total, self._last.window
            if self._version != self._last.version:
                total, window = _copy(self._counts.total), _copy(self._counts.window)
            self._last = ProfileSnapshot(
                self._version,
                total,
                window,
                session.stats(),
                session.frequency_hz,
                session.pids,
                self._began_unix_nano,
            )
            return self._last

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._take(_POLL_S)
            self._take(0)
        except BaseException as error:
            self._failure = error

    def _take(self, timeout_s: float) -> None:
        session = self._session
        if session is None:
            return
        samples = session.poll(timeout_s)
        while self._waiting_pids:
            try:
                session.add_pid(self._waiting_pids.popleft())
            except OtxError as error:  # it has ended meanwhile, or there are too many
                self._on_warning(error.message)
        with self._lock:
            self._counts.add(samples)
            forgotten = self._counts.forget_before(self._clock())
            self._version += bool(samples) or forgotten
