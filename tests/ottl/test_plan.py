"""What is run: statements or components, in their order, and what the report says."""

import pytest

from otx.model.signal import Signal
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.plan import Plan, plan_of_statements, signals_of_context
from otx.ottl.plan_config import plan_of_config
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.program import ExecutionStopped
from otx.ottl.report import Report
from tests.ottl.documents import Document, document
from tests.ottl.vector_run import open_case

GATES = switched("")
FUNCTIONS = FunctionSet("", GATES)
SPANS = document("Spans", {"name": "a"}, {"name": "b", "kind": 2})


def run(plan: Plan, whole: Document = SPANS) -> tuple[list[str], Report]:
    """The names of what is left, and the report."""
    batch = open_case({"input": whole})
    report = Report(keeps_contents=True)
    plan.run(batch, report)
    return [one.item.name.decode() for one in batch.items()], report


def test_statements_run_on_every_record_of_their_signal() -> None:
    plan = plan_of_statements(['set(span.name, "x") where span.kind == 2'], FUNCTIONS)
    names, report = run(plan)
    assert names == ["a", "x"]
    assert (report.batches, report.items, report.outcome.failed) == (1, 2, 0)
    assert plan.signals() == (Signal.TRACES,)
    logs = open_case({"input": document("Logs", {})})
    plan.run(logs, report)
    assert (report.batches, report.items) == (2, 3)


def test_statements_on_resources_run_on_all_signals() -> None:
    plan = plan_of_statements(['set(resource.attributes["a"], 1)'], FUNCTIONS)
    assert plan.signals() == tuple(Signal)
    assert signals_of_context("scope") == signals_of_context("") == tuple(Signal)
    assert signals_of_context("exemplar") == (Signal.METRICS,)


def test_a_context_may_be_named_and_then_no_path_has_to_name_it() -> None:
    assert run(plan_of_statements(['set(name, "x")'], FUNCTIONS, context="span"))[0] == ["x", "x"]


def test_every_statement_that_is_wrong_is_named() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        plan_of_statements(["set(span.nmae, 1)", "set(span.name, 1)", "set(span.name)"], FUNCTIONS)
    assert [problem.path for problem in caught.value.problems] == [(0,), (2,)]
    assert str(caught.value).startswith("[0]: 1:10: 'nmae' is no path of the context span (and 1")


def test_components_run_in_the_order_of_the_pipeline() -> None:
    config = {
        "processors": {
            "filter": {"trace_conditions": ['span.name == "x"']},
            "transform": {"trace_statements": ['set(span.name, "x") where span.name == "a"']},
        },
        "service": {"pipelines": {"traces": {"processors": ["transform", "filter"]}}},
    }
    names, report = run(plan_of_config(config, GATES))
    assert names == ["b"]
    assert report.drops.by_rule == {"filter.trace_conditions[0]": 1}
    assert report.drops.kept_by_rule == {"filter.trace_conditions[0]": 1}
    turned = {
        **config,
        "service": {"pipelines": {"traces": {"processors": ["filter", "transform"]}}},
    }
    assert run(plan_of_config(turned, GATES))[0] == ["x", "b"]


def test_rules_of_two_filters_are_told_apart() -> None:
    rule = {"trace_conditions": ['span.name == "a"']}
    other = {"trace_conditions": ['span.name == "b"']}
    _, report = run(plan_of_config({"filter/1": rule, "filter/2": other}, GATES))
    assert report.drops.by_rule == {
        "filter/1.trace_conditions[0]": 1,
        "filter/2.trace_conditions[0]": 1,
    }


def test_an_error_mode_may_stand_in_for_that_of_the_configuration() -> None:
    failing = {"transform": {"trace_statements": ["set(span.name, Substring(span.name, 0, 9))"]}}
    _, report = run(plan_of_config(failing, GATES))
    assert report.outcome.failed == 2
    assert report.outcome.by_text == {(failing["transform"]["trace_statements"][0], "ignore"): 2}
    with pytest.raises(ExecutionStopped):
        run(plan_of_config(failing, GATES, error_mode="propagate"))


def test_what_is_wrong_in_all_components_is_named_with_its_place() -> None:
    config = {
        "processors": {
            "transform/a": {"trace_statements": ["set(span.nmae, 1)"]},
            "filter": {"trace_condition": []},
        }
    }
    with pytest.raises(ConfigInvalid) as caught:
        plan_of_config(config, GATES)
    assert [problem.path for problem in caught.value.problems] == [
        ("processors", "transform/a", "trace_statements", 0),
        ("processors", "filter", "trace_condition"),
    ]


def test_routes_are_in_the_report_and_the_batch_stays_whole() -> None:
    config = {
        "routing": {
            "default_pipelines": ["traces/rest"],
            "table": [
                {"context": "span", "condition": "kind == 2", "pipelines": ["traces/server"]}
            ],
        }
    }
    plan = plan_of_config(config, GATES)
    names, report = run(plan)
    assert names == ["a", "b"]
    assert list(report.routes) == ["traces/server", "traces/rest"]
    assert report.by_row == {"routing.table[0]": 1}


def test_whole_requests_are_needed_where_traces_are_decided_on() -> None:
    policy = {"name": "p", "type": "ottl_condition", "ottl_condition": {"span": ['name == "b"']}}
    sampling = plan_of_config({"tail_sampling": {"policies": [policy]}}, GATES)
    assert sampling.needs_whole_requests
    assert sampling.signals() == (Signal.TRACES,)
    assert not plan_of_statements(["set(span.name, 1)"], FUNCTIONS).needs_whole_requests
