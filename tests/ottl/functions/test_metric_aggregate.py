"""Data points merged on their attributes."""

from typing import Any

import pytest

from tests.ottl.documents import Document, after, assert_same, attributes, document, items, refusal


def point(value: int | float, host: str = "", zone: str = "", **more: Any) -> Document:
    given = {key: one for key, one in (("host", host), ("zone", zone)) if one}
    number = {"asInt": str(value)} if isinstance(value, int) else {"asDouble": value}
    return {"attributes": attributes(**given), **number, **more}


def gauge(*points: Document) -> Document:
    return {"name": "g", "description": "d", "unit": "s", "gauge": {"dataPoints": list(points)}}


def one(metric: Document, statement: str) -> Document:
    (found,) = items(after(document("Metrics", metric), "metric", statement))
    return found


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ('"sum"', [point(1, "a", "x"), point(2, "a", "y"), point(4, "b", "x")]),
        ('"sum", []', [point(7)]),
        ('"sum", ["host"]', [point(3, "a"), point(4, "b")]),
        ('"max", ["zone"]', [point(4, "", "x"), point(2, "", "y")]),
        ('"min", ["none"]', [point(1)]),
        ('"mean", []', [point(2)]),
        ('"median", []', [point(2)]),
        ('"count", []', [point(3)]),
        # A point that is alone is not counted.
        ('"count", ["host"]', [point(2, "a"), point(4, "b")]),
    ],
)
def test_points_are_merged_on_what_is_left(arguments: str, wanted: list[Document]) -> None:
    metric = gauge(point(1, "a", "x"), point(2, "a", "y"), point(4, "b", "x"))
    assert_same(one(metric, f"aggregate_on_attributes({arguments})"), gauge(*wanted))


def test_one_value_for_several() -> None:
    metric = gauge(point(1, "a"), point(2, "b"), point(4, "c"), point(8))
    statement = 'aggregate_on_attribute_value("sum", "host", ["a", "c"], "all")'
    assert_same(one(metric, statement), gauge(point(5, "all"), point(2, "b"), point(8)))


def test_what_is_no_text_has_the_text_nothing() -> None:
    metric = gauge({"attributes": attributes(host=1), "asInt": "1"}, point(2, "a"))
    statement = 'aggregate_on_attribute_value("sum", "host", [""], "a")'
    assert_same(one(metric, statement), gauge(point(3, "a")))


def test_the_metric_is_a_new_one_without_metadata() -> None:
    metric = {**gauge(point(1), point(2)), "metadata": attributes(k="v")}
    assert_same(one(metric, 'aggregate_on_attributes("sum")'), gauge(point(3)))


def test_attributes_given_by_statements_count() -> None:
    whole = document("Metrics", gauge(point(1, "a"), point(2, "b")))
    case = ['set(datapoint.attributes["host"], "same")', 'set(datapoint.attributes["n"], 1)']
    whole = after(whole, "datapoint", case)
    found = items(after(whole, "metric", 'aggregate_on_attributes("sum", ["host"])'))
    assert_same(found, [gauge(point(3, "same"))])


def test_a_summary_is_refused_or_emptied() -> None:
    whole = document("Metrics", {"name": "y", "summary": {"dataPoints": [{"count": "1"}]}})
    why = refusal(whole, "metric", 'aggregate_on_attributes("sum")')
    assert why == "execute: aggregate_on_attributes does not take a summary"
    found = items(after(whole, "metric", 'aggregate_on_attribute_value("sum", "a", ["b"], "c")'))
    assert_same(found, [{"name": "y", "summary": {}}])


def test_a_metric_without_data_stays() -> None:
    assert_same(one({"name": "none"}, 'aggregate_on_attributes("sum")'), {"name": "none"})


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ('aggregate_on_attributes("avg")', "one of sum, mean, min, max, median, count"),
        ("aggregate_on_attributes(sum)", "parse: "),
        ('aggregate_on_attributes("sum", "host")', "a list literal"),
        ('aggregate_on_attributes("sum", [1])', "a string literal"),
        ('aggregate_on_attribute_value("sum", "host", ["a"])', "takes 4 arguments"),
    ],
)
def test_wrong_arguments_are_refused_before_any_data(statement: str, why: str) -> None:
    assert why in refusal(document("Metrics", gauge(point(1))), "metric", statement)
