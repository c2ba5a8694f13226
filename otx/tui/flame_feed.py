"""The bridge from the Flame screen alone to a profile that is being taken."""

from collections.abc import Callable
from typing import ClassVar

from otx.tui.flame_look import FlameLook, Sampled, sampled_processes
from otx.tui.looking import LookingFeed
from otx.tui.snapshot import FlameInterest, FlameView, Interest, Snapshot, Status

INTERVAL_S = 0.25
"""Between two looks; what was sampled is copied twice a second at most, whoever asks."""
LONGEST_REST_S = 30.0
"""A tree of tens of thousands of stacks takes seconds to build: looking must not take a core then.
A key that asks for another view is answered at once all the same."""


class FlameFeed(LookingFeed):
    """A feed on one profile, without a store.

    Args:
        profile: The profile.
        clock: Unix time in nanoseconds, now.
        interval_s: Least time between two looks.
    """

    screens: ClassVar[tuple[str, ...]] = ("flame",)

    def __init__(
        self, profile: Sampled, clock: Callable[[], int], interval_s: float = INTERVAL_S
    ) -> None:
        super().__init__(_Looker(profile, clock), FlameInterest(), interval_s, LONGEST_REST_S)


class _Looker:
    def __init__(self, profile: Sampled, clock: Callable[[], int]) -> None:
        self._profile = profile
        self._flame = FlameLook(clock)
        self._seen: tuple[object, FlameView] | None = None
        self._status = Status()

    def look(self, interest: Interest) -> Snapshot:
        """The profile as it is now."""
        assert isinstance(interest, FlameInterest)  # noqa: S101 - there is no other screen
        snapshot = self._profile.snapshot()
        version = (interest, FlameLook.version_of(snapshot))
        if self._seen is None or self._seen[0] != version:
            self._seen = version, self._flame.look(interest, snapshot)
            self._status = Status(
                sampled_since_unix_nano=snapshot.began_unix_nano,
                processes=sampled_processes(snapshot),
                warnings=snapshot.warnings,
            )
        return Snapshot(self._status, self._seen[1])
