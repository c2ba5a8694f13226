"""Lines through the moments of a clock pair, whatever some calls among them say.

What calls say from below is certain. From above a server that went on after its client had left
unseen says too little, so that no line passes between it and the others' lower bounds: it is
refuted. Others like it may hide where a line still passes; as many of the tightest are passed over
as were refuted. But where most of what the calls of one moment say is refuted, or what three calls
in a row say, it is not the calls that are wrong: the clocks stepped, and no line is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from otx.tracing.skew_lines import Lines, Point, lines_between, widest
from otx.tracing.skew_moments import Moment

MIN_CALLS = 3
"""As many calls in a row are not wrong by chance."""
_ROUNDING_NS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The lines through some moments.

    Attributes:
        lines: Those that pass.
        uppers: For each moment what is believed of what it says from above, tightest first.
        refuted: For each moment how many of its calls are not believed, because others refute it.
    """

    lines: Lines
    uppers: Sequence[Sequence[Point]]
    refuted: Sequence[int]

    @property
    def is_settled(self) -> bool:
        """Whether the last moment agrees: where it does not, the clocks may just have stepped."""
        return not self.refuted[-1]


def fit(moments: Sequence[Moment]) -> Fit | None:
    """The lines through moments; None where the clocks must have stepped among them.

    Args:
        moments: At least one; by time.
    """
    lowers = [one.lower for one in moments]
    uppers = [list(one.uppers) for one in moments]
    best = widest(lowers, _tightest(uppers))
    while best.room_ns < -_ROUNDING_NS:
        uppers = [[one for one in some if best.over(one) >= -_ROUNDING_NS] for some in uppers]
        best = widest(lowers, _tightest(uppers))
    refuted = [len(one.uppers) - len(kept) for one, kept in zip(moments, uppers, strict=True)]
    if _has_stepped(moments, refuted):
        return None
    if any(refuted):
        uppers = _without_tightest(uppers, sum(refuted), best)
    lines = lines_between(lowers, _tightest(uppers))
    return None if lines is None else Fit(lines, uppers, refuted)


def _tightest(uppers: Sequence[Sequence[Point]]) -> list[Point]:
    return [some[0] for some in uppers if some]


def _has_stepped(moments: Sequence[Moment], refuted: Sequence[int]) -> bool:
    """Whether too much is refuted to be chance."""
    in_a_row = 0
    for moment, count in zip(moments, refuted, strict=True):
        if 2 * count > len(moment.uppers):
            in_a_row += count
        elif moment.uppers:
            in_a_row = 0
        if in_a_row >= MIN_CALLS:
            return True
    return False


def _without_tightest(
    uppers: Sequence[Sequence[Point]], count: int, lines: Lines
) -> list[list[Point]]:
    """What is said from above without so many of what is nearest to the line."""
    distances = sorted(lines.over(one) for some in uppers for one in some)
    if count >= len(distances):
        return [[] for _ in uppers]
    return [[one for one in some if lines.over(one) >= distances[count]] for some in uppers]
