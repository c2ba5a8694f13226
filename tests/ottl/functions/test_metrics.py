"""Copies and scales of metrics, and what the filter processor asks of them."""

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
from tests.ottl.vector_run import run

GAUGE = {
    "name": "g",
    "description": "d",
    "unit": "s",
    "metadata": attributes(k="v"),
    "gauge": {
        "dataPoints": [
            {"attributes": attributes(host="a", n=1), "asInt": "7"},
            {"attributes": attributes(host="b"), "asDouble": 1.5, "exemplars": [{"asInt": "1"}]},
            {"attributes": attributes(zone="c")},
        ]
    },
}


def one(metric: Document, *statements: str) -> list[Document]:
    return items(after(document("Metrics", metric), "metric", statements))


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        ('name="c", description="", unit="ms"', {"name": "c", "description": None, "unit": "ms"}),
        ('"c"', {"name": "c"}),
        ('name="c", unit=resource.attributes["service"]', {"name": "c", "unit": "shop"}),
    ],
)
def test_a_copy_has_everything_but_what_is_given(arguments: str, changes: Document) -> None:
    found = one(GAUGE, f'copy_metric({arguments}) where name == "g"')
    assert_same(found, [GAUGE, with_(GAUGE, **changes)])


def test_a_copy_has_what_was_changed_before() -> None:
    found = one(
        GAUGE, 'set(metadata["k"], "w") where name == "g"', 'copy_metric("c") where name == "g"'
    )
    assert_same(found[1]["metadata"], attributes(k="w"))


def test_a_copy_stays_where_a_name_fails() -> None:
    text = 'copy_metric(name=resource.attributes["none"])'
    result = run({"context": "metric", "statements": [text], "input": document("Metrics", GAUGE)})
    assert result.phase == "execute"
    assert_same(items(result.document), [GAUGE, GAUGE])


@pytest.mark.parametrize(
    ("factor", "ints", "doubles"),
    [("2.0", "14", 3.0), ("0.5", "3", 0.75), ("1" + "0" * 30 + ".0", str(-(1 << 63)), 1.5e30)],
)
def test_ints_stay_ints(factor: str, ints: str, doubles: float) -> None:
    points = one(GAUGE, f"scale_metric({factor})")[0]["gauge"]["dataPoints"]
    assert_same(points[0]["asInt"], ints)
    assert_same(points[1]["asDouble"], doubles)
    assert points[1]["exemplars"][0]["asInt"] == "1"
    assert "asInt" not in points[2]


def test_a_histogram_is_scaled_but_for_its_counts() -> None:
    point = {
        "count": "3",
        "sum": 4.0,
        "min": 1.0,
        "bucketCounts": ["1", "2"],
        "explicitBounds": [1.0, 10.0],
        "exemplars": [{"asDouble": 2.0}, {"asInt": "3"}],
    }
    found = one({"name": "h", "histogram": {"dataPoints": [point]}}, "scale_metric(10.0)")
    scaled = {
        **point,
        "sum": 40.0,
        "min": 10.0,
        "explicitBounds": [10.0, 100.0],
        "exemplars": [{"asDouble": 20.0}, {"asInt": "30"}],
    }
    assert_same(found[0]["histogram"]["dataPoints"], [scaled])


def test_a_summary_is_scaled_but_for_its_count() -> None:
    quantile = {"quantile": 0.5, "value": 2.0}
    point = {"count": "3", "sum": 6.0, "quantileValues": [quantile]}
    found = one({"name": "y", "unit": "s", "summary": {"dataPoints": [point]}}, _MILLISECONDS)
    scaled = {**point, "sum": 6000.0, "quantileValues": [{**quantile, "value": 2000.0}]}
    assert_same(found, [{"name": "y", "unit": "ms", "summary": {"dataPoints": [scaled]}}])


_MILLISECONDS = 'scale_metric(1000.0, "ms")'


@pytest.mark.parametrize(
    ("metric", "statement", "why"),
    [
        (GAUGE, "scale_metric(10)", "parse: "),
        (GAUGE, "scale_metric(10.0, 5)", "parse: "),
        (GAUGE, 'scale_metric(2.0, resource.attributes["none"])', "execute: "),
        ({"exponentialHistogram": {}}, "scale_metric(2.0)", "exponential histogram"),
        ({"name": "none"}, "scale_metric(2.0)", "a metric without data"),
        (GAUGE, "copy_metric(5)", "parse: "),
    ],
)
def test_what_does_not_fit_is_refused(metric: Document, statement: str, why: str) -> None:
    assert why in refusal(document("Metrics", metric), "metric", statement)


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ('HasAttrKeyOnDatapoint("zone")', True),
        ('HasAttrKeyOnDatapoint("none")', False),
        ('HasAttrOnDatapoint("host", "a")', True),
        # Only the first point that has the key is asked.
        ('HasAttrOnDatapoint("host", "b")', False),
        ('HasAttrOnDatapoint("zone", "c")', True),
        ('HasAttrOnDatapoint("none", "")', False),
        # What is no text has the text "".
        ('HasAttrOnDatapoint("n", "")', True),
        ('HasAttrOnDatapoint("n", "1")', False),
    ],
)
def test_attributes_of_data_points_are_asked_for(condition: str, answer: bool) -> None:
    case = {"context": "metric", "condition": condition, "processor": "filter"}
    result = run({**case, "input": document("Metrics", GAUGE)})
    assert (result.phase, result.value) == ("ok", answer)


def test_a_metric_without_data_has_no_points_to_ask() -> None:
    case = {"context": "metric", "condition": 'HasAttrKeyOnDatapoint("k")', "processor": "filter"}
    assert run({**case, "input": document("Metrics", {"name": "none"})}).phase == "execute"


def test_each_processor_has_its_own() -> None:
    whole = document("Metrics", GAUGE)
    assert "undefined function" in refusal(whole, "metric", "scale_metric(2.0)", "filter")
    text = 'set(name, "x") where HasAttrKeyOnDatapoint("k")'
    assert "undefined function" in refusal(whole, "metric", text, "transform")
