"""Metrics that get another type."""

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

POINTS = [
    {"attributes": attributes(host="a"), "timeUnixNano": "5", "asInt": "3"},
    {"startTimeUnixNano": "1", "asDouble": 2.5, "flags": 1},
]
GAUGE = {"name": "g", "unit": "s", "metadata": attributes(k="v"), "gauge": {"dataPoints": POINTS}}
SUM = {
    **with_(GAUGE, gauge=None),
    "sum": {"dataPoints": POINTS, "aggregationTemporality": 1, "isMonotonic": True},
}
SUMMARY = {
    "name": "y",
    "description": "d",
    "unit": "s",
    "summary": {
        "dataPoints": [
            {
                "attributes": attributes(host="a", quantile="old"),
                "timeUnixNano": "5",
                "count": "3",
                "sum": 6.0,
                "quantileValues": [{"quantile": 0.5, "value": 1.5}, {"quantile": 1, "value": 4}],
            },
            {"count": "0"},
        ]
    },
}


def one(metric: Document, statement: str) -> list[Document]:
    return items(after(document("Metrics", metric), "metric", statement))


@pytest.mark.parametrize(
    ("statement", "before", "wanted"),
    [
        ("convert_sum_to_gauge()", SUM, GAUGE),
        ('convert_gauge_to_sum("delta", true)', GAUGE, SUM),
        (
            'convert_gauge_to_sum("cumulative", false)',
            GAUGE,
            {**SUM, "sum": {"dataPoints": POINTS, "aggregationTemporality": 2}},
        ),
        ("convert_sum_to_gauge()", GAUGE, GAUGE),
        ('convert_gauge_to_sum("delta", true)', SUM, SUM),
        ("convert_sum_to_gauge()", SUMMARY, SUMMARY),
        ("convert_sum_to_gauge()", {"name": "none"}, {"name": "none"}),
        ("convert_sum_to_gauge()", {"name": "s", "sum": {}}, {"name": "s", "gauge": {}}),
    ],
)
def test_a_type_is_exchanged(statement: str, before: Document, wanted: Document) -> None:
    found = one(before, statement)
    assert_same(found, [wanted])
    assert set(found[0]) & {"sum", "gauge"} == set(wanted) & {"sum", "gauge"}


def test_what_was_changed_before_is_kept() -> None:
    metric = {"name": "s", "sum": {"dataPoints": [{"asInt": "1"}], "isMonotonic": True}}
    texts = [
        'set(metric.metadata["k"], "v")',
        'set(datapoint.attributes["a"], 1)',
    ]
    changed = after(document("Metrics", metric), "datapoint", texts)
    found = items(after(changed, "metric", "convert_sum_to_gauge()"))
    point = {"asInt": "1", "attributes": attributes(a=1)}
    wanted = {"name": "s", "metadata": attributes(k="v"), "gauge": {"dataPoints": [point]}}
    assert_same(found, [wanted])


def test_quantiles_become_a_gauge() -> None:
    found = one(SUMMARY, 'convert_summary_quantile_val_to_gauge() where name == "y"')
    first = {"attributes": attributes(host="a", quantile=0.5), "timeUnixNano": "5", "asDouble": 1.5}
    second = with_(first, attributes=attributes(host="a", quantile=1.0), asDouble=4.0)
    gauge = {"dataPoints": [first, second]}
    made = {"name": "y.quantiles", "description": "d", "unit": "s", "gauge": gauge}
    assert_same(found, [SUMMARY, made])


def test_names_of_the_key_and_the_metric_can_be_given() -> None:
    found = one(SUMMARY, 'convert_summary_quantile_val_to_gauge("q", "_q") where name == "y"')
    assert found[1]["name"] == "y_q"
    point = found[1]["gauge"]["dataPoints"][0]
    assert_same(point["attributes"], attributes(host="a", quantile="old", q=0.5))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ('convert_gauge_to_sum("weekly", true)', "one of delta, cumulative"),
        ('convert_gauge_to_sum("delta")', "takes 2 arguments"),
        ('convert_gauge_to_sum("delta", "true")', "bool literal"),
        ("convert_summary_quantile_val_to_gauge(1)", "string literal"),
        ("convert_sum_to_gauge(1)", "takes 0 arguments"),
    ],
)
def test_wrong_arguments_are_refused_before_any_data(statement: str, why: str) -> None:
    assert why in refusal(document("Metrics", GAUGE), "metric", statement)


@pytest.mark.parametrize("context", ["datapoint", "resource", "scope"])
def test_other_contexts_do_not_have_them(context: str) -> None:
    assert "undefined function" in refusal(
        document("Metrics", GAUGE), context, "convert_sum_to_gauge()"
    )
