"""A session whose samples a test makes up; it samples nobody."""

import threading
from collections import deque

from otx.model.stack import ProfileStats, Sample
from otx.profile.session import ProfileSession


class FakeSession(ProfileSession):
    """Gives the samples it was given.

    Attributes:
        failure: What the next look for samples ends in.
        was_ended: Whether sampling was stopped.
    """

    frequency_hz = 99
    period_ns = 10**9 // 99
    has_ended = False

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self.was_ended = False
        self._given: deque[Sample] = deque()
        self._news = threading.Event()
        self._counted = 0

    @property
    def pids(self) -> tuple[int, ...]:
        """One process, until it has ended."""
        return () if self.has_ended else (7,)

    def give(self, *samples: Sample) -> None:
        """Have these taken next."""
        self._given.extend(samples)
        self._news.set()

    def poll(self, timeout_s: float, *, patience_ns: float = 0) -> list[Sample]:
        """What was given since the last call."""
        if self.failure is not None:
            raise self.failure
        self._news.wait(timeout_s)
        self._news.clear()
        taken = [self._given.popleft() for _ in range(len(self._given))]
        self._counted += len(taken)
        return taken

    def end(self) -> list[Sample]:
        """What was given and not taken."""
        self.was_ended = True
        return self.poll(0)

    def stats(self) -> ProfileStats:
        """The samples."""
        return ProfileStats(self._counted)
