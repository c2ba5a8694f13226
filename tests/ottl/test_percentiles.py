"""Percentiles interpolated in buckets."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1 import metrics_pb2

from otx.ottl.errors import ExecutionError
from otx.ottl.percentiles import bound, of_exponential_histogram, of_histogram


def histogram(counts: list[int], bounds: list[float], **more: Any) -> Any:
    total = more.pop("count", sum(counts))
    return metrics_pb2.HistogramDataPoint(
        count=total, bucket_counts=counts, explicit_bounds=bounds, **more
    )


def exponential(
    scale: int = 0,
    positive: tuple[int, list[int]] = (0, []),
    negative: tuple[int, list[int]] = (0, []),
    zero: int = 0,
    **more: Any,
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


@pytest.mark.parametrize(
    ("point", "percentile", "wanted"),
    [
        (histogram([60, 40], [1.0]), 50.0, 50 / 60),
        (histogram([60, 40], [1.0], min=0.4), 50.0, 0.4 + 50 / 60 * 0.6),
        (histogram([60, 40], [1.0], min=2.0), 50.0, 50 / 60),
        (histogram([10, 0], [-1.0]), 50.0, -1.0),
        (histogram([10, 0], [-1.0], min=-3.0), 50.0, -2.0),
        # Where the last bucket ends is known by the greatest value alone.
        (histogram([0, 10], [1.0]), 50.0, 1.0),
        (histogram([0, 10], [1.0], max=3.0), 50.0, 2.0),
        (histogram([0, 10], [1.0], max=0.5), 50.0, 1.0),
        (histogram([0, 4, 0, 6], [1.0, 2.0, 3.0]), 40.0, 2.0),
        (histogram([10], [], min=0.0, max=10.0), 50.0, 5.0),
        (histogram([10], []), 50.0, None),
        (histogram([], [], count=3), 50.0, None),
        (histogram([0], []), 50.0, None),
    ],
)
def test_explicit_buckets(point: Any, percentile: float, wanted: float | None) -> None:
    assert of_histogram(point, percentile) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("point", "percentile", "wanted"),
    [
        (exponential(0, (0, [10])), 50.0, math.sqrt(2)),
        (exponential(1, (2, [1, 1])), 100 / 3, 2**1.5),
        (exponential(-1, (1, [4])), 50.0, 8.0),
        (exponential(0, (0, [1]), (0, [9])), 50.0, -(2 ** (4 / 9))),
        # The most negative values are in the last of the negative buckets.
        (exponential(0, negative=(0, [5, 5])), 50.0, -2.0),
        (exponential(0, (0, [5]), (0, [5]), 10, zero_threshold=0.5), 50.0, 0.0),
        (exponential(0, (0, [5]), zero=5, zero_threshold=0.5), 25.0, 0.3),
        (exponential(0, negative=(0, [5]), zero=5, zero_threshold=0.5), 75.0, -0.2),
        (exponential(0, zero=4), 75.0, 0.0),
        (exponential(0, count=3), 75.0, None),
        (exponential(0), 75.0, None),
    ],
)
def test_exponential_buckets(point: Any, percentile: float, wanted: float | None) -> None:
    assert of_exponential_histogram(point, percentile) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("point", "why"),
    [
        (histogram([1, 2], [1.0, 2.0]), "instead of one more"),
        (histogram([1, 2], [1.0], count=9), "fewer than the count promises"),
        (histogram([1], [], min=0.0, max=1.0, count=9), "fewer values"),
        (histogram([0], [], min=0.0, max=1.0, count=9), "fewer values"),
        (exponential(0, (0, [1]), count=9), "fewer than the count promises"),
        (exponential(-64, negative=(0, [3])), "no width"),
        (exponential(-11, (-1, [3])), "not positive"),
    ],
)
def test_contradictions_are_refused(point: Any, why: str) -> None:
    find = of_histogram if hasattr(point, "explicit_bounds") else of_exponential_histogram
    with pytest.raises(ExecutionError, match=why):
        find(point, 50.0)


@pytest.mark.parametrize(
    ("index", "scale", "wanted"),
    [
        (0, 0, 1.0),
        (3, 0, 8.0),
        (-1, -1, 0.25),
        (1, 1, math.sqrt(2)),
        (1, 20, 2 ** (2**-20)),
        (1024, 0, math.inf),
        (1, -11, math.inf),
        (-1, -11, 0.0),
        (5, -64, 1.0),
        (1 << 30, 1, math.inf),
    ],
)
def test_bounds_are_powers(index: int, scale: int, wanted: float) -> None:
    assert bound(index, scale) == pytest.approx(wanted)


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(any),
    st.floats(0.01, 99.99),
)
def test_a_percentile_lies_in_the_bucket_of_its_rank(counts: list[int], percentile: float) -> None:
    bounds = [float(at) for at in range(1, len(counts))]
    point = histogram(counts, bounds, min=0.0, max=float(len(counts)))
    found = of_histogram(point, percentile)
    assert found is not None
    rank = math.ceil(sum(counts) * (percentile / 100.0))
    at = next(at for at in range(len(counts)) if sum(counts[: at + 1]) >= rank)
    assert at <= found <= at + 1
