"""Sums from summaries, and histograms with fewer buckets."""

import pytest

from tests.ottl.documents import Document, after, assert_same, attributes, document, items, refusal

SUMMARY = {
    "name": "y",
    "description": "d",
    "unit": "s",
    "summary": {
        "dataPoints": [
            {"attributes": attributes(host="a"), "timeUnixNano": "5", "count": "3", "sum": 6.0}
        ]
    },
}
NUMBER = {"attributes": attributes(host="a"), "timeUnixNano": "5"}
GAUGE = {"name": "g", "gauge": {"dataPoints": [{"asInt": "5"}]}}


def histogram(counts: list[int], bounds: list[float]) -> Document:
    point = {"bucketCounts": [str(one) for one in counts], "explicitBounds": bounds}
    return {"name": "h", "histogram": {"dataPoints": [point]}}


def run(metric: Document, statement: str) -> list[Document]:
    return items(after(document("Metrics", metric), "datapoint", statement))


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        (
            'convert_summary_count_val_to_sum("delta", true)',
            {
                "name": "y_count",
                "sum": {
                    "dataPoints": [{**NUMBER, "asInt": "3"}],
                    "aggregationTemporality": 1,
                    "isMonotonic": True,
                },
            },
        ),
        (
            'convert_summary_sum_val_to_sum("cumulative", false, "")',
            {
                "name": "y",
                "sum": {
                    "dataPoints": [{**NUMBER, "asDouble": 6.0}],
                    "aggregationTemporality": 2,
                },
            },
        ),
    ],
)
def test_a_summary_makes_a_sum(statement: str, wanted: Document) -> None:
    found = run(SUMMARY, statement)
    assert_same(found, [SUMMARY, {"description": "d", "unit": "s", **wanted}])


def test_there_is_one_sum_for_each_data_point() -> None:
    metric = {"name": "y", "summary": {"dataPoints": [{"count": "1"}, {"count": "2"}]}}
    found = run(metric, 'convert_summary_count_val_to_sum("delta", true)')
    assert [one["name"] for one in found] == ["y", "y_count", "y_count"]
    assert [len(one["sum"]["dataPoints"]) for one in found[1:]] == [2, 2]


def test_other_data_points_make_none() -> None:
    assert_same(run(GAUGE, 'convert_summary_count_val_to_sum("delta", true)'), [GAUGE])
    assert_same(run(GAUGE, "merge_histogram_buckets(1.0)"), [GAUGE])


@pytest.mark.parametrize(
    ("target", "counts", "bounds"),
    [
        ("0.5", [5, 11, 1], [0.1, 1.0]),
        ("0.1", [13, 3, 1], [0.5, 1.0]),
        ("1", [5, 8, 4], [0.1, 0.5]),
        ("0.5000000000001", [5, 11, 1], [0.1, 1.0]),
        ("0.500000000002", [5, 8, 3, 1], [0.1, 0.5, 1.0]),
        ('"0.5"', [5, 11, 1], [0.1, 1.0]),
        ('0.5, method="remove_explicit_bound"', [5, 11, 1], [0.1, 1.0]),
        ('2, "limit_buckets"', [13, 4], [0.5]),
        ('3, "limit_buckets"', [13, 4], [0.5]),
        ('1, "limit_buckets"', [17], []),
        ('4, "limit_buckets"', [5, 8, 3, 1], [0.1, 0.5, 1.0]),
        ('9223372036854775807, "limit_buckets"', [5, 8, 3, 1], [0.1, 0.5, 1.0]),
    ],
)
def test_buckets_are_merged(target: str, counts: list[int], bounds: list[float]) -> None:
    metric = histogram([5, 8, 3, 1], [0.1, 0.5, 1.0])
    assert_same(run(metric, f"merge_histogram_buckets({target})"), [histogram(counts, bounds)])


def test_the_last_group_may_be_smaller() -> None:
    metric = histogram([1, 2, 3, 4, 5], [1.0, 2.0, 3.0, 4.0])
    found = run(metric, 'merge_histogram_buckets(3, "limit_buckets")')
    assert_same(found, [histogram([3, 7, 5], [2.0, 4.0])])


@pytest.mark.parametrize(
    "metric",
    [
        histogram([1], []),
        histogram([1, 2, 3], [1.0]),
        histogram([], [1.0]),
    ],
)
@pytest.mark.parametrize("target", ["1.0", '1, "limit_buckets"'])
def test_what_cannot_be_merged_stays(metric: Document, target: str) -> None:
    assert_same(run(metric, f"merge_histogram_buckets({target})"), [metric])


def test_bounds_that_do_not_increase_are_not_merged() -> None:
    metric = histogram([1, 2, 3], [2.0, 1.0])
    assert_same(run(metric, 'merge_histogram_buckets(2, "limit_buckets")'), [metric])


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ('convert_summary_count_val_to_sum("weekly", true)', "one of delta, cumulative"),
        ("merge_histogram_buckets(nil)", "target_value cannot be nil"),
        ('merge_histogram_buckets("x")', "'x' is no number"),
        ('merge_histogram_buckets(0, "limit_buckets")', "a number of buckets"),
        ('merge_histogram_buckets(1.5, "limit_buckets")', "a number of buckets"),
        ('merge_histogram_buckets(1, "other")', "remove_explicit_bound, limit_buckets"),
    ],
)
def test_wrong_literals_are_refused_before_any_data(statement: str, why: str) -> None:
    found = refusal(document("Metrics", GAUGE), "datapoint", statement)
    assert found.startswith("parse: ")
    assert why in found


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ('resource.attributes["none"]', "target_value cannot be nil"),
        ("Len(metric.description)", "a number of buckets"),
    ],
)
def test_values_are_checked_on_histograms_alone(value: str, why: str) -> None:
    statement = f'merge_histogram_buckets({value}, "limit_buckets")'
    found = refusal(document("Metrics", histogram([1, 2], [1.0])), "datapoint", statement)
    assert found.startswith("execute: ")
    assert why in found
    assert_same(run(GAUGE, statement), [GAUGE])
