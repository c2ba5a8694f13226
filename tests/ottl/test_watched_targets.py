"""What a statement changed: by its path, or by the whole record."""

from typing import Any

import pytest

from otx.ottl.batch import WALKS
from otx.ottl.changes import Change
from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.parser import parse_statement
from otx.ottl.watched_targets import Seen, watch_of
from tests.ottl.documents import Document, attributes, document
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched(""))
LIST = {"arrayValue": {"values": [{"intValue": "1"}, {}]}}
SPAN = document("Spans", {"name": "a", "attributes": [*attributes(k=1), *attributes(k=2)]})
LOG = document("Logs", {"body": {"stringValue": "x"}, "attributes": [{"key": "l", "value": LIST}]})


def seen(text: str, context: str, whole: Document) -> Seen:
    """What a statement did, as its watch saw it."""
    record: Any = next(WALKS[context](open_case({"input": whole})))
    compiler = ExpressionCompiler(text, CONTEXTS[context], FUNCTIONS, needs_prefix=False)
    call = parse_statement(text).editor
    run = compiler.editor(call)
    watch = watch_of(call, compiler, FUNCTIONS, CONTEXTS[context])
    before = watch.before(record)
    run(record)
    return watch.since(record, before)


@pytest.mark.parametrize(
    ("text", "context", "whole", "changed"),
    [
        ('set(attributes["n"], nil)', "span", SPAN, [Change("+", 'attributes["n"]')]),
        ('set(attributes["k"], nil)', "span", SPAN, [Change("~", 'attributes["k"]', 1)]),
        ('delete_key(attributes, "k")', "span", SPAN, [Change("~", 'attributes["k"]', 1, 2)]),
        ('set(attributes["l"][1], 2)', "log", LOG, [Change("~", 'attributes["l"][1]', None, 2)]),
        ("set(body, nil)", "log", LOG, [Change("~", "body", "x")]),
        ('set(resource.attributes["r"], 1)', "log", LOG, None),
        ('set(trace_state["a"], "b")', "span", SPAN, [Change("~", 'trace_state["a"]', "", "b")]),
        ("keep_keys(resource.attributes, [])", "log", LOG, None),
    ],
)
def test_a_path_is_told_before_and_after(
    text: str, context: str, whole: Document, changed: list[Change] | None
) -> None:
    found = seen(text, context, whole)
    assert list(found.added) == []
    if changed is None:
        assert len(found.changed) == 1
    else:
        assert list(found.changed) == changed


def test_a_list_that_is_changed_in_place_is_told() -> None:
    (change,) = seen('append(attributes["l"], 3)', "log", LOG).changed
    assert (change.before, change.after) == ([1, None], [1, None, 3])


def test_what_a_part_of_a_record_adds_is_told() -> None:
    summary = {"name": "m", "summary": {"dataPoints": [{"count": "3", "sum": 6}]}}
    text = 'convert_summary_sum_val_to_sum("delta", true)'
    found = seen(text, "datapoint", document("Metrics", summary))
    assert list(found.changed) == []
    assert [one.full_title for one in found.added] == ['metric "m_sum"']
