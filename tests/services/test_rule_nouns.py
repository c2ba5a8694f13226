"""What rules and rows count."""

from typing import Any

from otx.ottl.plan_config import plan_of_config
from otx.services.rule_nouns import nouns_of


def test_what_is_no_whole_record_is_named() -> None:
    config: dict[str, Any] = {
        "filter": {
            "trace_conditions": [
                'resource.attributes["a"] == 1',
                'span.name == "a"',
                'spanevent.name == "a"',
            ],
            "metric_conditions": ["datapoint.value_int == 1", 'scope.name == "a"'],
        },
        "routing": {
            "table": [
                {"context": "datapoint", "condition": "value_int == 1", "pipelines": ["metrics/a"]},
                {"context": "resource", "condition": "true", "pipelines": ["metrics/b"]},
            ]
        },
    }
    assert nouns_of(plan_of_config(config)) == {
        "filter.trace_conditions[0]": "resource",
        "filter.trace_conditions[2]": "span event",
        "filter.metric_conditions[0]": "data point",
        "filter.metric_conditions[1]": "scope",
        "routing.table[0]": "data point",
    }
