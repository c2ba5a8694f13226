"""The samples of one session, counted as they come: by stack, by span, and handed to a feed."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from otx.model.profile import Profile
from otx.model.stack import Sample
from otx.model.units import NS_PER_S
from otx.profile.events import VALUE_TYPES
from otx.profile.formats.profile import sampled_profile
from otx.profile.options import SamplingOptions
from otx.profile.session import ProfileSession
from otx.services.span_counts import SpanCounts
from otx.services.stack_counts import StackCounts, ThreadCounts, merge_threads

if TYPE_CHECKING:
    from otx.services.profile_feed import ProfileFeed  # 40 ms: OTLP's messages


class Gathering:
    """Takes samples on one thread, while others may ask for copies of what was counted.

    Args:
        session: What samples; closed by whoever opened it.
        options: What it was asked for.
        clock: Unix time in nanoseconds, now.
        feed: What samples are given to as well.
        by_thread: Whether a process's threads are told apart.

    Attributes:
        kind: What values are.
        spans: Values by stack and span.
        version: Grows when what was counted changes.
    """

    def __init__(
        self,
        session: ProfileSession,
        options: SamplingOptions,
        clock: Callable[[], int],
        feed: "ProfileFeed | None" = None,
        *,
        by_thread: bool = False,
    ) -> None:
        self.session = session
        self.kind = VALUE_TYPES[options.event]
        self.spans = SpanCounts(options.root_kind)
        self.version = 0
        self.began_unix_nano = clock()
        self._counts = StackCounts(root_kind=options.root_kind, by_thread=by_thread)
        self._clock = clock
        self._feed = feed
        self._lock = threading.Lock()

    @property
    def samples(self) -> int:
        """Samples so far."""
        return self._counts.samples

    def take(self, timeout_s: float) -> bool:
        """Take what was sampled, waiting so long at most; whether there may be more to come."""
        self._add(self.session.poll(timeout_s))
        return not self.session.has_ended

    def end(self) -> None:
        """Stop sampling, and take what was not taken yet, with the waits that go on."""
        self._add(self.session.end())

    def copies(self) -> tuple[int, ThreadCounts, ThreadCounts]:
        """The version, and what was counted since the start and in the last 60 seconds."""
        with self._lock:
            return self.version, _copy(self._counts.total), _copy(self._counts.window)

    def profile(self, duration_ns: int) -> Profile:
        """All of it, as a profile that took so long."""
        profile = sampled_profile(
            merge_threads(self._counts.total),
            self.session.stats(),
            round(NS_PER_S / self.session.period_ns),
            duration_ns,
            self.began_unix_nano,
            self.kind,
        )
        return self.spans.label(profile)

    def _add(self, samples: Sequence[Sample]) -> None:
        with self._lock:
            self._counts.add(samples)
            forgotten = self._counts.forget_before(self._clock())
            self.version += bool(samples) or forgotten
        self.spans.add(samples)
        if self._feed is not None:
            self._feed.add(samples)
            self._feed.sample_at(self.session.frequency_hz)


def _copy(counts: ThreadCounts) -> ThreadCounts:
    return {thread: dict(of_thread) for thread, of_thread in counts.items()}
