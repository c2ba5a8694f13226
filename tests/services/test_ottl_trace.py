"""A plan told step by step."""

import json
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.services.ottl_trace import TraceForm, trace_plan
from tests.services.ottl_case import FUNCTIONS, json_pieces, lines_of, said, statements, world
from tests.services.small_requests import spans_request

CHANGE = statements('set(span.name, "x") where span.name == "a"')


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    return world(tmp_path)


def trace(here: Environment, form: TraceForm = "text", *names: str) -> int:
    pieces = json_pieces(spans_request(*names)) if names else iter(())
    return trace_plan(here, CHANGE, pieces, FUNCTIONS, "-", form)


def test_a_trace_tells_each_statement_on_each_record(here: Environment) -> None:
    assert trace(here, "text", "a", "b") == 0
    marks = [line[0] for line in lines_of(here) if not line.startswith(" ")]
    assert marks == ["✓", "·"]


@pytest.mark.parametrize(("error_mode", "code"), [("propagate", 1), ("ignore", 0), ("silent", 0)])
def test_a_trace_is_exit_1_where_a_failure_propagates(
    here: Environment, error_mode: str, code: int
) -> None:
    plan = statements("set(span.name, Substring(span.name, 0, 2))", error_mode=error_mode)
    assert trace_plan(here, plan, json_pieces(spans_request("a", "bc")), FUNCTIONS, "-") == code
    assert "✗ span 1 of 2" in said(here)[0]
    assert "✓ span 2 of 2" in said(here)[0]


def test_json_is_one_document_and_jsonl_an_object_a_line(here: Environment) -> None:
    assert trace(here, "jsonl", "a", "b") == 0
    lines = [json.loads(line) for line in lines_of(here)]
    assert [one["verdict"] for one in lines] == ["ran", "not matched"]
    before = len(said(here)[0])
    assert trace(here, "json", "a", "b") == 0
    document = json.loads(said(here)[0][before:])
    assert [one["record"] for one in document] == [one["record"] for one in lines]


def test_nothing_is_an_empty_document(here: Environment) -> None:
    assert trace(here, "json") == 0
    assert said(here) == (
        "[]\n",
        "no record of the context span is in the input: nothing was run\n",
    )
