"""Rows of data points say what protobuf's own decoder says, for every request it accepts."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)

from otx.model.signal import Signal
from otx.model.telemetry import METRIC_TYPES, TEMPORALITIES
from otx.otlp.column_groups import Undecodable, normalised
from otx.otlp.metric_columns import METRIC_SCHEMA, metric_columns
from tests.otlp.split_messages import split
from tests.otlp.test_columns import (
    ATTRIBUTES,
    IDS,
    RESOURCES,
    SCOPES,
    TEXT,
    UINT64,
    attributes_of,
    clamped,
    comparable,
    origin_of,
    read,
    read_origin,
    rows_of,
)

FLOATS = st.floats()
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
MAYBE = st.one_of(st.none(), FLOATS)
COUNTS = st.lists(UINT64, max_size=3)
TEMPORALITY = st.sampled_from([0, 1, 2, 7, -1])


def numbers(message: type[Message], **fields: Any) -> st.SearchStrategy[Any]:
    """A message of which `as_double` or `as_int` is set, or neither."""
    return st.one_of(
        st.builds(message, **fields),
        st.builds(message, as_double=FLOATS, **fields),
        st.builds(message, as_int=INT64, **fields),
    )


EXEMPLARS = st.lists(
    numbers(
        Exemplar, filtered_attributes=ATTRIBUTES, time_unix_nano=UINT64, trace_id=IDS, span_id=IDS
    ),
    max_size=2,
)
COMMON: dict[str, Any] = {
    "attributes": ATTRIBUTES,
    "start_time_unix_nano": UINT64,
    "time_unix_nano": UINT64,
    "flags": st.integers(0, 2**32 - 1),
}
NUMBERS = st.lists(numbers(NumberDataPoint, exemplars=EXEMPLARS, **COMMON), max_size=3)
HISTOGRAMS = st.lists(
    st.builds(
        HistogramDataPoint,
        count=UINT64,
        sum=MAYBE,
        min=MAYBE,
        max=MAYBE,
        bucket_counts=COUNTS,
        explicit_bounds=st.lists(FLOATS, max_size=3),
        exemplars=EXEMPLARS,
        **COMMON,
    ),
    max_size=3,
)
SIDES = st.one_of(
    st.none(),
    st.builds(ExponentialHistogramDataPoint.Buckets, offset=INT32, bucket_counts=COUNTS),
)
EXPONENTIAL_HISTOGRAMS = st.lists(
    st.builds(
        ExponentialHistogramDataPoint,
        count=UINT64,
        sum=MAYBE,
        min=MAYBE,
        max=MAYBE,
        scale=INT32,
        zero_count=UINT64,
        zero_threshold=FLOATS,
        positive=SIDES,
        negative=SIDES,
        exemplars=EXEMPLARS,
        **COMMON,
    ),
    max_size=3,
)
SUMMARIES = st.lists(
    st.builds(
        SummaryDataPoint,
        count=UINT64,
        sum=FLOATS,
        quantile_values=st.lists(
            st.builds(SummaryDataPoint.ValueAtQuantile, quantile=FLOATS, value=FLOATS), max_size=2
        ),
        **COMMON,
    ),
    max_size=3,
)
ABOUT: dict[str, Any] = {"name": TEXT, "description": TEXT, "unit": TEXT, "metadata": ATTRIBUTES}
METRICS = st.one_of(
    st.builds(Metric, **ABOUT),
    st.builds(Metric, gauge=st.builds(Gauge, data_points=NUMBERS), **ABOUT),
    st.builds(
        Metric,
        sum=st.builds(
            Sum,
            data_points=NUMBERS,
            aggregation_temporality=TEMPORALITY,
            is_monotonic=st.booleans(),
        ),
        **ABOUT,
    ),
    st.builds(
        Metric,
        histogram=st.builds(Histogram, data_points=HISTOGRAMS, aggregation_temporality=TEMPORALITY),
        **ABOUT,
    ),
    st.builds(
        Metric,
        exponential_histogram=st.builds(
            ExponentialHistogram,
            data_points=EXPONENTIAL_HISTOGRAMS,
            aggregation_temporality=TEMPORALITY,
        ),
        **ABOUT,
    ),
    st.builds(Metric, summary=st.builds(Summary, data_points=SUMMARIES), **ABOUT),
)
METRIC_REQUESTS = st.builds(
    ExportMetricsServiceRequest,
    resource_metrics=st.lists(
        st.builds(
            ResourceMetrics,
            resource=st.one_of(st.none(), RESOURCES),
            scope_metrics=st.lists(
                st.builds(
                    ScopeMetrics,
                    scope=st.one_of(st.none(), SCOPES),
                    metrics=st.lists(METRICS, max_size=3),
                    schema_url=TEXT,
                ),
                max_size=2,
            ),
            schema_url=TEXT,
        ),
        max_size=2,
    ),
)

Place = tuple[int, ResourceMetrics, ScopeMetrics, Metric, Any]


def points_of(requests: list[ExportMetricsServiceRequest]) -> Iterator[Place]:
    """Every data point with where it stands."""
    for index, request in enumerate(requests):
        for group in request.resource_metrics:
            for scoped in group.scope_metrics:
                for metric in scoped.metrics:
                    kind = metric.WhichOneof("data")
                    for point in getattr(metric, kind).data_points if kind else ():
                        yield index, group, scoped, metric, point


def value_of(item: Any) -> tuple[float | None, int | None]:
    """What a row says of `as_double` and `as_int`."""
    which = item.WhichOneof("value")
    if which == "as_int":
        return float(item.as_int), item.as_int
    return (item.as_double if which else None), None


def optional(point: Any, name: str) -> float | None:
    return getattr(point, name) if point.HasField(name) else None


def expected_point(kind: str, data: Any, point: Any) -> dict[str, Any]:
    """What the columns of a type's own must hold; those that are left out are null."""
    if kind == "summary":
        quantiles = [{"quantile": q.quantile, "value": q.value} for q in point.quantile_values]
        return {"count": point.count, "sum": point.sum, "quantiles": quantiles}
    found: dict[str, Any] = {}
    if kind != "gauge":
        number = data.aggregation_temporality
        found["temporality"] = TEMPORALITIES[number if 0 <= number < 3 else 0]
    if kind == "sum":
        found["monotonic"] = data.is_monotonic
    if kind in ("gauge", "sum"):
        found["value"], found["value_int"] = value_of(point)
        return found
    found |= {name: optional(point, name) for name in ("sum", "min", "max")}
    found["count"] = point.count
    if kind == "histogram":
        found["bucket_counts"] = list(point.bucket_counts)
        found["explicit_bounds"] = list(point.explicit_bounds)
        return found
    found |= {name: getattr(point, name) for name in ("scale", "zero_count", "zero_threshold")}
    for side in ("positive", "negative"):
        if point.HasField(side):
            found[f"{side}_offset"] = getattr(point, side).offset
            found[f"{side}_counts"] = list(getattr(point, side).bucket_counts)
    return found


def exemplars_of(point: Any) -> list[Any]:
    return [
        (
            clamped(one.time_unix_nano),
            *map(comparable, value_of(one)),
            one.trace_id.hex(),
            one.span_id.hex(),
            attributes_of(one.filtered_attributes),
        )
        for one in point.exemplars
    ]


OF_A_TYPE = [
    "value",
    "value_int",
    "count",
    "sum",
    "min",
    "max",
    "explicit_bounds",
    "bucket_counts",
    "scale",
    "zero_count",
    "zero_threshold",
    "positive_offset",
    "positive_counts",
    "negative_offset",
    "negative_counts",
    "quantiles",
    "temporality",
    "monotonic",
]


@settings(max_examples=80)
@given(st.lists(METRIC_REQUESTS, min_size=1, max_size=3))
def test_data_points_are_what_protobuf_says(requests: list[ExportMetricsServiceRequest]) -> None:
    received = list(range(1000, 1000 + len(requests)))
    batch = metric_columns([request.SerializeToString() for request in requests], received)
    assert batch.rows.schema == METRIC_SCHEMA
    batch.rows.validate(full=True)
    expected = list(points_of(requests))
    assert batch.request_of_row.to_pylist() == [index for index, *_ in expected]
    for row, (index, group, scoped, metric, point) in zip(
        rows_of(batch.rows), expected, strict=True
    ):
        kind = str(metric.WhichOneof("data"))
        own = expected_point(kind, getattr(metric, kind), point)
        assert row["type"] == kind
        assert comparable({name: row[name] for name in OF_A_TYPE}) == comparable(
            {name: own.get(name) for name in OF_A_TYPE}
        )
        assert row["time"] == clamped(point.time_unix_nano)
        assert row["start_time"] == clamped(point.start_time_unix_nano)
        assert row["flags"] == point.flags
        assert read(row["attributes"]) == attributes_of(point.attributes)
        if kind == "summary":
            assert row["exemplars"] is None
        else:
            assert [
                (
                    one["time"],
                    comparable(one["value"]),
                    comparable(one["value_int"]),
                    one["trace_id"],
                    one["span_id"],
                    read(one["attributes"]),
                )
                for one in row["exemplars"]
            ] == exemplars_of(point)
        assert (row["name"], row["description"], row["unit"]) == (
            metric.name,
            metric.description,
            metric.unit,
        )
        assert read(row["metadata"]) == attributes_of(metric.metadata)
        assert read_origin(row) == origin_of(group, scoped)
        assert row["received_time"] == received[index]


def test_no_rows_come_of_nothing() -> None:
    without_points = [Metric(name="m"), *(metric_of(kind) for kind in METRIC_TYPES)]
    for bodies in ([], [b""], [encoded(*without_points)]):
        batch = metric_columns(bodies, [1] * len(bodies))
        assert (len(batch.rows), batch.rows.schema) == (0, METRIC_SCHEMA)


def metric_of(kind: str) -> Metric:
    """A metric of a type, without data points."""
    metric = Metric(name=kind)
    getattr(metric, kind).SetInParent()
    return metric


def encoded(*metrics: Metric) -> bytes:
    request = ExportMetricsServiceRequest()
    request.resource_metrics.add().scope_metrics.add().metrics.extend(metrics)
    return request.SerializeToString()


def field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def in_request(metric: bytes) -> bytes:
    return field(1, field(2, field(2, metric)))


def test_of_two_types_or_values_the_last_counts_as_protobuf_says() -> None:
    point = NumberDataPoint(as_double=0.5).SerializeToString()
    two_values = point + NumberDataPoint(as_int=7).SerializeToString()
    gauge = field(5, field(1, point))
    two_types = field(7, field(1, point)) + gauge
    exemplar = Exemplar(as_int=1).SerializeToString() + Exemplar(as_double=2).SerializeToString()
    doubled = (
        AnyValue(int_value=1).SerializeToString() + AnyValue(bool_value=True).SerializeToString()
    )
    attribute = KeyValue(key="k").SerializeToString() + field(2, doubled)
    for metric in (
        field(5, field(1, two_values)),
        two_types,
        field(5, field(1, field(5, exemplar))),
        field(5, field(1, field(7, attribute))),
        field(5, field(1, field(5, field(7, attribute)))),
        gauge + field(12, attribute),
    ):
        body = in_request(metric)
        with pytest.raises(Undecodable, match="two"):
            metric_columns([body], [1])
        official = ExportMetricsServiceRequest.FromString(body)
        rows = metric_columns([normalised(Signal.METRICS, body)], [1]).rows
        assert rows.equals(metric_columns([official.SerializeToString()], [1]).rows)
        assert len(rows) == 1


def test_a_field_that_is_split_or_not_packed_is_merged_as_protobuf_says() -> None:
    one, other = (field(1, NumberDataPoint(as_int=n).SerializeToString()) for n in (1, 2))
    rows = metric_columns([in_request(field(5, one) + field(5, other))], [1]).rows
    assert rows["value_int"].to_pylist() == [1, 2]
    counts = b"".join(bytes([6 << 3 | 1, n]) + bytes(7) for n in (3, 4))
    rows = metric_columns([in_request(field(9, field(1, counts)))], [1]).rows
    assert rows["bucket_counts"].to_pylist() == [[3, 4]]


@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x05abc", b"\x0a\x04\x12\x02\x12\x7f"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Undecodable):
        metric_columns([body], [1])
    with pytest.raises(Undecodable):
        normalised(Signal.METRICS, body)


def test_integers_are_exact_where_a_double_is_not() -> None:
    metric = Metric()
    metric.sum.data_points.add(as_int=2**53 + 1)
    metric.sum.data_points.add(as_int=-(2**63))
    rows = metric_columns([encoded(metric)], [1]).rows
    assert rows["value_int"].to_pylist() == [2**53 + 1, -(2**63)]
    assert rows["value"].to_pylist() == [2.0**53, -(2.0**63)]


@settings(max_examples=60)
@given(METRIC_REQUESTS, st.randoms(use_true_random=False))
def test_what_protobuf_merges_is_merged(request: Message, chance: random.Random) -> None:
    whole, pieces = request.SerializeToString(), split(request, chance)
    assert type(request).FromString(pieces).SerializeToString() == whole
    merged, expected = (rows_of(metric_columns([one], [1]).rows) for one in (pieces, whole))
    assert comparable(merged) == comparable(expected)
