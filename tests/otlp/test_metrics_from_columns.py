"""Rows of data points are the requests that they were made of, as far as rows go."""

from hypothesis import given, settings
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from otx.otlp.metric_columns import METRIC_SCHEMA, metric_columns
from otx.otlp.metrics_from_columns import metrics_request
from tests.otlp.test_columns import rows_of
from tests.otlp.test_metric_columns import METRIC_REQUESTS, encoded, metric_of

Request = ExportMetricsServiceRequest


def there_and_back(body: bytes) -> bytes:
    return metrics_request(metric_columns([body], [1]).rows)


def points(body: bytes) -> list[str]:
    """What rows hold of a request; points of one metric may have come together."""
    found = rows_of(metric_columns([body], [1]).rows)
    return sorted(map(repr, found))  # NaN is not equal to itself


@settings(max_examples=80, deadline=None)
@given(METRIC_REQUESTS)
def test_every_data_point_comes_back_whole(request: Request) -> None:
    body = request.SerializeToString()
    back = there_and_back(body)
    Request.FromString(back)
    assert points(back) == points(body)


def test_points_of_one_metric_come_back_under_it() -> None:
    metric = metric_of("sum")
    metric.description, metric.unit = "orders", "1"
    metric.metadata.add(key="k").value.bool_value = True
    metric.sum.is_monotonic = True
    for number in range(3):
        metric.sum.data_points.add(time_unix_nano=number + 1, as_int=number)
    other = metric_of("gauge")
    other.gauge.data_points.add(as_double=0.5)
    body = encoded(metric, other)
    assert Request.FromString(there_and_back(body)) == Request.FromString(body)


def test_no_rows_are_an_empty_request() -> None:
    assert metrics_request(METRIC_SCHEMA.empty_table()) == b""
