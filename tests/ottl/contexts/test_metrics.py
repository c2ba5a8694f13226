"""Paths of metrics, their data points and their exemplars."""

from typing import Any

import pytest

from otx.ottl.values import Opaque, Time
from tests.ottl.documents import (
    Document,
    after,
    assert_same,
    attributes,
    document,
    items,
    refusal,
    value_of,
)

EXEMPLAR = {
    "timeUnixNano": "7",
    "asDouble": 1.5,
    "traceId": "0102030405060708090a0b0c0d0e0f10",
    "spanId": "0102030405060708",
    "filteredAttributes": attributes(k="v"),
}
GAUGE = {
    "name": "g",
    "description": "d",
    "unit": "s",
    "metadata": attributes(m="v"),
    "gauge": {
        "dataPoints": [
            {
                "attributes": attributes(host="a"),
                "startTimeUnixNano": "3",
                "timeUnixNano": "5",
                "asInt": "7",
                "flags": 1,
                "exemplars": [EXEMPLAR, {"asInt": "2"}],
            }
        ]
    },
}
SUM = {
    "name": "s",
    "sum": {"dataPoints": [{"asDouble": 2.5}], "aggregationTemporality": 2, "isMonotonic": True},
}
HISTOGRAM = {
    "name": "h",
    "histogram": {
        "dataPoints": [
            {"count": "3", "sum": 2.5, "bucketCounts": ["1", "2"], "explicitBounds": [1.0]}
        ],
        "aggregationTemporality": 1,
    },
}
EXPONENTIAL = {
    "name": "e",
    "exponentialHistogram": {
        "dataPoints": [
            {
                "count": "6",
                "scale": 1,
                "zeroCount": "3",
                "positive": {"offset": 2, "bucketCounts": ["1", "2"]},
                "negative": {"offset": -2},
            }
        ]
    },
}
SUMMARY = {
    "name": "y",
    "summary": {
        "dataPoints": [
            {"count": "3", "sum": 6.0, "quantileValues": [{"quantile": 0.5, "value": 1.0}]}
        ]
    },
}
NONE = {"name": "none"}


def changed(metric: Document, context: str, *statements: str) -> Document:
    (found,) = items(after(document("Metrics", metric), context, statements))
    return found


def point(metric: Document) -> Document:
    (data,) = (metric[key] for key in metric if isinstance(metric[key], dict))
    found: Document = data["dataPoints"][0]
    return found


@pytest.mark.parametrize(
    ("metric", "path", "value"),
    [
        (GAUGE, "name", "g"),
        (GAUGE, "description", "d"),
        (GAUGE, "unit", "s"),
        (GAUGE, 'metadata["m"]', "v"),
        (GAUGE, "type == METRIC_DATA_TYPE_GAUGE", True),
        (NONE, "type", 0),
        (SUMMARY, "type", 5),
        (SUM, "aggregation_temporality", 2),
        (SUM, "is_monotonic", True),
        (HISTOGRAM, "aggregation_temporality", 1),
        (EXPONENTIAL, "aggregation_temporality", 0),
        (GAUGE, "aggregation_temporality", None),
        (HISTOGRAM, "is_monotonic", None),
        (NONE, "data_points", None),
        (GAUGE, "Len(data_points)", 1),
    ],
)
def test_a_metric_is_read(metric: Document, path: str, value: Any) -> None:
    if " == " in path:
        statement = f'set(name, "it is") where {path}'
        assert changed(metric, "metric", statement)["name"] == "it is"
        return
    assert value_of(document("Metrics", metric), "metric", path) == value


@pytest.mark.parametrize(
    ("metric", "statement", "field", "value"),
    [
        (GAUGE, 'set(name, "x")', "name", "x"),
        (GAUGE, 'set(unit, "")', "unit", None),
        (GAUGE, 'set(metadata, {"a": 1})', "metadata", attributes(a=1)),
        (GAUGE, 'delete_key(metadata, "m")', "metadata", None),
        (GAUGE, "set(data_points, nil)", "gauge", {}),
        (GAUGE, "set(data_points, data_points)", "gauge", GAUGE["gauge"]),
        # Documented as doing nothing, whatever is given.
        (GAUGE, "set(type, METRIC_DATA_TYPE_SUM)", "gauge", GAUGE["gauge"]),
        (GAUGE, "set(type, nil)", "gauge", GAUGE["gauge"]),
        (GAUGE, "set(is_monotonic, true)", "gauge", GAUGE["gauge"]),
        (GAUGE, "set(aggregation_temporality, 1)", "gauge", GAUGE["gauge"]),
        (NONE, "set(data_points, 5)", "name", "none"),
        (SUM, "set(is_monotonic, false)", "sum", {**SUM["sum"], "isMonotonic": None}),  # type: ignore[dict-item]
        (
            HISTOGRAM,
            "set(aggregation_temporality, 4294967298)",
            "histogram",
            {**HISTOGRAM["histogram"], "aggregationTemporality": 2},  # type: ignore[dict-item]
        ),
    ],
)
def test_a_metric_is_written(metric: Document, statement: str, field: str, value: Any) -> None:
    assert_same({field: changed(metric, "metric", statement).get(field)}, {field: value})


def test_metadata_survives_new_data_points() -> None:
    texts = ['set(metadata["n"], 1)', "set(data_points, nil)"]
    assert_same(changed(GAUGE, "metric", *texts)["metadata"], attributes(m="v", n=1))


@pytest.mark.parametrize(
    ("metric", "path", "value"),
    [
        (GAUGE, 'attributes["host"]', "a"),
        (GAUGE, "start_time_unix_nano", 3),
        (GAUGE, "time", Time(5)),
        (GAUGE, "flags", 1),
        (GAUGE, "value_int", 7),
        (GAUGE, "value_double", 0.0),
        (SUM, "value_double", 2.5),
        (SUM, "value_int", 0),
        (GAUGE, "Len(exemplars)", 2),
        (GAUGE, "count", None),
        (GAUGE, "explicit_bounds", None),
        (GAUGE, "positive.offset", None),
        (HISTOGRAM, "value_int", None),
        (HISTOGRAM, "count", 3),
        (HISTOGRAM, "sum", 2.5),
        (HISTOGRAM, "explicit_bounds", [1.0]),
        (HISTOGRAM, "bucket_counts", Opaque("list of uint64", (1, 2))),
        (HISTOGRAM, "Len(bucket_counts)", 2),
        (HISTOGRAM, "scale", None),
        (EXPONENTIAL, "scale", 1),
        (EXPONENTIAL, "zero_count", 3),
        (EXPONENTIAL, "positive.offset", 2),
        (EXPONENTIAL, "positive.bucket_counts", Opaque("list of uint64", (1, 2))),
        (EXPONENTIAL, "negative.offset", -2),
        (EXPONENTIAL, "quantile_values", None),
        (SUMMARY, "sum", 6.0),
        (SUMMARY, "Len(quantile_values)", 1),
        (SUMMARY, "exemplars", None),
        (GAUGE, "metric.name", "g"),
        (GAUGE, "scope.name", "scope"),
        (GAUGE, "FLAG_NO_RECORDED_VALUE", 1),
    ],
)
def test_a_data_point_is_read(metric: Document, path: str, value: Any) -> None:
    assert value_of(document("Metrics", metric), "datapoint", path) == value


@pytest.mark.parametrize(
    ("metric", "statement", "field", "value"),
    [
        (GAUGE, "set(value_double, 1.5)", "asDouble", 1.5),
        (GAUGE, "set(value_double, 1.5)", "asInt", None),
        (GAUGE, "set(value_int, -1)", "asInt", "-1"),
        (GAUGE, "set(flags, 4294967298)", "flags", 2),
        (GAUGE, "set(exemplars, nil)", "exemplars", None),
        (GAUGE, "set(time, start_time)", "timeUnixNano", "3"),
        (HISTOGRAM, "set(count, -1)", "count", str((1 << 64) - 1)),
        (HISTOGRAM, "set(sum, 1.0)", "sum", 1.0),
        (HISTOGRAM, "set(bucket_counts, [4, -1])", "bucketCounts", ["4", str((1 << 64) - 1)]),
        (HISTOGRAM, "set(bucket_counts, bucket_counts)", "bucketCounts", ["1", "2"]),
        (HISTOGRAM, "set(bucket_counts, nil)", "bucketCounts", None),
        (HISTOGRAM, "set(explicit_bounds, [4.0, 5.5])", "explicitBounds", [4.0, 5.5]),
        (HISTOGRAM, "set(explicit_bounds, nil)", "explicitBounds", None),
        (HISTOGRAM, "append(explicit_bounds, 2.0)", "explicitBounds", [1.0, 2.0]),
        (EXPONENTIAL, "set(scale, 4294967295)", "scale", -1),
        (EXPONENTIAL, "set(positive, negative)", "positive", {"offset": -2}),
        (
            EXPONENTIAL,
            "set(negative.bucket_counts, positive.bucket_counts)",
            "negative",
            {"offset": -2, "bucketCounts": ["1", "2"]},
        ),
        (EXPONENTIAL, "set(negative.offset, 1)", "negative", {"offset": 1}),
        (SUMMARY, "set(quantile_values, nil)", "quantileValues", None),
    ],
)
def test_a_data_point_is_written(metric: Document, statement: str, field: str, value: Any) -> None:
    found = point(changed(metric, "datapoint", statement))
    assert_same({field: found.get(field)}, {field: value})


def test_bounds_are_a_list_and_counts_are_none() -> None:
    found = point(changed(HISTOGRAM, "datapoint", 'set(attributes["b"], explicit_bounds)'))
    assert found["attributes"][0]["value"]["arrayValue"]["values"] == [{"doubleValue": 1.0}]
    why = refusal(
        document("Metrics", HISTOGRAM), "datapoint", 'set(attributes["b"], bucket_counts)'
    )
    assert why.startswith('execute: datapoint.attributes["b"]: a list of uint64 cannot')


@pytest.mark.parametrize(
    ("metric", "context", "statement", "why"),
    [
        (GAUGE, "metric", "set(name, nil)", "name cannot be nil"),
        (GAUGE, "metric", "set(is_monotonic, 1)", "is_monotonic takes a bool, not int"),
        (GAUGE, "metric", "set(is_monotonic, nil)", "is_monotonic cannot be nil"),
        (GAUGE, "metric", "set(aggregation_temporality, true)", "takes an int, not bool"),
        (GAUGE, "metric", "set(metadata, 1)", "metric.metadata takes a map, not int"),
        (GAUGE, "metric", "set(data_points, [])", "takes a list of number data points"),
        (GAUGE, "datapoint", "set(count, 6)", "count cannot be set on a gauge data point"),
        (GAUGE, "datapoint", "set(positive.offset, 6)", "positive.offset cannot be set"),
        (GAUGE, "datapoint", "set(value_int, 1.5)", "value_int takes an int, not double"),
        (HISTOGRAM, "datapoint", "set(value_int, 1)", "cannot be set on a histogram data point"),
        (HISTOGRAM, "datapoint", "set(bucket_counts, [1.0])", "one holds double"),
        (HISTOGRAM, "datapoint", "set(bucket_counts, [true])", "one holds bool"),
        (HISTOGRAM, "datapoint", "set(explicit_bounds, [1])", "one holds int"),
        (HISTOGRAM, "datapoint", "set(explicit_bounds, bucket_counts)", "list of uint64"),
        (HISTOGRAM, "datapoint", "set(sum, 1)", "datapoint.sum takes a double, not int"),
        (EXPONENTIAL, "datapoint", "set(positive, 1)", "positive takes buckets, not int"),
        (EXPONENTIAL, "datapoint", "set(positive, nil)", "positive cannot be nil"),
        (SUMMARY, "datapoint", "set(exemplars, nil)", "exemplars cannot be set on a summary"),
    ],
)
def test_what_does_not_fit_is_refused(
    metric: Document, context: str, statement: str, why: str
) -> None:
    found = refusal(document("Metrics", metric), context, statement)
    assert found.startswith("execute: ")
    assert why in found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("time_unix_nano", 7),
        ("double_value", 1.5),
        ("int_value", 0),
        ("trace_id.string", "0102030405060708090a0b0c0d0e0f10"),
        ("span_id.string", "0102030405060708"),
        ('filtered_attributes["k"]', "v"),
        ('datapoint.attributes["host"]', "a"),
        ("metric.name", "g"),
    ],
)
def test_an_exemplar_is_read(path: str, value: Any) -> None:
    assert value_of(document("Metrics", GAUGE), "exemplar", path) == value


def test_exemplars_are_written() -> None:
    found = changed(
        GAUGE,
        "exemplar",
        "set(int_value, 9)",
        'set(filtered_attributes["n"], metric.name)',
        "set(time, datapoint.time)",
        'set(span_id.string, "ff00000000000000") where double_value == 0.0',
    )
    first, second = point(found)["exemplars"]
    assert (first["asInt"], first["timeUnixNano"]) == ("9", "5")
    assert "asDouble" not in first
    assert_same(first["filteredAttributes"], attributes(k="v", n="g"))
    assert_same(second["filteredAttributes"], attributes(n="g"))


def test_exemplars_have_no_enums() -> None:
    why = refusal(document("Metrics", GAUGE), "exemplar", "set(int_value, FLAG_NONE)")
    assert why.startswith("parse: ")
