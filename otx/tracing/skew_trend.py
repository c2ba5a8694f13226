"""How far two clocks are apart over time, by their calls from moment to moment.

In a stretch of time theta is a line: an offset, and a drift by which it grows. The calls' bounds
are points that the line must pass above or below, so that the lines that pass between all of them
are known exactly, and with them the least and the greatest drift. Where no line passes, the clocks
stepped (or were drawn back to the right time), and another stretch begins. Where a stretch is too
short to tell its drift, that is taken for what no clock exceeds, 500 ppm.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from otx.tracing.skew_fit import MIN_CALLS, Fit, fit
from otx.tracing.skew_lines import Lines
from otx.tracing.skew_moments import Moment


class Range(NamedTuple):
    """The least and the greatest that something can be; None where nothing says so."""

    least: float | None
    most: float | None

    @property
    def middle(self) -> float | None:
        """Half way between; None where one end is open."""
        if self.least is None or self.most is None:
            return None
        return (self.least + self.most) / 2

    def margin(self, value: float) -> int:
        """How far what is possible is from a value; of a range that is open nowhere."""
        ends = [end for end in self if end is not None]
        return ceil(max(abs(end - value) for end in ends)) if ends else 0

    def has(self, value: float) -> bool:
        """Whether a value is not refuted."""
        return (self.least is None or self.least <= value) and (
            self.most is None or value <= self.most
        )


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Time in which theta was a line."""

    moments: Sequence[Moment]
    fit: Fit

    @property
    def lines(self) -> Lines:
        """What theta can have been."""
        return self.fit.lines

    @property
    def calls(self) -> int:
        """How many calls it is known by."""
        return sum(one.calls for one in self.moments)

    @property
    def refuted(self) -> int:
        """How many of them are not believed."""
        return sum(self.fit.refuted)

    def theta(self, at_unix_nano: int) -> Range:
        """What theta can be at a time, in nanoseconds."""
        return Range(*self.lines.range_at(at_unix_nano))

    def estimate(self, at_unix_nano: int) -> float | None:
        """What theta most simply is: as if nothing drifted, where that may be; None where unknown.

        So the fastest calls of the whole stretch tell it, as the fastest of several round trips do
        in NTP's clock filter (RFC 5905).
        """
        level = self.lines.level
        return self.theta(at_unix_nano).middle if level is None else level

    @property
    def drift(self) -> Range:
        """What theta can grow by, in nanoseconds a nanosecond."""
        least, most = self.lines.slopes
        is_open = self.lines.is_open
        return Range(None, None) if is_open else Range(least, most)


@dataclass(frozen=True, slots=True)
class Step:
    """A jump of theta between two moments, by so much."""

    after_unix_nano: int
    before_unix_nano: int
    by: Range


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Theta of one clock pair over time.

    Attributes:
        stretches: By time; none where nothing agrees.
        odd: Moments that contradict themselves, or are too few to be a stretch.
    """

    stretches: Sequence[Stretch]
    odd: Sequence[Moment]

    @property
    def steps(self) -> list[Step]:
        """Where theta jumped."""
        return list(_steps(self.stretches))


def trend(moments: Sequence[Moment]) -> Trend:
    """Theta over time.

    Args:
        moments: At least one; by time.
    """
    stretches: list[Stretch] = []
    odd: list[Moment] = []
    rest = list(moments)
    while rest:
        stretch = _longest(rest)
        if stretch is None:
            odd.append(rest.pop(0))
            continue
        if stretch.calls < MIN_CALLS < sum(one.calls for one in moments):
            odd += stretch.moments
        else:
            stretches.append(stretch)
        rest = rest[len(stretch.moments) :]
    return Trend(stretches, odd)


def _longest(moments: Sequence[Moment]) -> Stretch | None:
    """As many of the first moments as lines pass, by halving; None where the first has none."""
    found = _stretch(moments, len(moments))
    if found is not None:
        return found
    reached, step = 0, 1
    while (longer := _stretch(moments, reached + step)) is not None:
        found, reached, step = longer, reached + step, 2 * step
    beyond = min(reached + step, len(moments))
    while beyond - reached > 1:
        middle = (reached + beyond) // 2
        longer = _stretch(moments, middle)
        if longer is None:
            beyond = middle
        else:
            found, reached = longer, middle
    return found


def _stretch(moments: Sequence[Moment], count: int) -> Stretch | None:
    if count > len(moments):
        return None
    fitted = fit(moments[:count])
    return None if fitted is None else Stretch(moments[:count], fitted)


def _steps(stretches: Sequence[Stretch]) -> Iterator[Step]:
    for one, other in pairwise(stretches):
        last, first = one.moments[-1].begin_unix_nano, other.moments[0].begin_unix_nano
        before, after = one.theta(first), other.theta(first)
        by = Range(_less(after.least, before.most), _less(after.most, before.least))
        if not by.has(0):
            yield Step(last, first, by)


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
