"""A plan of a file: what runs, and where in the file an error stands."""

import pytest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.plan import Plan
from otx.ottl.plan_source import cautions_of, plan_of_source
from otx.ottl.processors.config import Group
from otx.ottl.program import ErrorMode
from otx.ottl.source import read_source, source_of_statements

FUNCTIONS = FunctionSet("", switched(""))
CONFIG = """\
processors:
  transform/mask:
    trace_statements:
      - 'set(span.name, "it''s")'
      - set(span.nmae, "${env:WHO}") where span.name == "x"
  filter:
    logs: {log_record: ["body =="]}
"""


def refused(text: str, name: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        plan_of_source(read_source(text, name, {"WHO": "somebody"}), FUNCTIONS)
    return caught.value


def test_an_error_in_yaml_is_told_at_its_place_in_the_file() -> None:
    error = refused(CONFIG, "c.yaml")
    head, line, caret = error.message.split("\n")
    assert head == "c.yaml:5:18: 'nmae' is no path of the context span (and 1 more)"
    assert caret.index("^") == line.index("nmae")
    assert error.hint == "did you mean name?"


def test_an_error_in_a_file_of_statements_is_told_at_its_line() -> None:
    error = refused('# first\nset(span.name, "a")\nset(span.name,\n  nil) wehre true\n', "s.ottl")
    assert error.message.startswith("s.ottl:4:8: ")


def test_what_is_no_text_is_told_by_its_key_too() -> None:
    error = refused("transform:\n  error_mode: loud\n  trace_statements: []\n", "c.yaml")
    assert error.message.startswith("c.yaml:2:15: transform.error_mode: ")


def test_statements_of_a_command_line_have_lines_one_after_the_other() -> None:
    source = source_of_statements(['set(span.name,\n"a")', "nonsense("], "-s")
    with pytest.raises(UsageError, match=r"^-s:3:\d+: "):
        plan_of_source(source, FUNCTIONS)


@pytest.mark.parametrize(
    ("asked", "statements", "mode"),
    [(None, "ignore", "ignore"), (None, "propagate", "propagate"), ("silent", "ignore", "silent")],
)
def test_a_file_of_statements_says_no_error_mode(
    asked: ErrorMode | None, statements: ErrorMode, mode: ErrorMode
) -> None:
    source = read_source('set(name, "x")\n', "s.ottl", {})
    plan = plan_of_source(
        source, FUNCTIONS, context="span", error_mode=asked, statements_mode=statements
    )
    (step,) = plan.steps[Signal.TRACES]
    assert isinstance(step.processor, Group)
    assert step.processor.error_mode == mode


def plan_of(text: str) -> Plan:
    return plan_of_source(read_source(text, "c.yaml", {}), FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "signals"),
    [
        ("transform: {trace_statements: ['set(span.name, \"x\")']}", {Signal.TRACES}),
        ("filter: {log_conditions: [log.body == nil], metric_conditions: []}", {Signal.LOGS}),
        ("transform: {trace_statements: []}", set()),
        ("tail_sampling: {policies: []}", set()),
        (
            "tail_sampling: {policies: [{name: p, type: ottl_condition, "
            "ottl_condition: {span: ['true']}}]}",
            {Signal.TRACES},
        ),
        ('- set(resource.attributes["a"], 1)', {*Signal}),
    ],
)
def test_which_signals_a_plan_looks_at(text: str, signals: set[Signal]) -> None:
    plan = plan_of(text)
    assert {signal for signal in Signal if plan.looks_at(signal)} == signals


def test_what_is_not_run_as_a_collector_would_is_told() -> None:
    text = """\
processors:
  filter: {trace_conditions: ['span.name == "${env:NOBODY}"']}
  tail_sampling:
    policies:
      - {name: slow, type: latency}
      - {name: errors, type: ottl_condition, ottl_condition: {span: ['status.code == 2']}}
  batch: {}
service:
  pipelines:
    traces/0: {processors: [batch]}
    traces/a: {processors: [filter, tail_sampling]}
    traces/b: {processors: [filter]}
    logs: {processors: [batch]}
"""
    source = read_source(text, "c.yaml", {})
    assert list(cautions_of(source, plan_of_source(source, FUNCTIONS))) == [
        "c.yaml:2:46: NOBODY is not set: it becomes empty text",
        "the pipeline traces/b is not run: requests of traces enter traces/a; "
        "--pipeline traces/b chooses it",
        "tail_sampling: traces that only slow would keep are dropped",
    ]
    statements = source_of_statements(['set(span.name, "x")'], "-s")
    assert list(cautions_of(statements, plan_of_source(statements, FUNCTIONS))) == []


def test_what_is_checked_or_no_ottl_is_told_and_stops_nothing() -> None:
    text = """\
processors:
  transform: {trace_statements: ['set(span.name, "x")']}
  filter: {spans: {include: {match_type: strict, services: [a]}}, logs: {exclude: {}}}
connectors:
  count: {spans: {n: {conditions: ['name == "x"']}}}
  roundrobin: {}
service:
  pipelines:
    traces: {processors: [filter, batch, transform], exporters: [count, roundrobin]}
    traces/a: {receivers: [roundrobin]}
"""
    source = read_source(text, "c.yaml", {})
    plan = plan_of_source(source, FUNCTIONS)
    assert plan.looks_at(Signal.TRACES)
    assert list(cautions_of(source, plan)) == [
        "c.yaml:9:35: there is no processor 'batch'",
        "roundrobin is not run: what it gets leaves traces as if exported",
        "count is checked and not run",
        "filter: logs.exclude: it matches by nothing, and drops nothing",
    ]
