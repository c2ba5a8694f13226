"""Steps of a trace as data."""

import json
from typing import Any

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.plan import Plan, plan_of_statements
from otx.ottl.plan_config import plan_of_config
from otx.ottl.trace_rows import trace_row
from otx.ottl.traced_plan import trace_batch
from tests.ottl.documents import Document, attributes, document
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched(""))
KEYS = [
    *("component", "place", "context", "record", "statement", "verdict", "effect"),
    *("parts", "changed", "added", "reason", "ns"),
]


def rows(plan: Plan, whole: Document) -> list[Any]:
    batch = open_case({"input": whole})
    found = [trace_row(one, "it") for one in trace_batch(plan, batch, FUNCTIONS)]
    assert all(list(row) == KEYS for row in found)
    made: list[Any] = json.loads(json.dumps(found))
    return made


def test_a_row_says_where_it_stands_and_what_came_of_it() -> None:
    text = 'set(span.attributes["n"], nil) where span.name == "a"'
    plan = plan_of_config({"transform/x": {"trace_statements": [text]}}, FUNCTIONS.gates)
    first, second = rows(plan, document("Spans", {"name": "a"}, {"name": "b"}))
    assert first.pop("ns") > 0
    assert first == {
        "component": "transform/x",
        "place": "trace_statements[0]",
        "context": "span",
        "record": "it",
        "statement": text,
        "verdict": "ran",
        "effect": "",
        "parts": [],
        "changed": [{"sign": "+", "path": 'span.attributes["n"]', "before": None, "after": None}],
        "added": [],
        "reason": "",
    }
    assert second["verdict"] == "not matched"
    assert second["parts"] == [
        {"text": 'span.name == "a"', "depth": 0, "value": False, "error": ""},
        {"text": "span.name", "depth": 1, "value": "b", "error": ""},
    ]


def test_what_failed_says_why() -> None:
    plan = plan_of_statements(['set(span.name, "x") where HasPrefix(span.kind, "a")'], FUNCTIONS)
    (row,) = rows(plan, document("Spans", {"name": "a"}))
    assert row["verdict"] == "failed"
    assert row["reason"]
    assert row["parts"][0]["value"] is None
    assert row["parts"][0]["error"]


def test_records_that_were_added_are_there_with_their_values() -> None:
    plan = plan_of_statements(['copy_metric(name="b") where metric.name == "a"'], FUNCTIONS)
    metric = {"name": "a", "gauge": {"dataPoints": [{"asDouble": "NaN"}]}}
    whole = document("Metrics", {**metric, "metadata": attributes(k=1)})
    assert rows(plan, whole)[0]["added"] == [
        {
            "record": 'metric "b"',
            "values": {
                "metric.name": "b",
                "metric.type": 1,
                "datapoint[0].value_double": "NaN",
                'metric.metadata["k"]': 1,
            },
        }
    ]
