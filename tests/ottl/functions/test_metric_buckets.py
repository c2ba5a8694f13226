"""Exponential histograms that become explicit ones."""

import pytest

from tests.ottl.documents import Document, after, assert_same, attributes, document, items, refusal

POINT = {
    "attributes": attributes(host="a"),
    "startTimeUnixNano": "1",
    "timeUnixNano": "5",
    "count": "6",
    "sum": 9.0,
    "min": 0.0,
    "max": 4.0,
    "flags": 1,
    "zeroCount": "1",
    "positive": {"bucketCounts": ["2", "3"]},
    "exemplars": [{"asDouble": 1.5}],
}
METRIC = {
    "name": "e",
    "description": "d",
    "unit": "ms",
    "metadata": attributes(k="v"),
    "exponentialHistogram": {"dataPoints": [POINT], "aggregationTemporality": 2},
}


def one(metric: Document, statement: str) -> Document:
    (found,) = items(after(document("Metrics", metric), "metric", statement))
    return found


def test_everything_but_the_buckets_stays() -> None:
    found = one(METRIC, 'convert_exponential_histogram_to_histogram("upper", [0.0, 2.0])')
    kept = {key: one for key, one in POINT.items() if key not in ("zeroCount", "positive")}
    point = {**kept, "explicitBounds": [0.0, 2.0], "bucketCounts": ["1", "2", "3"]}
    histogram = {"dataPoints": [point], "aggregationTemporality": 2}
    assert_same(found, {"name": "e", "description": "d", "unit": "ms", "histogram": histogram})
    assert found["histogram"]["dataPoints"][0]["min"] == 0.0


def test_what_a_point_lacks_stays_away() -> None:
    metric = {"name": "e", "exponentialHistogram": {"dataPoints": [{"count": "0"}]}}
    found = one(metric, 'convert_exponential_histogram_to_histogram("", [1.0])')
    (point,) = found["histogram"]["dataPoints"]
    assert not {"sum", "min", "max"} & set(point)
    assert point["bucketCounts"] == ["0", "0"]


def test_other_metrics_stay() -> None:
    metric = {"name": "g", "gauge": {"dataPoints": [{"asInt": "1"}]}}
    statement = 'convert_exponential_histogram_to_histogram("random", [1.0])'
    assert_same(one(metric, statement), metric)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ('"bogus", [1.0]', "parse: "),
        ('"upper", []', "parse: "),
        ('"upper", [1]', "parse: "),
        ('"upper", [-1.0]', "without a sign"),
        ('"upper", [1.0, 1.0]', "1.0 cannot follow 1.0"),
        ('"upper", [2.0, 1.0]', "1.0 cannot follow 2.0"),
        ('"upper"', "takes 2 arguments"),
    ],
)
def test_wrong_arguments_are_refused_before_any_data(arguments: str, why: str) -> None:
    statement = f"convert_exponential_histogram_to_histogram({arguments})"
    found = refusal(document("Metrics", METRIC), "metric", statement)
    assert found.startswith("parse: ")
    assert why in found


def test_a_point_that_contradicts_itself_leaves_the_metric_alone() -> None:
    wrong = {**POINT, "count": "7"}
    metric = {**METRIC, "exponentialHistogram": {"dataPoints": [POINT, wrong]}}
    why = refusal(
        document("Metrics", metric),
        "metric",
        'convert_exponential_histogram_to_histogram("upper", [1.0])',
    )
    assert why == "execute: the buckets hold 6 values, the data point says 7"
