"""What of a file runs on what arrives, and what is said of the rest."""

from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.gates import switched
from otx.ottl.processors.config import Group
from otx.services.transform_report import RuleName
from otx.services.transform_rules import Rules, read_rules

COLLECTOR = """\
processors:
  batch: {}
  filter/health:
    trace_conditions:
      - span.name ==
          "${env:NAME}"
    log_conditions: ['resource.attributes["a"] == 1', log.body == nil]
  tail_sampling:
    policies: [{name: one, type: ottl_condition, ottl_condition: {span: ['name == "x"']}}]
  transform/a:
    trace_statements: ['set(span.name, "a")']
  transform/unused:
    trace_statements: ['set(span.name, "x")']
connectors:
  routing:
    table: [{condition: 'attributes["a"] == 1', pipelines: [traces/a]}]
service:
  pipelines:
    traces: {processors: [tail_sampling, filter/health], exporters: [routing]}
    traces/a: {receivers: [routing], processors: [transform/a]}
    logs: {processors: [batch, filter/health]}
"""


def rules_of(text: str, tmp_path: Path, name: str = "rules.yaml", gates: str = "") -> Rules:
    path = tmp_path / name
    path.write_text(text)
    return read_rules(path, name, {"NAME": "health"}, switched(gates))


def test_transform_and_filter_run_and_the_others_are_named(tmp_path: Path) -> None:
    rules = rules_of(COLLECTOR, tmp_path)
    steps = {
        signal: [step.name for step in rules.plan.steps[signal]]
        for signal in (Signal.TRACES, Signal.LOGS, Signal.METRICS)
    }
    assert steps == {
        Signal.TRACES: ["filter/health", "routing", "transform/a"],
        Signal.LOGS: ["filter/health"],
        Signal.METRICS: [],
    }
    assert [warning.partition(" is left out")[0] for warning in rules.warnings] == [
        "tail_sampling",
    ]


def test_a_connector_alone_has_no_pipelines_to_route_to(tmp_path: Path) -> None:
    text = """\
filter: {trace_conditions: [span.name == nil]}
routing: {table: [{condition: 'attributes["a"] == 1', pipelines: [traces/a]}]}
"""
    rules = rules_of(text, tmp_path)
    assert rules.warnings == ["routing is left out: a receiver has no pipelines to route to"]
    assert [step.name for step in rules.plan.steps[Signal.TRACES]] == ["filter"]


def test_rules_are_named_by_component_and_place(tmp_path: Path) -> None:
    rules = rules_of(COLLECTOR, tmp_path)
    name = "filter/health.trace_conditions[0]"
    assert rules.names[name] == RuleName(name, 'span.name == "health"', "spans")
    assert [rule.noun for rule in rules.names.values()] == ["spans", "resources", "log records"]


def test_statements_go_on_where_one_fails(tmp_path: Path) -> None:
    rules = rules_of('set(span.name, "x")\n', tmp_path, "rules.ottl")
    (step,) = rules.plan.steps[Signal.TRACES]
    assert isinstance(step.processor, Group)
    assert step.processor.error_mode == "ignore"
    assert not rules.names
    assert not rules.warnings


def test_a_variable_that_is_not_set_is_told_with_its_place(tmp_path: Path) -> None:
    rules = rules_of("filter:\n  trace_conditions: ['span.name == \"${env:X}\"']\n", tmp_path)
    assert rules.warnings == ["rules.yaml:2:37: X is not set: it becomes empty text"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filter: {trace_conditions: [span.nmae == nil]}", r"^rules.yaml:1:34: 'nmae' is no path"),
        ("receivers: {}\n", "holds no OTTL"),
        ("filter: {trace_conditions: []}", "has nothing that runs on what arrives"),
        ("tail_sampling: {policies: []}", "has nothing that runs on what arrives"),
        ("a: [", "no YAML"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        rules_of(text, tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read nowhere\.yaml: No such file"):
        read_rules(tmp_path / "nowhere.yaml", "nowhere.yaml", {}, switched(""))
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(UsageError, match=r"latin\.yaml is no UTF-8: byte 3"):
        read_rules(tmp_path / "latin.yaml", "latin.yaml", {}, switched(""))


def test_feature_gates_count_for_rules_too(tmp_path: Path) -> None:
    text = 'set(span.attributes["l"], Filter(span.attributes["l"], (_, v) => v > 1))\n'
    with pytest.raises(UsageError):
        rules_of(text, tmp_path, "rules.ottl")
    on = rules_of(text, tmp_path, "rules.ottl", "+ottl.functions.enableLambda")
    assert on.plan.looks_at(Signal.TRACES)


def test_the_pipeline_that_requests_enter_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "processors:\n"
        "  transform/a: {trace_statements: ['set(span.name, \"a\")']}\n"
        "  transform/b: {trace_statements: ['set(span.name, \"b\")']}\n"
        "service:\n  pipelines:\n"
        "    traces/a: {processors: [transform/a]}\n    traces/b: {processors: [transform/b]}\n"
    )
    rules = read_rules(path, "rules.yaml", {}, switched(""), pipelines=["traces/b"])
    assert [step.name for step in rules.plan.steps[Signal.TRACES]] == ["transform/b"]
    assert rules.warnings == []
    assert read_rules(path, "rules.yaml", {}, switched("")).warnings == [
        "the pipeline traces/b is not run: requests of traces enter traces/a; "
        "--pipeline traces/b chooses it"
    ]


def test_what_is_otxs_own_may_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.ottl"
    path.write_text('set(span.name, "x") where TraceIDRatioBasedSampler(1.0)\n')
    assert read_rules(path, path.name, {}, switched("")).plan.looks_at(Signal.TRACES)
    with pytest.raises(UsageError):
        read_rules(path, path.name, {}, switched(""), allows_extensions=False)


def test_what_matches_by_properties_is_named_by_its_ottl(tmp_path: Path) -> None:
    rules = rules_of("filter: {logs: {include: {match_type: strict, bodies: [a]}}}", tmp_path)
    name = "filter.logs.include"
    assert rules.names == {name: RuleName(name, 'not (log.body.string == "a")', "log records")}
