"""Percentiles of histograms, interpolated within the bucket they fall into.

Within an explicit bucket values are taken to be spread evenly, within an exponential one evenly by
their logarithm (OpenTelemetry metrics data model, "ExponentialHistogram"). The answers are those
of `extract_percentile_metric` of the Collector's transform processor, its refusals included.
"""

import math
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.values import wrap_int64


def of_histogram(point: Any, percentile: float) -> float | None:
    """A percentile of a histogram's data point; None where it has no values to tell.

    Raises:
        ExecutionError: Its buckets contradict its bounds or its count.
    """
    counts, bounds = point.bucket_counts, point.explicit_bounds
    if not point.count or not counts:
        return None
    if len(counts) != len(bounds) + 1:
        raise ExecutionError(
            f"a histogram of {len(bounds)} bounds has {len(counts)} buckets instead of one more"
        )
    rank = _rank(point.count, percentile)
    if not bounds:
        if not point.HasField("min") or not point.HasField("max"):
            return None
        return _linear(point.min, point.max, _ratio(rank, counts[0]))
    bucket, before = _bucket_of(rank, counts)
    lower = _lower(point, bounds[0]) if bucket == 0 else float(bounds[bucket - 1])
    upper = float(bounds[bucket]) if bucket < len(bounds) else _highest(point)
    if lower is None:
        return upper
    if upper is None or (bucket == len(bounds) and upper <= lower):
        return lower
    return _linear(lower, upper, _ratio(rank - before, counts[bucket]))


def _highest(point: Any) -> float | None:
    """Where the last bucket ends: at the greatest value; None for nowhere known."""
    return float(point.max) if point.HasField("max") else None


def _lower(point: Any, upper: float) -> float | None:
    """Where the first bucket begins: at the least value, else at 0; None for nowhere known."""
    if point.HasField("min") and point.min < upper:
        return float(point.min)
    return None if upper < 0 else 0.0


def of_exponential_histogram(point: Any, percentile: float) -> float | None:
    """A percentile of an exponential histogram's data point; None where it has no values.

    Raises:
        ExecutionError: Its buckets contradict its count, or lie beyond what a double holds.
    """
    negative, positive = point.negative.bucket_counts, point.positive.bucket_counts
    if not point.count or not (negative or positive or point.zero_count):
        return None
    rank = _rank(point.count, percentile)
    below_zero = sum(negative)
    if negative and below_zero >= rank:
        from_most_negative = negative[::-1]
        bucket, before = _bucket_of(rank, from_most_negative)
        index = point.negative.offset + len(negative) - 1 - bucket
        lower, upper = bound(index, point.scale), bound(index + 1, point.scale)
        if lower >= upper:
            raise ExecutionError(f"negative bucket {index} of scale {point.scale} has no width")
        ratio = _ratio(rank - before, from_most_negative[bucket])
        return -_logarithmic(lower, upper, 1 - ratio)
    if below_zero + point.zero_count >= rank:
        reach = point.zero_threshold
        lower = 0.0 if positive and not negative else -reach
        upper = 0.0 if negative and not positive else reach
        return _linear(lower, upper, _ratio(rank - below_zero, point.zero_count))
    before_positive = below_zero + point.zero_count
    bucket, before = _bucket_of(rank - before_positive, positive)
    index = point.positive.offset + bucket
    ratio = _ratio(rank - before_positive - before, positive[bucket])
    return _logarithmic(bound(index, point.scale), bound(index + 1, point.scale), ratio)


def bound(index: int, scale: int) -> float:
    """The lower bound of a bucket of an exponential histogram, 2 ** (index * 2 ** -scale)."""
    try:
        if scale > 0:
            return math.exp(index * math.ldexp(math.log(2), -scale))
        # The exponent is an int64 in the Collector, and what is shifted out of it is lost.
        return math.ldexp(1.0, wrap_int64(index << -scale) if scale > -64 else 0)
    except OverflowError:
        return math.inf


def _rank(count: int, percentile: float) -> int:
    """How many values lie at or below a percentile."""
    return math.ceil(float(count) * (percentile / 100.0))


def _bucket_of(rank: int, counts: Iterable[int]) -> tuple[int, int]:
    """The bucket of the value of a rank, and how many values lie in the buckets before it."""
    before = 0
    for bucket, reached in enumerate(accumulate(counts)):
        if reached >= rank:
            return bucket, before
        before = reached
    raise ExecutionError(f"the buckets hold {before} values, fewer than the count promises")


def _ratio(part: int, whole: int) -> float:
    if whole:
        return part / whole
    return math.inf if part else math.nan


def _linear(lower: float, upper: float, ratio: float) -> float:
    _check(ratio)
    return lower + ratio * (upper - lower)


def _logarithmic(lower: float, upper: float, ratio: float) -> float:
    _check(ratio)
    if lower <= 0 or upper <= 0:
        raise ExecutionError(f"the bucket from {lower} to {upper} is not positive")
    start, end = math.log2(lower), math.log2(upper)
    try:
        return float(2.0 ** (start + (end - start) * ratio))
    except OverflowError:
        return math.inf


def _check(ratio: float) -> None:
    if ratio < 0 or ratio > 1:
        raise ExecutionError("a bucket holds fewer values than the count promises")
