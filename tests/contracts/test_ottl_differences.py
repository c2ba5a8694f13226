"""What docs/ottl.md says that otx does otherwise than the Collector, it does."""

import json
from collections import Counter
from typing import Any

import pytest

from otx.model.signal import Signal
from otx.otlp.json_open import official_descriptor, read_open, write_open
from otx.otlp.open_view import open_class
from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.program import (
    ExecutionStopped,
    Outcome,
    compile_condition,
    compile_statement,
    compile_value_expression,
    run_statements,
)

SPAN = CONTEXTS["span"]
FUNCTIONS = FunctionSet()
TRACES = official_descriptor(Signal.TRACES)
LIST = {"arrayValue": {"values": [{"intValue": "1"}]}}
ATTRIBUTES = [
    {"key": "a", "value": {"stringValue": "x"}},
    {"key": "b", "value": {"stringValue": "y"}},
    {"key": "l", "value": LIST},
]
SPANS = [{"attributes": ATTRIBUTES, "events": [{"name": "e"}]}]


def opened() -> Batch:
    message = open_class(Signal.TRACES)()
    document = {"resourceSpans": [{"scopeSpans": [{"spans": SPANS}]}]}
    read_open(message, document, TRACES, Counter())
    return Batch(Signal.TRACES, message)


def after(statement: str) -> dict[str, Any]:
    """The span that is left by a statement."""
    batch = opened()
    compiled = compile_statement(statement, SPAN, FUNCTIONS)
    run_statements([compiled], WALKS["span"](batch), "propagate", Outcome())
    batch.flush()
    document = json.loads(json.dumps(write_open(batch.message, TRACES)))
    span: dict[str, Any] = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    return span


@pytest.mark.parametrize(
    "condition",
    [
        '[attributes["l"]] == [[1]]',
        'Split("a,b", ",") == Split("a;b", ";")',
        'ContainsValue([["a", "b"]], Split("a,b", ","))',
    ],
)
def test_lists_are_equal_to_what_holds_the_same(condition: str) -> None:
    (record,) = WALKS["span"](opened())
    assert compile_condition(condition, SPAN, FUNCTIONS).holds(record)


@pytest.mark.parametrize("expression", ['String([{"a": 1}])', 'Concat([[{"a": 1}]], "")'])
def test_maps_in_list_literals_are_shown(expression: str) -> None:
    (record,) = WALKS["span"](opened())
    assert compile_value_expression(expression, SPAN, FUNCTIONS)(record) == '[{"a":1}]'


def test_times_are_stored_in_no_list() -> None:
    with pytest.raises(ExecutionStopped):
        after('set(attributes["t"], [Now(), 1])')


def test_deleting_keeps_the_order_and_merging_with_itself_the_values() -> None:
    assert after('delete_key(attributes, "a")')["attributes"] == ATTRIBUTES[1:]
    assert after('merge_maps(attributes, attributes, "upsert")')["attributes"] == ATTRIBUTES


def test_events_can_be_cleared() -> None:
    assert "events" not in after("clear(events)")


def test_statements_have_a_bound() -> None:
    for text in ("set(name, " + "[" * 150 + "1" + "]" * 150 + ")", 'set(name, "' + "x" * (1 << 20)):
        with pytest.raises(OttlError, match=r"deeper than 150|longer than 1048576"):
            compile_statement(text, SPAN, FUNCTIONS)
