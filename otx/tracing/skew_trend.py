"""How far two clocks are apart over time, by their calls from moment to moment.

In a stretch of time theta is a line: an offset, and a drift by which it grows. The calls' bounds
are points that the line must pass above or below, so that the lines that pass between all of them
are known exactly, and with them the least and the greatest drift. Where no line passes, the clocks
stepped (or were drawn back to the right time), and another stretch begins. No quartz drifts by more
than 500 ppm (RFC 5905, the frequency tolerance of NTP's clock discipline), which is what the drift
of a stretch of one moment is taken for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from otx.tracing.skew_lines import MAX_DRIFT, Lines, Point, lines_above, lines_between

MIN_CALLS = 3
"""Fewer calls between two others that agree without them are odd ones out, not a step."""
_LOOK_AHEAD = 2


class Where(NamedTuple):
    """The server's span that a bound is known by."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, eq=False)
class Moment:
    """The calls of one clock pair in a short time.

    Attributes:
        begin_unix_nano: The begin of that time, by the client's clock.
        calls: How many there are.
        closed: How many of them bound theta from above.
        outside: How many servers lie outside their client's time.
        lower: What they say most from below, and when.
        uppers: What they say from above, tightest first; the first few.
        lower_by: Who says most from below.
        upper_by: Who says most from above; None where nobody does.
    """

    begin_unix_nano: int
    calls: int
    closed: int
    outside: int
    lower: Point
    uppers: Sequence[Point]
    lower_by: Where
    upper_by: Where | None = None

    @cached_property
    def refuted(self) -> int:
        """How many bounds from above are under one from below."""
        low = self.lower
        return sum(one.ns + MAX_DRIFT * abs(one.at - low.at) < low.ns for one in self.uppers)

    @cached_property
    def upper(self) -> Point | None:
        """What is believed from above: as many as were refuted may hide among the tightest."""
        doubted = 2 * self.refuted
        return self.uppers[doubted] if doubted < len(self.uppers) else None


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
    lines: Lines

    @property
    def calls(self) -> int:
        """How many calls it is known by."""
        return sum(one.calls for one in self.moments)

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
        stretches: By time; at least one.
        odd: Moments that contradict what is before and behind them.
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
        taken, left_out = _longest(rest)
        stretch = _stretch([rest[place] for place in taken])
        rest_begins = max([*taken, *left_out]) + 1
        few = [rest[place] for place in left_out]
        if stretch.calls < MIN_CALLS and len(moments) > len(taken):
            few += stretch.moments
        else:
            stretches.append(stretch)
        odd += few
        rest = rest[rest_begins:]
    # Where nothing agrees with anything, only what is certain is left.
    return Trend(stretches or [Stretch(moments, lines_above(moments[-1].lower))], odd)


def _stretch(moments: Sequence[Moment]) -> Stretch:
    lines = _lines(moments)
    assert lines is not None  # noqa: S101 - a moment alone always has one
    return Stretch(moments, lines)


def _lines(moments: Sequence[Moment], more: Sequence[Point] = ()) -> Lines | None:
    lowers = [*(one.lower for one in moments), *more]
    return lines_between(lowers, [one.upper for one in moments if one.upper is not None])


def _longest(moments: Sequence[Moment]) -> tuple[list[int], list[int]]:
    """The places of the first moments that one line passes, and of those among them it does not."""
    taken: list[int] = []
    left_out: list[int] = []
    begin = 0
    while True:
        end = _furthest(moments, taken, begin)
        taken += range(begin, end)
        ahead = range(end + 1, min(end + 1 + _LOOK_AHEAD, len(moments)))
        if not ahead or not _is_odd(moments, taken, end, ahead):
            return taken, left_out
        left_out.append(end)
        begin = end + 1


def _is_odd(
    moments: Sequence[Moment], taken: Sequence[int], odd: int, ahead: Sequence[int]
) -> bool:
    """Whether what is behind a moment agrees with what is before it, and it itself from below.

    What calls say from below is certain: where that does not agree, the clocks stepped.
    """
    around = [moments[place] for place in (*taken, *ahead)]
    return _lines(around) is not None and _lines(around, [moments[odd].lower]) is not None


def _furthest(moments: Sequence[Moment], taken: Sequence[int], begin: int) -> int:
    """How far a line passes that passes those taken, by halving: more moments leave fewer lines."""
    kept = [moments[place] for place in taken]
    if _lines([*kept, *moments[begin:]]) is not None:
        return len(moments)
    reached, beyond = begin if kept else begin + 1, len(moments) + 1
    step = 1
    while reached + step < beyond and _lines([*kept, *moments[begin : reached + step]]) is not None:
        reached += step
        step *= 2
    beyond = min(beyond, reached + step)
    while beyond - reached > 1:
        middle = (reached + beyond) // 2
        if _lines([*kept, *moments[begin:middle]]) is None:
            beyond = middle
        else:
            reached = middle
    return min(reached, len(moments))


def _steps(stretches: Sequence[Stretch]) -> Iterator[Step]:
    for one, other in pairwise(stretches):
        last, first = one.moments[-1].begin_unix_nano, other.moments[0].begin_unix_nano
        before, after = one.theta(first), other.theta(first)
        by = Range(_less(after.least, before.most), _less(after.most, before.least))
        if not by.has(0):
            yield Step(last, first, by)


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
