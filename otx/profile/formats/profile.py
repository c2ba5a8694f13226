"""A finished profile: what every format writes."""

from collections.abc import Mapping
from dataclasses import dataclass

from otx.model.stack import ProfileStats, Stack


@dataclass(frozen=True, slots=True)
class Profile:
    """What was sampled.

    Attributes:
        counts: Samples by stack; a stack's first frame is the process or thread.
        duration_ns: How long it was sampled.
    """

    counts: Mapping[Stack, int]
    stats: ProfileStats
    frequency_hz: int
    duration_ns: int

    @property
    def total(self) -> int:
        """The samples of all stacks."""
        return sum(self.counts.values())
