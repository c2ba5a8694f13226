"""All lines that pass above some points and below others.

For a slope the lines differ by their height alone: it is between the highest of the lower points
and the lowest of the upper ones, both seen along the slope. The room between the two is concave
over the slopes, so that the slopes that leave any are one interval, found by halving: the points
that touch tell on which side there is more. Only the points on the convex hulls matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

MAX_DRIFT = 500e-6
"""More than any quartz drifts, and what a kernel draws a clock by at most (adjtimex(2))."""
_ROUNDS = 50
_ROUNDING_NS = 0.5
"""What floats may lose where one line alone passes."""

_Dot: TypeAlias = tuple[float, float]
"""A point, seen from the origin."""


class Point(NamedTuple):
    """A bound on theta, and when it held, both in nanoseconds."""

    at: int
    ns: int


class _Touch(NamedTuple):
    """A line that touches a point: its height at a time, and the point's time."""

    height: float
    at: float


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines that pass.

    Attributes:
        lowers: The points they pass above, those on the hull.
        uppers: Those they pass below; none where nothing bounds them from above.
        slope: One of their slopes; of lines that do not pass the one that comes nearest.
        origin: What points are seen from, so that floats are exact enough.
    """

    lowers: Sequence[_Dot]
    uppers: Sequence[_Dot]
    slope: float
    origin: Point

    @property
    def is_open(self) -> bool:
        """Whether nothing bounds them from above."""
        return not self.uppers

    @cached_property
    def slopes(self) -> tuple[float, float]:
        """The least and the greatest of their slopes."""
        if self.is_open:
            return (-MAX_DRIFT, MAX_DRIFT)
        return (self._last_slope(-MAX_DRIFT), self._last_slope(MAX_DRIFT))

    def range_at(self, at: int) -> tuple[float | None, float | None]:
        """The least and the greatest height at a time."""
        x = float(at - self.origin.at)
        least = self.origin.ns + self._least(x)
        return least, None if self.is_open else self.origin.ns + self._most(x)

    @property
    def room_ns(self) -> float:
        """How far apart the points are along the slope; below 0 where no line passes."""
        return float("inf") if self.is_open else _room(self.lowers, self.uppers, self.slope)[0]

    def over(self, point: Point) -> float:
        """How far a point is over the lowest line of the slope that passes above the lower ones."""
        x, y = float(point.at - self.origin.at), float(point.ns - self.origin.ns)
        return y - _over(self.lowers, self.slope, x).height

    @property
    def level(self) -> float | None:
        """The height of the level line in the middle; None where no level line passes."""
        if self.is_open or not self.slopes[0] <= 0 <= self.slopes[1]:
            return None
        low, high = _over(self.lowers, 0.0, 0.0).height, _under(self.uppers, 0.0, 0.0).height
        return self.origin.ns + (low + high) / 2

    def _last_slope(self, outside: float) -> float:
        """The last slope on the way outside that leaves any room."""
        inside = self.slope
        if _room(self.lowers, self.uppers, outside)[0] >= -_ROUNDING_NS:
            return outside
        for _ in range(_ROUNDS):
            middle = (inside + outside) / 2
            if _room(self.lowers, self.uppers, middle)[0] >= -_ROUNDING_NS:
                inside = middle
            else:
                outside = middle
        return outside

    def _least(self, x: float) -> float:
        """The least height: as the slope grows, the touching point goes from right to left of x."""
        low, high = self.slopes
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            low, high = (low, middle) if _over(self.lowers, middle, x).at < x else (middle, high)
        return min(_over(self.lowers, slope, x).height for slope in (*self.slopes, low, high))

    def _most(self, x: float) -> float:
        """The greatest height, likewise."""
        low, high = self.slopes
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            low, high = (middle, high) if _under(self.uppers, middle, x).at < x else (low, middle)
        return max(_under(self.uppers, slope, x).height for slope in (*self.slopes, low, high))


def lines_between(lowers: Sequence[Point], uppers: Sequence[Point]) -> Lines | None:
    """The lines above the one and below the other; None where there are none.

    Args:
        lowers: At least one.
        uppers: Any number.
    """
    best = widest(lowers, uppers)
    return best if best.room_ns >= -_ROUNDING_NS else None


def widest(lowers: Sequence[Point], uppers: Sequence[Point]) -> Lines:
    """As `lines_between`, but where there are none what comes nearest to it: room below nothing."""
    origin = lowers[0]
    below = _hull([(float(x - origin.at), float(y - origin.ns)) for x, y in lowers], 1)
    above = _hull([(float(x - origin.at), float(y - origin.ns)) for x, y in uppers], -1)
    if not above:
        return Lines(below, (), 0.0, origin)
    low, high = -MAX_DRIFT, MAX_DRIFT
    middle = 0.0
    for _ in range(_ROUNDS):
        room, grows = _room(below, above, middle)
        if room >= -_ROUNDING_NS or not grows:
            break
        low, high = (middle, high) if grows > 0 else (low, middle)
        middle = (low + high) / 2
    return Lines(below, above, middle, origin)


def _room(lowers: Sequence[_Dot], uppers: Sequence[_Dot], slope: float) -> tuple[float, float]:
    """The room between both along a slope, and how it grows with the slope."""
    over, under = _over(lowers, slope, 0.0), _under(uppers, slope, 0.0)
    return under.height - over.height, over.at - under.at


def _over(points: Sequence[_Dot], slope: float, x: float) -> _Touch:
    """The lowest line of a slope above all points, at `x`."""
    height, at = max([(y + slope * (x - at), at) for at, y in points])
    return _Touch(height, at)


def _under(points: Sequence[_Dot], slope: float, x: float) -> _Touch:
    """The highest line of a slope below all points, at `x`."""
    height, at = min([(y + slope * (x - at), at) for at, y in points])
    return _Touch(height, at)


def _hull(points: list[_Dot], side: int) -> list[_Dot]:
    """The points on the upper (1) or lower (-1) convex hull, by time (Andrew 1979)."""
    hull: list[_Dot] = []
    for point in sorted(points):
        while len(hull) >= 2 and side * _turn(hull[-2], hull[-1], point) >= 0:
            hull.pop()
        hull.append(point)
    return hull


def _turn(a: _Dot, b: _Dot, c: _Dot) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
