"""A profile that is looked at while it is taken: its own thread, and snapshots of what it counted.

The thread takes samples and counts whole stacks; whoever looks asks for a snapshot when it wants
to draw, so a slow screen lowers its own rate and nothing queues up. However often it asks, what was
counted is copied twice a second at most.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from otx.environment import Environment
from otx.model.profile import SAMPLES, ValueType
from otx.model.stack import ProfileStats, Stack
from otx.output import HeldRemarks
from otx.services.gathering import Gathering
from otx.services.sampling import SamplingRequest, open_session
from otx.services.stack_counts import ThreadCounts, merge_threads

SNAPSHOT_PERIOD_S = 0.5
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class ProfileSnapshot:
    """What was sampled so far.

    Attributes:
        version: Grows when `total` or `window` changes; while it does not they are the very
            same objects.
        total: Values since the start.
        window: Values of the last 60 seconds.
        pids: The processes that are sampled now; none when all have ended.
        began_unix_nano: When sampling began; 0 where it has not.
        ended_unix_nano: When it ended, with its target or its time; 0 while it goes on.
        kind: What the values are.
        warnings: What was said of it so far.
    """

    version: int = 0
    total: ThreadCounts = field(default_factory=dict)
    window: ThreadCounts = field(default_factory=dict)
    stats: ProfileStats = field(default_factory=ProfileStats)
    frequency_hz: int = 0
    pids: tuple[int, ...] = ()
    began_unix_nano: int = 0
    ended_unix_nano: int = 0
    kind: ValueType = SAMPLES
    warnings: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[Stack, int]:
        """Values since the start by stack, whichever thread was seen so."""
        return merge_threads(self.total)


class LiveProfile:
    """Samples in a thread of its own, from entering this context to leaving it.

    Leaving takes what was not taken yet, and raises what ended the thread, if anything did.

    Args:
        gathering: What is sampled and counted; its session stays open until the context is left.
        environment: The clock.
        remarks: Where warnings wait that are for a screen to show.
        take: Takes samples, waiting so many seconds at most; whether there may be more to come.
            None: the gathering does.
    """

    def __init__(
        self,
        gathering: Gathering,
        environment: Environment,
        remarks: HeldRemarks,
        take: Callable[[float], bool] | None = None,
    ) -> None:
        self._gathering = gathering
        self._clock = environment.clock
        self._remarks = remarks
        self._take = take or gathering.take
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otx-profile", daemon=True)
        self._failure: BaseException | None = None
        self._last = ProfileSnapshot()
        self._looked_s = 0.0
        self._ended_unix_nano = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._last = self._look()
        if self._failure is not None and error is None:
            raise self._failure

    @property
    def has_failed(self) -> bool:
        """Whether something ended the thread that should not have."""
        return self._failure is not None

    def snapshot(self) -> ProfileSnapshot:
        """What was sampled so far, as it was half a second ago or later."""
        if self._thread.is_alive() and time.monotonic() - self._looked_s >= SNAPSHOT_PERIOD_S:
            self._last = self._look()
            self._looked_s = time.monotonic()
        elif self._ended_unix_nano and not self._last.ended_unix_nano:
            self._last = self._look()
        return self._last

    def _look(self) -> ProfileSnapshot:
        gathering, session = self._gathering, self._gathering.session
        now = replace(
            self._last,
            stats=session.stats(),
            frequency_hz=session.frequency_hz,
            pids=session.pids,
            began_unix_nano=gathering.began_unix_nano,
            ended_unix_nano=self._ended_unix_nano,
            kind=gathering.kind,
            warnings=tuple(self._remarks.said),
        )
        if gathering.version == self._last.version:
            return now
        version, total, window = gathering.copies()
        return replace(now, version=version, total=total, window=window)

    def _run(self) -> None:
        try:
            goes_on = True
            while goes_on and not self._stop.is_set():
                goes_on = self._take(POLL_S)
            self._gathering.end()
        except BaseException as error:
            self._failure = error
        self._ended_unix_nano = self._clock()


@contextmanager
def live_profile(environment: Environment, request: SamplingRequest) -> Iterator[LiveProfile]:
    """A profile for screens: sampled with the best that works here, until the context is left.

    Raises:
        MachineError: This machine won't.
        UsageError: There is no such process.
    """
    remarks = HeldRemarks(environment)
    with remarks, open_session(environment, request, remarks) as session:
        gathering = Gathering(session, request.options, environment.clock, by_thread=True)
        with LiveProfile(gathering, environment, remarks) as profile:
            yield profile
