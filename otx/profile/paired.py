"""How much less work a program does while something is switched on, told from what varies anyway.

Work is counted in short windows with the switch on and off by turns, in blocks of ABBA or BAAB at
random: what changes slowly (other machines on the host, frequency, temperature) is alike in both
halves of a pair and cancels out. The median of the pairs' log ratios is the loss; resampling whole
blocks, because windows of one are alike, gives its interval. Beside it stands a null, whose switch
does nothing: what is smaller than the null's interval was not seen.
"""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
_RESAMPLES = 2_000
_LEAST_BLOCKS = 3

Block = Sequence[float]
"""The log ratios of work done, on to off, of a block's pairs."""

ORDERS = ((True, False, False, True), (False, True, True, False))
"""In which windows of a block the switch is on."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The share of work that is lost, with its interval; negative where more was done.

    Attributes:
        pairs: How many pairs of windows it was told from.
    """

    median: float
    low: float
    high: float
    pairs: int

    @property
    def covers_nothing(self) -> bool:
        """Whether no loss at all is within the interval."""
        return self.low <= 0 <= self.high

    @property
    def width(self) -> float:
        """From one end of the interval to the other."""
        return self.high - self.low

    def scaled(self, factor: float) -> "Loss":
        """The loss of something that happens so many times as often."""
        return Loss(self.median * factor, self.low * factor, self.high * factor, self.pairs)


def loss_of(blocks: Sequence[Block]) -> Loss | None:
    """The median loss with its 95 % bootstrap interval over blocks; None of fewer than three."""
    kept = [statistics.fmean(block) for block in blocks if block]
    if len(kept) < _LEAST_BLOCKS:
        return None
    draw = random.Random(1)  # the same interval of the same windows
    medians = sorted(statistics.median(draw.choices(kept, k=len(kept))) for _ in range(_RESAMPLES))
    tail = (1 - CONFIDENCE) / 2
    low, high = medians[int(tail * _RESAMPLES)], medians[int((1 - tail) * _RESAMPLES)]
    pairs = sum(len(block) for block in blocks)
    return Loss(_share(statistics.median(kept)), _share(high), _share(low), pairs)


def _share(log_ratio: float) -> float:
    """The share of work that is missing where the ratio of work is this."""
    return -math.expm1(log_ratio)
