"""How much one sample stands for, by how many of them there are.

An event that comes more often than the target should pay for is sampled more rarely, and each
sample stands for more. It is looked at a few times a second.
"""

from otx.model.units import NS_PER_S

_LOOK_NS = 200_000_000


class Pace:
    """What a sample stands for: doubled while there are too many, halved below a quarter of that.

    Args:
        least: The smallest it may be.
        greatest: The largest it may be, or a little more.
        most_per_s: Samples a second that are not too many.
        now_ns: The time on a monotonic clock.
        first: What it is to begin with, where that is not the smallest.

    Attributes:
        period: What a sample stands for, in the event's unit.
    """

    def __init__(
        self, least: int, greatest: int, most_per_s: int, now_ns: int, first: int = 0
    ) -> None:
        self.period = first or least
        self._least = least
        self._greatest = greatest
        self._most_per_s = most_per_s
        self._samples = 0
        self._since_ns = now_ns

    def count(self, samples: int, now_ns: int) -> bool:
        """Count samples; whether the period is another one now."""
        self._samples += samples
        elapsed_ns = now_ns - self._since_ns
        if elapsed_ns < _LOOK_NS:
            return False
        rate_per_s = self._samples * NS_PER_S / elapsed_ns
        self._samples, self._since_ns = 0, now_ns
        before = self.period
        while rate_per_s > self._most_per_s and self.period < self._greatest:
            self.period *= 2
            rate_per_s /= 2
        if rate_per_s < self._most_per_s / 4:
            self.period = max(self.period // 2, self._least)
        return self.period != before
