"""What `metrics`, `samples` and the exporter's tables say of data points and samples."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.reader import Store
from otx.store.wal import LogWriter
from tests.otlp.test_metric_columns import METRIC_REQUESTS, points_of
from tests.store.conftest import START_UNIX_NANO, profile_request

Query = Callable[[str], list[tuple[Any, ...]]]


def make_request() -> bytes:
    """A metric of each type, and points without a value."""
    made = ExportMetricsServiceRequest()
    scope = made.resource_metrics.add().scope_metrics.add()
    gauge = scope.metrics.add(name="g", unit="1", description="a gauge").gauge
    point = gauge.data_points.add(time_unix_nano=START_UNIX_NANO, as_double=0.5)
    exemplar = point.exemplars.add(time_unix_nano=7, as_int=3, trace_id=b"t" * 16, span_id=b"s" * 8)
    exemplar.filtered_attributes.add(key="k").value.int_value = 1
    gauge.data_points.add(time_unix_nano=START_UNIX_NANO + 1, as_double=0, flags=1)
    total = scope.metrics.add(name="s").sum
    total.is_monotonic = True
    total.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    total.data_points.add(time_unix_nano=START_UNIX_NANO, start_time_unix_nano=9, as_int=2**53 + 1)
    histogram = scope.metrics.add(name="h").histogram
    histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    histogram.data_points.add(
        count=6, sum=9.5, min=0.5, max=4, bucket_counts=[1, 2, 3], explicit_bounds=[1, 2]
    )
    exponential = scope.metrics.add(name="e").exponential_histogram
    both = exponential.data_points.add(count=10, scale=1, zero_count=4, zero_threshold=0.25)
    both.positive.offset = 2
    both.positive.bucket_counts.extend([1, 2])
    both.negative.offset = -2
    both.negative.bucket_counts.extend([3, 0])
    huge = exponential.data_points.add(count=1, scale=-10)
    huge.positive.bucket_counts.append(1)
    summary = scope.metrics.add(name="q").summary
    summary.data_points.add(count=2, sum=3).quantile_values.add(quantile=0.5, value=1.5)
    return made.SerializeToString()


@pytest.fixture(params=["in the log", "in segments"])
def query(store_dir: Path, request: pytest.FixtureRequest) -> Iterator[Query]:
    with LogWriter(store_dir) as log:
        log.append(Signal.METRICS, make_request(), 1).result(60)
        log.append(Signal.PROFILES, profile_request("a", "b"), 1).result(60)
        if request.param == "in segments":
            Conversion(Layout(store_dir)).convert()
        store = Store(store_dir)
        yield lambda sql: list(store.query(sql).rows())


def test_numbers_keep_their_bits_and_missing_ones_are_null(query: Query) -> None:
    assert query(
        "SELECT value, value_int, monotonic, temporality FROM metrics WHERE name = 'g'"
    ) == [
        (0.5, None, None, None),
        (None, None, None, None),
    ]
    (row,) = query(
        "SELECT value_int, value, monotonic, temporality, type FROM metrics WHERE name='s'"
    )
    assert row == (2**53 + 1, 2.0**53, True, "CUMULATIVE", "sum")
    starts = query("SELECT start_time IS NULL FROM metrics WHERE name IN ('g', 's')")
    assert starts.count((True,)) == 2


def test_buckets_are_put_together(query: Query) -> None:
    ((buckets, count, least, temporality),) = query(
        "SELECT buckets, count, min, temporality FROM metrics WHERE name = 'h'"
    )
    assert (count, least, temporality) == (6, 0.5, "DELTA")
    assert buckets == [
        {"lower": None, "upper": 1.0, "count": 1},
        {"lower": 1.0, "upper": 2.0, "count": 2},
        {"lower": 2.0, "upper": None, "count": 3},
    ]


def test_exponential_buckets_have_their_bounds(query: Query) -> None:
    first, huge = query("SELECT buckets, scale, zero_count FROM metrics WHERE name = 'e'")
    assert first[1:] == (1, 4)
    root = 2**0.5
    expected = [
        (-1.0, -1 / root, 0),
        (-1 / root, -0.5, 3),
        (-0.25, 0.25, 4),
        (2.0, 2 * root, 1),
        (2 * root, 4.0, 2),
    ]
    assert [bucket["count"] for bucket in first[0]] == [count for *_, count in expected]
    for bucket, (lower, upper, _) in zip(first[0], expected, strict=True):
        assert (bucket["lower"], bucket["upper"]) == pytest.approx((lower, upper))
    assert huge[0][1:] == [{"lower": 1.0, "upper": None, "count": 1}], "2 ** 1024 is no double"


def test_a_point_that_recorded_nothing_has_no_buckets(store_dir: Path) -> None:
    made = ExportMetricsServiceRequest()
    scope = made.resource_metrics.add().scope_metrics.add()
    histogram = scope.metrics.add(name="h").histogram.data_points
    histogram.add(flags=1, count=4, bucket_counts=[1, 3], explicit_bounds=[1])
    exponential = scope.metrics.add(name="e").exponential_histogram.data_points
    exponential.add(flags=1, zero_count=4)
    exponential.add(zero_count=4)
    summary = scope.metrics.add(name="q").summary.data_points
    summary.add(flags=1).quantile_values.add(quantile=0.5, value=1.5)
    with LogWriter(store_dir) as log:
        log.append(Signal.METRICS, made.SerializeToString(), START_UNIX_NANO).result()
        with closing(Store(store_dir)) as store:
            sql = "SELECT buckets, quantiles, zero_count, count FROM metrics WHERE flags = 1"
            assert list(store.query(sql).rows()) == [(None, None, None, None)] * 3
            sql = "SELECT buckets[1].lower::VARCHAR, buckets[1].count FROM metrics WHERE flags = 0"
            assert list(store.query(sql).rows()) == [("0.0", 4)]


def test_quantiles_and_exemplars(query: Query) -> None:
    (row,) = query("SELECT quantiles, sum, count, buckets FROM metrics WHERE name = 'q'")
    assert row == ([{"quantile": 0.5, "value": 1.5}], 3.0, 2, None)
    ((exemplars,),) = query("SELECT exemplars FROM metrics WHERE name = 'g' AND value = 0.5")
    assert exemplars == [
        {
            "time": exemplars[0]["time"],
            "value": 3.0,
            "value_int": 3,
            "trace_id": "74" * 16,
            "span_id": "73" * 8,
            "attributes": {"k": 1},
        }
    ]


def test_the_exporters_tables_stand_beside(query: Query) -> None:
    ((bounds, counts, temporality),) = query(
        'SELECT "ExplicitBounds", "BucketCounts", "AggregationTemporality" '
        "FROM otel_metrics_histogram"
    )
    assert (bounds, counts, temporality) == ([1.0, 2.0], [1, 2, 3], 1)
    assert query('SELECT "Value", "Flags" FROM otel_metrics_gauge ORDER BY 2') == [
        (0.5, 0),
        (0.0, 1),
    ]
    assert query('SELECT "MetricName", "IsMonotonic" FROM otel_metrics_sum') == [("s", True)]
    assert query(
        'SELECT "PositiveOffset", "NegativeBucketCounts" FROM otel_metrics_exp_histogram '
        'WHERE "Scale" = 1'
    ) == [(2, [3, 0])]
    assert query('SELECT "ValueAtQuantiles.Value" FROM otel_metrics_summary') == [([1.5],)]


def test_samples_say_who_ran_what(query: Query) -> None:
    assert query("SELECT stack, value, event, unit FROM samples ORDER BY stack[-1]") == [
        (["main", "a"], 1, "cpu", "count"),
        (["main", "b"], 1, "cpu", "count"),
    ]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(METRIC_REQUESTS)
def test_no_data_point_is_too_odd_to_be_queried(
    tmp_path: Path, made: ExportMetricsServiceRequest
) -> None:
    with TemporaryDirectory(dir=tmp_path) as directory, LogWriter(Path(directory)) as log:
        log.append(Signal.METRICS, made.SerializeToString(), 1).result(60)
        with closing(Store(Path(directory))) as store:
            rows = list(store.query("FROM metrics").rows())
            by_type = [
                len(list(store.query(f"FROM otel_metrics_{name}").rows()))
                for name in ("gauge", "sum", "histogram", "exp_histogram", "summary")
            ]
    assert len(rows) == sum(by_type) == len(list(points_of([made])))


@pytest.mark.parametrize("scale", [-(2**31), -11, 20, 2**31 - 1])
def test_any_scale_has_bounds(store_dir: Path, scale: int) -> None:
    made = ExportMetricsServiceRequest()
    metric = made.resource_metrics.add().scope_metrics.add().metrics.add()
    point = metric.exponential_histogram.data_points.add(scale=scale)
    for side in (point.positive, point.negative):
        side.offset = 2**31 - 1
        side.bucket_counts.extend([1, 2])
    with LogWriter(store_dir) as log:
        log.append(Signal.METRICS, made.SerializeToString(), 1).result(60)
        ((buckets,),) = Store(store_dir).query("SELECT buckets FROM metrics").rows()
    assert [bucket["count"] for bucket in buckets] == [2, 1, 0, 1, 2]
