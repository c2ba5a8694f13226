"""Counts of an exponential histogram, put into the buckets of an explicit one.

Bucket `i` of scale `s` holds values from `2 ** (i * 2 ** -s)` to that of `i + 1`, the upper end
included (OpenTelemetry metrics data model, "ExponentialHistogram"). A bucket that spans several
explicit ones is given to one of them, or spread over them by how much of it each covers. The total
is kept, and what is refused is what the Collector refuses since v0.162.
"""

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from otx.ottl.errors import ExecutionError

MIN_SCALE, MAX_SCALE = -10, 20
_LARGEST = sys.float_info.max
_MIN_EXPONENT, _MAX_EXPONENT = -1022, 1023
_ROUND_UP = (1 << 64) - 1

Random: TypeAlias = Callable[[], int]
"""Gives 64 random bits."""
Interval: TypeAlias = tuple[float, float, int]
"""Where a bucket begins, where it ends, and how many values it holds."""
Place: TypeAlias = Callable[[list[int], Sequence[float], Interval, Random], None]
"""Puts a bucket's values into the explicit counts."""


def check_bounds(bounds: Sequence[float]) -> None:
    """Refuse bounds that make no buckets.

    Raises:
        ExecutionError: There are none, or they do not increase.
    """
    if not bounds:
        raise ExecutionError("bounds are wanted, and the list is empty")
    for lower, upper in pairwise(bounds):
        if not lower < upper:
            raise ExecutionError(f"bounds increase: {upper} cannot follow {lower}")


def explicit_counts(point: Any, bounds: Sequence[float], place: Place, random: Random) -> list[int]:
    """The counts of the buckets that bounds make; one more than there are bounds.

    Raises:
        ExecutionError: The data point contradicts itself, or reaches beyond what a double holds.
    """
    if not MIN_SCALE <= point.scale <= MAX_SCALE:
        raise ExecutionError(f"a scale lies between {MIN_SCALE} and {MAX_SCALE}, not {point.scale}")
    reach = point.zero_threshold
    if not (math.isfinite(reach) and reach >= 0):
        raise ExecutionError(f"a zero threshold cannot be {reach}")
    intervals = [*_zero(point), *_negative(point), *_positive(point)]
    total = sum(count for _, _, count in intervals)
    if total != point.count:
        raise ExecutionError(f"the buckets hold {total} values, the data point says {point.count}")
    counts = [0] * (len(bounds) + 1)
    for interval in intervals:
        lower, upper, count = interval
        if lower == upper:
            counts[bisect_left(bounds, lower)] += count
        elif count:
            place(counts, bounds, interval, random)
    return counts


def _zero(point: Any) -> Iterator[Interval]:
    if point.zero_count:
        yield -point.zero_threshold, point.zero_threshold, point.zero_count


def _positive(point: Any) -> Iterator[Interval]:
    side = point.positive
    last = side.offset + len(side.bucket_counts)
    for index, count in enumerate(side.bucket_counts, side.offset):
        upper = _bound(index + 1, point.scale, is_last=index + 1 == last)
        yield _bound(index, point.scale), upper, count


def _negative(point: Any) -> Iterator[Interval]:
    side = point.negative
    last = side.offset + len(side.bucket_counts)
    for index, count in enumerate(side.bucket_counts, side.offset):
        lower = -_bound(index + 1, point.scale, is_last=index + 1 == last)
        yield lower, -_bound(index, point.scale), count


def _bound(index: int, scale: int, *, is_last: bool = False) -> float:
    """The lower bound of a bucket; the end of the last one may lie beyond all doubles."""
    size = 1 << abs(scale)
    lowest = _MIN_EXPONENT * size - 1
    highest = (_MAX_EXPONENT + 1) * size - 1
    if scale <= 0:
        # Of scales 0 and -1 the least bound is the least normal number; others lie below it.
        lowest = _MIN_EXPONENT // size - (1 if scale > -2 else 0)
        highest = _MAX_EXPONENT // size
    if index > highest and is_last:
        return _LARGEST
    if not lowest <= index <= highest:
        raise ExecutionError(f"bucket {index} of scale {scale} reaches beyond what a double holds")
    if scale <= 0:
        return math.ldexp(1.0, index * size)
    # Powers of two are split off, so that neither end of the range over- or underflows.
    exponent, step = divmod(index, size)
    return math.ldexp(math.exp(step * math.log(2) / size), exponent)


def _at_upper(counts: list[int], bounds: Sequence[float], interval: Interval, _: Random) -> None:
    counts[bisect_left(bounds, interval[1])] += interval[2]


def _at_midpoint(counts: list[int], bounds: Sequence[float], interval: Interval, _: Random) -> None:
    lower, upper, count = interval
    counts[bisect_left(bounds, lower / 2 + upper / 2)] += count


def _uniformly(counts: list[int], bounds: Sequence[float], interval: Interval, _: Random) -> None:
    _spread(counts, bounds, interval, _ROUND_UP)


def _randomly(
    counts: list[int], bounds: Sequence[float], interval: Interval, random: Random
) -> None:
    _spread(counts, bounds, interval, random())


DISTRIBUTIONS: Mapping[str, Place] = {
    "upper": _at_upper,
    "midpoint": _at_midpoint,
    "uniform": _uniformly,
    "random": _randomly,
}


def _spread(counts: list[int], bounds: Sequence[float], interval: Interval, rounding: int) -> None:
    """Share values out by overlap; what was given so far is rounded, so that the total is kept."""
    lower, upper, count = interval
    width = upper - lower
    if not math.isfinite(width):
        raise ExecutionError(f"the bucket from {lower} to {upper} is too wide to share out")
    last = bisect_left(bounds, upper)
    share, given, begin = 0.0, 0, lower
    for bucket in range(bisect_right(bounds, lower), last):
        share += (bounds[bucket] - begin) / width
        reached = max(given, _part(count, share, rounding))
        counts[bucket] += reached - given
        given, begin = reached, bounds[bucket]
    counts[last] += count - given


def _part(count: int, share: float, rounding: int) -> int:
    """A share of a count in whole numbers; `rounding` is added below the point, in 2 ** -64."""
    if share <= 0:
        return 0
    if share >= 1:
        return count
    return min(count, (count * int(math.ldexp(share, 64)) + rounding) >> 64)
