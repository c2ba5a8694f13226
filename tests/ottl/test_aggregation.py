"""Data points merged as the Collector merges them."""

import math
from typing import Any

import pytest

from otx.model.signal import Signal
from otx.otlp.any_value import encode_key_value
from otx.otlp.open_view import open_class
from otx.ottl.aggregation import AGGREGATIONS, aggregate
from otx.ottl.batch import Batch
from otx.ottl.errors import ExecutionError

Point = dict[str, Any]


def merged(kind: str, *points: Point, fold: str = "sum", temporality: int = 2) -> list[Any]:
    """The data points of a metric after they were merged."""
    message: Any = open_class(Signal.METRICS)()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add()
    data = getattr(metric, kind)
    data.SetInParent()
    if kind not in ("gauge", "summary"):
        data.aggregation_temporality = temporality
    for fields in points:
        given = dict(fields)
        entries = [encode_key_value(key, one) for key, one in given.pop("attributes", {}).items()]
        data.data_points.add(attributes=entries, **given)
    record = next(Batch(Signal.METRICS, message.SerializeToString()).items())
    aggregate(record, AGGREGATIONS[fold])
    return list(record.data.data_points)


@pytest.mark.parametrize(
    ("fold", "ints", "doubles"),
    [
        ("sum", 17, 4.0),
        ("mean", 8, 2.0),
        ("min", 5, 1.5),
        ("max", 12, 2.5),
        ("median", 8, 2.0),
        ("count", 2, 2.0),
    ],
)
def test_numbers(fold: str, ints: int, doubles: float) -> None:
    (point,) = merged("gauge", {"as_int": 12}, {"as_int": 5}, fold=fold)
    assert point.as_int == ints
    (point,) = merged("sum", {"as_double": 2.5}, {"as_double": 1.5}, fold=fold)
    assert point.as_double == doubles


@pytest.mark.parametrize("fold", sorted(AGGREGATIONS))
def test_a_point_that_is_alone_keeps_its_value(fold: str) -> None:
    (point,) = merged("gauge", {"as_int": -7}, fold=fold)
    assert point.as_int == -7


@pytest.mark.parametrize(
    ("fold", "ints", "wanted"),
    [
        ("mean", [-7, 2], -2),
        ("median", [-7, 2], -2),
        ("median", [9, 1, 4], 4),
        ("sum", [1 << 62, 1 << 62], -(1 << 63)),
        ("mean", [1 << 62, 1 << 62], -(1 << 62)),
    ],
)
def test_ints_are_calculated_as_int64(fold: str, ints: list[int], wanted: int) -> None:
    (point,) = merged("gauge", *({"as_int": one} for one in ints), fold=fold)
    assert point.as_int == wanted


@pytest.mark.parametrize(
    ("fold", "wanted"), [("sum", 3), ("mean", 1), ("max", 7), ("min", 3), ("median", 5)]
)
def test_a_double_among_ints_is_nothing_to_a_sum(fold: str, wanted: int) -> None:
    (point,) = merged("gauge", {"as_int": 3}, {"as_double": 7.9}, fold=fold)
    assert point.as_int == wanted


def test_ints_among_doubles_are_doubles() -> None:
    (point,) = merged("gauge", {"as_double": 0.5}, {"as_int": 3}, {}, fold="sum")
    assert point.as_double == 3.5


@pytest.mark.parametrize("fold", ["min", "max"])
def test_an_extreme_of_nan_is_nan(fold: str) -> None:
    (point,) = merged("gauge", {"as_double": 1.0}, {"as_double": math.nan}, fold=fold)
    assert math.isnan(point.as_double)


def test_the_earliest_start_is_kept_where_there_is_a_value() -> None:
    late, early = {"as_int": 1, "start_time_unix_nano": 5}, {"as_int": 1}
    assert merged("gauge", late, early)[0].start_time_unix_nano == 0
    nothing = {"start_time_unix_nano": 5}
    assert merged("gauge", nothing, early)[0].start_time_unix_nano == 5


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"a": 1, "b": "x"}, {"b": "x", "a": 1}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ({"a": math.inf}, {"a": math.inf}, True),
        ({"a": math.inf}, {"a": -math.inf}, False),
        ({}, {"a": None}, False),
    ],
)
def test_attributes_are_the_same_as_json(
    one: dict[str, Any], other: dict[str, Any], is_same: bool
) -> None:
    points = merged("gauge", {"attributes": one, "as_int": 1}, {"attributes": other, "as_int": 2})
    assert len(points) == (1 if is_same else 2)


def test_times_part_points() -> None:
    assert len(merged("gauge", {"time_unix_nano": 1}, {"time_unix_nano": 2})) == 2
    starts: tuple[Point, Point] = ({"start_time_unix_nano": 1}, {"start_time_unix_nano": 2})
    assert len(merged("sum", *starts)) == 1
    assert len(merged("sum", *starts, temporality=1)) == 2
    assert len(merged("histogram", *starts, temporality=1)) == 2


def histogram(*counts: int, **more: Any) -> Point:
    bounds = [float(at) for at in range(1, len(counts))]
    fields = {"count": sum(counts), "bucket_counts": counts, "explicit_bounds": bounds}
    return {**fields, **more}


def test_histograms_are_summed_up_whatever_is_asked_for() -> None:
    first = histogram(1, 2, sum=1.5, min=1.0, max=3.0, exemplars=[{"as_int": 1}])
    second = histogram(3, 4, sum=2.5, min=0.5, max=2.0, exemplars=[{"as_int": 2}])
    (point,) = merged("histogram", first, second, fold="max")
    assert (point.count, list(point.bucket_counts)) == (10, [4, 6])
    assert (point.sum, point.min, point.max) == (4.0, 0.5, 3.0)
    assert [one.as_int for one in point.exemplars] == [1, 2]


@pytest.mark.parametrize(
    "other",
    [
        histogram(1, 2, flags=1),
        histogram(1, 2, min=1.0),
        histogram(1, 2, max=1.0),
        histogram(1, 2, explicit_bounds=[9.0]),
        histogram(1, 2, attributes={"a": 1}),
    ],
)
def test_histograms_of_another_make_stay(other: Point) -> None:
    assert len(merged("histogram", histogram(1, 2), other)) == 2


def test_a_sum_that_one_histogram_lacks_is_unknown() -> None:
    (point,) = merged("histogram", histogram(1, sum=1.0), histogram(1), histogram(1, sum=2.0))
    assert not point.HasField("sum")


def test_an_empty_histogram_adds_nothing() -> None:
    empty = histogram(0, 0, exemplars=[{"as_int": 1}], start_time_unix_nano=1)
    (point,) = merged("histogram", histogram(1, 2, sum=1.0, start_time_unix_nano=5), empty)
    assert point.sum == 1.0
    assert not point.exemplars
    assert point.start_time_unix_nano == 5


def test_buckets_without_a_place_are_refused() -> None:
    first, second = histogram(1), {"count": 3, "bucket_counts": [1, 2]}
    with pytest.raises(ExecutionError, match="different numbers of buckets"):
        merged("histogram", first, second)


def exponential(offset: int, *counts: int, **more: Any) -> Point:
    side = {"offset": offset, "bucket_counts": counts}
    return {"count": sum(counts), "positive": side, **more}


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (exponential(2, 1, 2), exponential(2, 3, 0, 4), (2, [4, 2, 4])),
        (exponential(2, 1), exponential(4, 0, 5), (2, [1, 0, 0, 5])),
        (exponential(2, 1, 1), exponential(3, 5), (2, [1, 6])),
        # The Collector puts lower buckets in front without a look at their places.
        (exponential(2, 5), exponential(1, 1, 2), (1, [1, 2, 5])),
        # It drops empty buckets in front without moving the offset.
        (exponential(0), exponential(3, 1), (0, [1])),
        (exponential(5, 1), exponential(0, count=1), (5, [1])),
    ],
)
def test_exponential_buckets(first: Point, second: Point, wanted: tuple[int, list[int]]) -> None:
    (point,) = merged("exponential_histogram", first, second)
    assert (point.positive.offset, list(point.positive.bucket_counts)) == wanted


def test_zeros_and_negative_buckets_are_added() -> None:
    side = {"offset": 0, "bucket_counts": [1, 2]}
    one = {"count": 5, "zero_count": 2, "negative": side}
    (point,) = merged("exponential_histogram", one, one)
    assert (point.count, point.zero_count) == (10, 4)
    assert list(point.negative.bucket_counts) == [2, 4]
    assert len(merged("exponential_histogram", one, {**one, "scale": 1})) == 2


def test_offsets_too_far_apart_are_refused() -> None:
    with pytest.raises(ExecutionError, match="too far apart"):
        merged("exponential_histogram", exponential(0, 1), exponential(1 << 30, 1))


def test_a_summary_is_emptied() -> None:
    assert merged("summary", {"count": 1}) == []
