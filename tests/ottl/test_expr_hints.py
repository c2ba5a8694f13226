"""Expressions of expr-lang and the OTTL that says the same, where one can be told."""

import pytest

from otx.ottl.expr_hints import ottl_hint
from otx.ottl.parser import parse_condition


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        ('MetricName == "up"', 'metric.name == "up"'),
        ("MetricName != 'up'", 'metric.name != "up"'),
        (
            'MetricName matches "^sys" && MetricType == "Sum"',
            'IsMatch(metric.name, "^sys") and metric.type == METRIC_DATA_TYPE_SUM',
        ),
        (
            '!(MetricName startsWith "a" or MetricName endsWith "b")',
            'not (HasPrefix(metric.name, "a") or HasSuffix(metric.name, "b"))',
        ),
    ],
)
def test_comparisons_of_name_and_type_have_their_like(expression: str, condition: str) -> None:
    assert ottl_hint(expression, is_include=False) == f"in metric_conditions: {condition}"
    assert ottl_hint(expression, is_include=True) == f"in metric_conditions: not ({condition})"
    parse_condition(condition)


def test_labels_want_the_context_of_metrics() -> None:
    assert ottl_hint('HasLabel("a")', is_include=False) == (
        'in a group of metric_conditions with context: metric: HasAttrKeyOnDatapoint("a")'
    )
    assert ottl_hint('Label("a") == "b"', is_include=False) == (
        'in a group of metric_conditions with context: metric: HasAttrOnDatapoint("a", "b"), '
        "which looks at the first point that has the label"
    )


@pytest.mark.parametrize(
    "expression",
    [
        'HasLabel("a") && HasLabel("b")',
        'not HasLabel("a")',
        'Label("a") != "b"',
        'MetricType == "sum"',
        "len(MetricName) > 3",
        r'MetricName == "a\"b"',
        "",
    ],
)
def test_what_cannot_be_told_is_not(expression: str) -> None:
    assert ottl_hint(expression, is_include=False) == (
        "conditions of metric_conditions look at metric.name, metric.type and datapoint.attributes"
    )
