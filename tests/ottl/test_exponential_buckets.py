"""Exponential buckets put into explicit ones."""

import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1 import metrics_pb2

from otx.ottl.errors import ExecutionError
from otx.ottl.exponential_buckets import DISTRIBUTIONS, check_bounds, explicit_counts

Side = tuple[int, list[int]]


def point(
    scale: int = 0, positive: Side = (0, []), negative: Side = (0, []), zero: int = 0, **more: Any
) -> Any:
    buckets = metrics_pb2.ExponentialHistogramDataPoint.Buckets
    total = more.pop("count", sum(positive[1]) + sum(negative[1]) + zero)
    return metrics_pb2.ExponentialHistogramDataPoint(
        count=total,
        scale=scale,
        zero_count=zero,
        positive=buckets(offset=positive[0], bucket_counts=positive[1]),
        negative=buckets(offset=negative[0], bucket_counts=negative[1]),
        **more,
    )


def counts(distribution: str, source: Any, bounds: list[float], bits: int = 0) -> list[int]:
    return explicit_counts(source, bounds, DISTRIBUTIONS[distribution], lambda: bits)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize(
    ("source", "bounds", "wanted"),
    [
        # A bucket within one of the explicit ones goes there by every rule.
        (point(0, (0, [8])), [1.0, 2.0], [0, 8, 0]),
        (point(0, (3, [5])), [1.0, 2.0, 3.0], [0, 0, 0, 5]),
        (point(0, negative=(0, [8])), [-2.0, -1.0, 0.0], [0, 8, 0, 0]),
        (point(0, negative=(2, [8])), [-2.0, -1.0], [8, 0, 0]),
        # Zeros without a width are at zero, and bounds belong to the bucket below them.
        (point(0, zero=3), [-1.0, 0.0, 1.0], [0, 3, 0, 0]),
        (point(0), [1.0], [0, 0]),
    ],
)
def test_aligned(distribution: str, source: Any, bounds: list[float], wanted: list[int]) -> None:
    assert counts(distribution, source, bounds) == wanted


@pytest.mark.parametrize(
    ("distribution", "source", "bounds", "wanted"),
    [
        # (4, 8] has its middle at 6.
        ("upper", point(0, (2, [10])), [5.0, 6.0, 7.0], [0, 0, 0, 10]),
        ("midpoint", point(0, (2, [10])), [5.0, 6.0, 7.0], [0, 10, 0, 0]),
        ("uniform", point(0, (2, [8])), [5.0, 6.0, 7.0], [2, 2, 2, 2]),
        ("uniform", point(0, (2, [9])), [5.0, 6.0, 7.0], [3, 2, 2, 2]),
        ("uniform", point(0, (2, [3])), [5.0], [1, 2]),
        ("uniform", point(0, (2, [4])), [6.0], [2, 2]),
        ("random", point(0, (2, [9])), [5.0, 6.0, 7.0], [2, 2, 2, 3]),
        # [-8, -4) has its upper end at -4.
        ("upper", point(0, negative=(2, [10])), [-7.0, -4.0], [0, 10, 0]),
        ("midpoint", point(0, negative=(2, [10])), [-6.0, -4.0], [10, 0, 0]),
        ("uniform", point(0, negative=(2, [8])), [-7.0, -5.0], [2, 4, 2]),
        ("uniform", point(0, zero=8, zero_threshold=1.0), [-0.5, 0.0], [2, 2, 4]),
        ("midpoint", point(0, zero=8, zero_threshold=1.0), [-0.5, 0.0], [0, 8, 0]),
        ("upper", point(0, zero=8, zero_threshold=1.0), [-0.5, 0.0], [0, 0, 8]),
    ],
)
def test_spanning(distribution: str, source: Any, bounds: list[float], wanted: list[int]) -> None:
    assert counts(distribution, source, bounds) == wanted


def test_random_bits_decide_what_is_rounded_up() -> None:
    source = point(0, (2, [1]))
    assert counts("random", source, [5.0], 0) == [0, 1]
    # A quarter of the bucket lies below 5: so do the draws of a quarter.
    assert counts("random", source, [5.0], (3 << 62) - 1) == [0, 1]
    assert counts("random", source, [5.0], 3 << 62) == [1, 0]


@pytest.mark.parametrize(
    ("scale", "index"), [(0, 1023), (-1, 511), (-10, 0), (1, 2047), (20, (1024 << 20) - 1)]
)
def test_the_last_bucket_ends_with_the_largest_double(scale: int, index: int) -> None:
    bounds = [sys.float_info.max / 4, sys.float_info.max]
    assert counts("upper", point(scale, (index, [3])), bounds) == [0, 3, 0]
    assert counts("upper", point(scale, negative=(index, [3])), [0.0]) == [3, 0]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (point(21), "a scale lies between -10 and 20, not 21"),
        (point(-11), "not -11"),
        (point(0, zero_threshold=-1.0), "zero threshold"),
        (point(0, zero_threshold=float("nan")), "zero threshold"),
        (point(0, zero_threshold=float("inf")), "zero threshold"),
        (point(0, (0, [1]), count=2), "the buckets hold 1 values, the data point says 2"),
        (point(0, (1023, [1, 1])), "bucket 1024 of scale 0"),
        (point(0, (1025, [1])), "bucket 1025 of scale 0"),
        (point(0, (-1024, [1])), "bucket -1024 of scale 0"),
        (point(1, (-2046, [1])), "bucket -2046 of scale 1"),
        (point(-10, (-2, [1])), "bucket -2 of scale -10"),
    ],
)
def test_what_cannot_be_is_refused(source: Any, why: str) -> None:
    with pytest.raises(ExecutionError, match=why):
        counts("upper", source, [1.0])


@pytest.mark.parametrize(("scale", "index"), [(0, -1023), (1, -2045), (-2, -256), (-10, -1)])
def test_the_first_bucket_begins_below_the_least_normal_number(scale: int, index: int) -> None:
    assert counts("upper", point(scale, (index, [1])), [1.0]) == [1, 0]


def test_too_wide_to_share_out() -> None:
    source = point(0, zero=1, zero_threshold=1.7e308)
    with pytest.raises(ExecutionError, match="too wide"):
        counts("uniform", source, [1.0])


@pytest.mark.parametrize("bounds", [[], [1.0, 1.0], [2.0, 1.0], [1.0, float("nan")]])
def test_bounds_that_make_no_buckets(bounds: list[float]) -> None:
    with pytest.raises(ExecutionError):
        check_bounds(bounds)


_SIDES = st.tuples(st.integers(-8, 8), st.lists(st.integers(0, 100), max_size=6))


@given(
    st.sampled_from(sorted(DISTRIBUTIONS)),
    st.integers(-3, 20),
    _SIDES,
    _SIDES,
    st.integers(0, 100),
    st.floats(0, 2),
    st.sets(st.floats(-1e4, 1e4), min_size=1, max_size=8),
    st.integers(0, (1 << 64) - 1),
)
def test_no_value_is_lost(
    distribution: str,
    scale: int,
    positive: Side,
    negative: Side,
    zero: int,
    reach: float,
    bounds: set[float],
    bits: int,
) -> None:
    source = point(scale, positive, negative, zero, zero_threshold=reach)
    found = counts(distribution, source, sorted(bounds), bits)
    assert len(found) == len(bounds) + 1
    assert sum(found) == source.count
    assert min(found) >= 0


@given(st.lists(st.integers(0, 50), max_size=4), st.sets(st.integers(0, 20), min_size=1))
def test_both_sides_are_alike(buckets: list[int], ends: set[int]) -> None:
    # Bounds between buckets, so that it does not matter which end belongs to them.
    bounds = sorted({end + 0.3 for end in ends} | {-end - 0.3 for end in ends})
    above = counts("uniform", point(0, (0, buckets)), bounds)
    below = counts("uniform", point(0, negative=(0, buckets)), bounds)
    # What is rounded moves by one at most.
    running = [sum(above[at:]) - sum(below[: len(below) - at]) for at in range(len(above))]
    assert all(abs(one) <= len(buckets) for one in running)
    assert all(lower <= upper for lower, upper in pairwise(bounds))
