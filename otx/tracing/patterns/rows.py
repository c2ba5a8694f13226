"""Spans of one parent in a row: one after the other, as far as their times tell.

A time that is rounded down may be early by as much, and of two spans that overlap by less nothing
recorded shows it. So a row also says by how much its spans may overlap; only where that is nothing
it is known that each began after the last had ended.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from otx.model.units import format_duration
from otx.tracing.timing import Timing

FEWEST_COARSE = 5
"""Spans in a row that may overlap by what their times are rounded to; fewer prove nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """Spans one after the other.

    Attributes:
        members: Their numbers, by start.
        overlap_ns: By how much each may overlap the one before at most; 0 where none does.
    """

    members: Sequence[int]
    overlap_ns: int = 0


def rows(timing: Timing, members: Sequence[int]) -> Iterator[Row]:
    """Rows of spans of one clock, which each began when the last had ended, as far as is recorded.

    Where times are rounded they may overlap by as much. What began at once in truth is told from
    such a row by its length: that of all of them one after the other, and more than rounding makes.

    Args:
        timing: Their times.
        members: Their numbers, by start.
    """
    if not all(timing.grains[member] > 1 for member in members):
        yield from _recorded_rows(timing, members)
        return
    for row in _coarse_rows(timing, members):
        if _shows_order(timing, row):
            yield Row(row, _most_ns(timing, row))
        else:
            yield from _recorded_rows(timing, row)


def _recorded_rows(timing: Timing, members: Sequence[int]) -> Iterator[Row]:
    """Rows by what is recorded; cut further where that leaves open whether all began at once."""

    def follows(earlier: int, later: int) -> bool:
        has_ended = timing.starts[later] >= timing.ends[earlier]
        return has_ended and _is_one_clock(timing, earlier, later)

    for row in cut(members, follows):
        most_ns = _most_ns(timing, row)
        if not most_ns or most_ns < min(_length_ns(timing, member) for member in row):
            yield Row(row, most_ns)
            continue
        for part in cut(row, lambda *pair: is_after(timing, *pair)):
            yield Row(part)


def _most_ns(timing: Timing, row: Sequence[int]) -> int:
    """By how much spans of one clock overlap the one before at most."""
    return max((overlap_ns(timing, *pair) or 0 for pair in pairwise(row)), default=0)


def cut(members: Sequence[int], follows: Callable[[int, int], bool]) -> Iterator[list[int]]:
    """Spans, cut before each that does not follow the one before it."""
    row: list[int] = []
    for member in members:
        if row and not follows(row[-1], member):
            yield row
            row = []
        row.append(member)
    if row:
        yield row


def is_after(timing: Timing, earlier: int, later: int) -> bool:
    """Whether a span is known, by its own clock, to have begun after another had ended."""
    return _is_one_clock(timing, earlier, later) and overlap_ns(timing, earlier, later) == 0


def may_be_after(timing: Timing, earlier: int, later: int) -> bool:
    """Whether a span may have begun after another of its clock had ended."""
    latest = timing.starts[later] + timing.grains[later] - 1
    return _is_one_clock(timing, earlier, later) and latest >= timing.ends[earlier]


def overlap_ns(timing: Timing, earlier: int, later: int) -> int | None:
    """By how much at most a span may have begun before another ended; None where nothing tells."""
    margin = timing.margin_ns(earlier, later)
    if margin is None:
        return None
    early = timing.ends[earlier] - timing.starts[later]
    if margin == 0 and early < 0:  # times of one process that are rounded alike keep their order
        return 0
    if _is_one_clock(timing, earlier, later):
        return max(early + timing.grains[earlier] - 1, 0)
    return max(early + margin, 0)


def in_order(most_ns: int) -> str:
    """How spans are ordered that overlap by so much at most, in words."""
    if not most_ns:
        return "one after the other"
    return f"that overlap by at most {format_duration(most_ns)}, if at all"


def _is_one_clock(timing: Timing, one: int, other: int) -> bool:
    domains = timing.trace.domains
    return domains[one].clock == domains[other].clock


def _coarse_rows(timing: Timing, members: Sequence[int]) -> Iterator[list[int]]:
    """Spans, cut where one began too early to have waited for all before it in its row."""
    row: list[int] = []
    ends = 0
    for member in members:
        latest = timing.starts[member] + timing.grains[member] - 1
        if row and not (_is_one_clock(timing, row[-1], member) and latest >= ends):
            yield row
            row = []
        # The earliest at which it can have ended, if it waited for those before.
        start = timing.starts[member]
        ends = (max(start, ends) if row else start) + _length_ns(timing, member)
        row.append(member)
    if row:
        yield row


def _shows_order(timing: Timing, row: Sequence[int]) -> bool:
    """Whether every stretch of a row without known gaps is long enough."""
    stretches = cut(row, lambda *pair: not is_after(timing, *pair))
    return len(row) >= FEWEST_COARSE and all(_is_long(timing, one) for one in stretches)


def _is_long(timing: Timing, stretch: Sequence[int]) -> bool:
    """Whether spans took as long as all of them one after the other, and not by rounding."""
    grain = max(timing.grains[member] for member in stretch)
    length = timing.starts[stretch[-1]] - timing.starts[stretch[0]]
    busy = sum(_length_ns(timing, member) for member in stretch[:-1])
    return len(stretch) == 1 or (length > 2 * grain and length >= busy - grain)


def _length_ns(timing: Timing, number: int) -> int:
    return timing.ends[number] - timing.starts[number]
