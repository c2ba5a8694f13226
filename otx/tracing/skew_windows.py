"""A clock pair's calls window by window, each for itself, from what is believed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from otx.tracing.skew_fleet import FleetPair
from otx.tracing.skew_lines import Point
from otx.tracing.skew_moments import Moment
from otx.tracing.skew_trend import Range


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The calls of one window.

    Attributes:
        begin_unix_nano: Its begin, by the client's clock.
        theta: What all of its calls agree on; open at both ends where they do not, because the
            clock stepped or drifted in it.
        calls: How many there are.
        outside: How many of the servers lie outside their client's time.
    """

    begin_unix_nano: int
    theta: Range
    calls: int
    outside: int

    def counts(self) -> dict[str, int]:
        """How many calls there are, and outside their client's time."""
        return {"calls": self.calls, "outside": self.outside}


def windows(pair: FleetPair, window_ns: int) -> list[Window]:
    """The windows that have calls, by time."""
    believed = {
        moment.begin_unix_nano: uppers
        for stretch in pair.trend.stretches
        for moment, uppers in zip(stretch.moments, stretch.fit.uppers, strict=True)
    }
    found: dict[int, list[Moment]] = defaultdict(list)
    for moment in pair.moments:
        found[moment.begin_unix_nano // window_ns].append(moment)
    return [
        Window(
            at * window_ns,
            _agreed(moments, believed),
            sum(one.calls for one in moments),
            sum(one.outside for one in moments),
        )
        for at, moments in sorted(found.items())
    ]


def _agreed(moments: Sequence[Moment], believed: Mapping[int, Sequence[Point]]) -> Range:
    least = max(one.lower.ns for one in moments)
    above = [point.ns for one in moments for point in believed.get(one.begin_unix_nano, ())]
    most = min(above, default=None)
    return Range(None, None) if most is not None and most < least else Range(least, most)
