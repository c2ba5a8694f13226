"""Metrics made of what histograms and summaries hold."""

from typing import Any

import pytest

from tests.ottl.documents import (
    Document,
    after,
    assert_same,
    attributes,
    document,
    items,
    refusal,
    with_,
)

POINT = {
    "attributes": attributes(host="a"),
    "startTimeUnixNano": "1",
    "timeUnixNano": "5",
    "count": "4",
    "sum": 6.0,
}
FIRST = attributes(first=True)
"""What no metric has that is made of others, so that statements can leave those alone."""

HISTOGRAM = {
    "name": "h",
    "description": "d",
    "unit": "ms",
    "metadata": FIRST,
    "histogram": {
        "dataPoints": [
            {**POINT, "bucketCounts": ["2", "2"], "explicitBounds": [1.0]},
            {"count": "0"},
        ],
        "aggregationTemporality": 1,
    },
}
EXPONENTIAL = {
    **with_(HISTOGRAM, histogram=None),
    "exponentialHistogram": {
        "dataPoints": [{**POINT, "positive": {"bucketCounts": ["4"]}}],
        "aggregationTemporality": 2,
    },
}
SUMMARY = {
    **with_(HISTOGRAM, histogram=None),
    "summary": {"dataPoints": [POINT, {"count": "0", "sum": 0.0}]},
}
GAUGE = {"name": "g", "gauge": {"dataPoints": [{"asInt": "5"}]}}
NUMBER = with_(POINT, count=None, sum=None)


def made(metric: Document, statement: str) -> list[Document]:
    """The metrics that were appended; the first one stays as it is."""
    first, *others = items(
        after(document("Metrics", metric), "metric", f'{statement} where metadata["first"] == true')
    )
    assert_same(first, metric)
    return others


def sum_of(*points: Document, temporality: int = 1, is_monotonic: bool = True) -> Document:
    return {
        "dataPoints": list(points),
        "aggregationTemporality": temporality,
        "isMonotonic": is_monotonic,
    }


@pytest.mark.parametrize(
    ("metric", "statement", "wanted"),
    [
        (
            HISTOGRAM,
            'extract_sum_metric(true, "")',
            {"name": "h", "unit": "ms", "sum": sum_of({**NUMBER, "asDouble": 6.0})},
        ),
        (
            EXPONENTIAL,
            "extract_count_metric(false)",
            {
                "name": "h_count",
                "unit": "1",
                "sum": sum_of({**NUMBER, "asInt": "4"}, temporality=2, is_monotonic=False),
            },
        ),
        (
            SUMMARY,
            'extract_count_metric(true, suffix=".n")',
            {
                "name": "h.n",
                "unit": "1",
                "sum": sum_of({**NUMBER, "asInt": "4"}, {"asInt": "0"}, temporality=2),
            },
        ),
        (
            SUMMARY,
            "extract_avg_metric()",
            {"name": "h_avg", "unit": "ms", "gauge": {"dataPoints": [{**NUMBER, "asDouble": 1.5}]}},
        ),
        (
            HISTOGRAM,
            'extract_avg_metric("_mean")',
            {
                "name": "h_mean",
                "unit": "ms",
                "gauge": {"dataPoints": [{**NUMBER, "asDouble": 1.5}]},
            },
        ),
        (
            HISTOGRAM,
            "extract_percentile_metric(25.0)",
            {
                "name": "h_p25",
                "unit": "ms",
                "description": "d (p25)",
                "gauge": {"dataPoints": [{**NUMBER, "asDouble": 0.5}]},
            },
        ),
        (
            EXPONENTIAL,
            'extract_percentile_metric(99.9, "_top")',
            {
                "name": "h_top",
                "unit": "ms",
                "description": "d (p99.9)",
                "gauge": {"dataPoints": [{**NUMBER, "asDouble": 2.0}]},
            },
        ),
    ],
)
def test_a_metric_is_appended(metric: Document, statement: str, wanted: Document) -> None:
    (found,) = made(metric, statement)
    assert_same(found, {"description": "d", **wanted})


def test_counts_beyond_int64_wrap() -> None:
    point = {"count": str((1 << 64) - 1)}
    metric = {"name": "m", "metadata": FIRST, "summary": {"dataPoints": [point]}}
    (found,) = made(metric, "extract_count_metric(true)")
    assert found["sum"]["dataPoints"][0]["asInt"] == "-1"


@pytest.mark.parametrize(
    ("statement", "data"),
    [
        ("extract_sum_metric(true)", {"dataPoints": [{"count": "1"}]}),
        ("extract_count_metric(true)", {"dataPoints": []}),
        ("extract_avg_metric()", {"dataPoints": [{"count": "0", "sum": 1.0}, {"count": "1"}]}),
        ("extract_percentile_metric(50.0)", {"dataPoints": [{"count": "0"}]}),
    ],
)
def test_no_points_make_no_metric(statement: str, data: Document) -> None:
    histogram = {**data, "aggregationTemporality": 1}
    metric = {"name": "m", "metadata": FIRST, "histogram": histogram}
    assert made(metric, statement) == []


@pytest.mark.parametrize(
    ("metric", "statement", "why"),
    [
        (GAUGE, "extract_sum_metric(true)", "execute: extract_sum_metric takes a histogram"),
        (GAUGE, "extract_count_metric(true)", "execute: extract_count_metric takes a histogram"),
        (GAUGE, "extract_avg_metric()", "execute: extract_avg_metric takes a histogram"),
        ({"name": "none"}, "extract_avg_metric()", "not a metric without data"),
        (
            {"name": "h", "histogram": {"dataPoints": []}},
            "extract_sum_metric(true)",
            "execute: extract_sum_metric: the aggregation temporality is unspecified",
        ),
        (HISTOGRAM, "extract_percentile_metric(0.0)", "parse: "),
        (HISTOGRAM, "extract_percentile_metric(100.0)", "parse: "),
        (HISTOGRAM, "extract_percentile_metric(50)", "a double literal"),
        (HISTOGRAM, "extract_percentile_metric(+50.0)", "without a sign"),
        (HISTOGRAM, "extract_sum_metric()", "parse: "),
        (HISTOGRAM, "extract_sum_metric(is_monotonic=true)", "no parameter is_monotonic"),
    ],
)
def test_what_does_not_fit_is_refused(metric: Document, statement: str, why: str) -> None:
    assert why in refusal(document("Metrics", metric), "metric", statement)


def test_a_percentile_of_another_type_is_left_alone() -> None:
    whole = document("Metrics", GAUGE)
    assert_same(after(whole, "metric", "extract_percentile_metric(50.0)"), whole)


@pytest.mark.parametrize(
    ("percentile", "name"), [("50.0", "p50"), ("0.5", "p0.5"), ("0.00001", "p1e-05")]
)
def test_a_percentile_is_named_as_go_writes_it(percentile: str, name: str) -> None:
    metric: Any = with_(HISTOGRAM, description=None)
    (found,) = made(metric, f"extract_percentile_metric({percentile})")
    assert (found["name"], found["description"]) == (f"h_{name}", name)


def test_a_new_metric_is_visited_by_the_same_statements() -> None:
    texts = ['extract_sum_metric(true) where name == "h"', 'set(description, "seen")']
    found = items(after(document("Metrics", HISTOGRAM), "metric", texts))
    assert [one["description"] for one in found] == ["seen", "seen"]
