"""Whole configurations: requests follow the pipelines as in a Collector."""

from typing import Any

import pytest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.open_view import open_class
from otx.ottl.gates import switched
from otx.ottl.plan import Plan
from otx.ottl.plan_config import NotFollowed, Wiring, check_pipelines, plan_of_config
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.program import ExecutionStopped
from otx.ottl.report import Report
from tests.ottl.documents import Document, document
from tests.ottl.vector_run import open_case

GATES = switched("")
SPANS = document("Spans", {"name": "a"}, {"name": "b", "kind": 2}, {"name": "c", "kind": 2})


def renaming(suffix: str) -> dict[str, Any]:
    return {"trace_statements": [f'set(span.name, Concat([span.name, "{suffix}"], ""))']}


def whole(**pipelines: dict[str, Any]) -> dict[str, Any]:
    return {
        "receivers": {"otlp": None},
        "processors": {
            "transform/1": renaming("1"),
            "transform/2": renaming("2"),
            "transform/3": renaming("3"),
            "filter/c": {"trace_conditions": ['IsMatch(span.name, "^c")']},
        },
        "exporters": {"debug": None},
        "connectors": {
            "forward": None,
            "roundrobin": None,
            "routing/kind": {
                "default_pipelines": ["traces/rest"],
                "table": [
                    {"context": "span", "condition": "kind == 2", "pipelines": ["traces/server"]}
                ],
            },
        },
        "service": {"pipelines": {name.replace("_", "/"): one for name, one in pipelines.items()}},
    }


ROUTED = whole(
    traces_in={
        "receivers": ["otlp"],
        "processors": ["transform/1"],
        "exporters": ["routing/kind"],
    },
    traces_server={
        "receivers": ["routing/kind"],
        "processors": ["transform/2", "filter/c"],
        "exporters": ["debug"],
    },
    traces_rest={"receivers": ["routing/kind"], "exporters": ["debug"]},
    traces_other={"receivers": ["otlp"], "processors": ["transform/3"], "exporters": ["debug"]},
)


def names_of(body: bytes) -> list[str]:
    message: Any = open_class(Signal.TRACES).FromString(body)
    return [
        span.name.decode()
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def run(plan: Plan, whole_document: Document = SPANS) -> tuple[list[str], Report]:
    """The names of what leaves, and the report."""
    report = Report(keeps_contents=True)
    plan.run(open_case({"input": whole_document}), report)
    return names_of(report.close()), report


def test_what_is_routed_runs_through_the_pipeline_it_is_routed_to() -> None:
    names, report = run(plan_of_config(ROUTED, GATES))
    assert names == ["b12", "a1"]
    assert {name: names_of(b"".join(one)) for name, one in report.routes.items()} == {
        "traces/in": ["a1", "b1", "c1"],
        "traces/server": ["b12"],
        "traces/rest": ["a1"],
    }
    assert report.by_row == {"routing/kind.table[0]": 2}
    assert report.drops.by_rule == {"filter/c.trace_conditions[0]": 1}


def test_copies_are_known_by_what_they_were_made_of() -> None:
    batch = open_case({"input": SPANS})
    first = list(batch.items())
    report = Report()
    plan_of_config(ROUTED, GATES).run(batch, report)
    assert [first.index(item) for _, item in report.copies] == [1, 2, 0]


def test_the_pipeline_that_requests_enter_can_be_named() -> None:
    plan = plan_of_config(ROUTED, GATES, entered=["traces/other"])
    assert run(plan)[0] == ["a3", "b3", "c3"]
    assert [step.name for step in plan.idle] == [
        "transform/1",
        "transform/2",
        "filter/c",
        "routing/kind",
    ]
    assert [step.name for step in plan_of_config(ROUTED, GATES).idle] == ["transform/3"]


def test_forward_hands_on_everything_and_pipelines_do_not_see_one_anothers_changes() -> None:
    data = whole(
        traces_in={"processors": ["transform/1"], "exporters": ["forward", "debug"]},
        traces_a={"receivers": ["forward"], "processors": ["transform/2"]},
        traces_b={"receivers": ["forward"], "processors": ["transform/3"]},
    )
    names, report = run(plan_of_config(data, GATES), document("Spans", {"name": "x"}))
    assert names == ["x1", "x12", "x13"]
    assert list(report.routes) == ["traces/in", "traces/a", "traces/b"]
    assert len(report.copies) == 2


def test_where_all_goes_into_one_pipeline_nothing_is_copied() -> None:
    data = whole(
        traces_in={"processors": ["transform/1"], "exporters": ["forward"]},
        traces_a={"receivers": ["forward"], "processors": ["transform/2"]},
    )
    names, report = run(plan_of_config(data, GATES), document("Spans", {"name": "x"}))
    assert names == ["x12"]
    assert report.copies == []


def test_what_has_no_target_leaves_nowhere() -> None:
    data = whole(
        traces_in={"exporters": ["routing/kind"]},
        traces_server={"receivers": ["routing/kind"], "processors": ["transform/1"]},
        traces_rest={"receivers": ["routing/kind"]},
    )
    data["connectors"]["routing/kind"]["default_pipelines"] = []
    assert run(plan_of_config(data, GATES))[0] == ["b1", "c1"]


def test_a_failure_leaves_what_was_there_by_then() -> None:
    data = whole(
        traces_in={"processors": ["transform/1"], "exporters": ["forward"]},
        traces_a={"receivers": ["forward"], "processors": ["transform/2"]},
    )
    data["processors"]["transform/2"] = {
        "error_mode": "propagate",
        "trace_statements": ["set(span.name, Substring(span.name, 0, 9))"],
    }
    report = Report()
    with pytest.raises(ExecutionStopped):
        plan_of_config(data, GATES).run(open_case({"input": SPANS}), report)
    assert names_of(report.close()) == ["a1", "b1", "c1"]


def test_the_first_pipeline_that_leads_past_ottl_is_entered() -> None:
    data = whole(
        traces_plain={"receivers": ["otlp"], "exporters": ["debug"]},
        traces_in={"receivers": ["otlp"], "exporters": ["forward"]},
        traces_on={"receivers": ["forward"], "processors": ["transform/1"]},
    )
    assert run(plan_of_config(data, GATES))[0] == ["a1", "b1", "c1"]
    assert Wiring(data).choices(Signal.TRACES) == ["traces/in"]
    assert Wiring(data).choices(Signal.LOGS) == []


def test_a_signal_without_pipelines_passes_by() -> None:
    plan = plan_of_config(ROUTED, GATES)
    logs = open_case({"input": document("Logs", {"severityText": "x"})})
    report = Report()
    plan.run(logs, report)
    assert report.leaving == [logs]
    assert not plan.looks_at(Signal.LOGS)


def test_connectors_that_are_not_followed_are_told() -> None:
    data = whole(
        traces_in={"exporters": ["roundrobin"], "processors": ["transform/1"]},
        traces_a={"receivers": ["roundrobin"], "processors": ["transform/2"]},
    )
    found = Wiring(data).not_followed("traces/in")
    assert found == [NotFollowed("roundrobin", "traces/in", is_exit=True)]
    assert run(plan_of_config(data, GATES))[0] == ["a1", "b1", "c1"]


def test_a_connector_that_derives_something_is_an_exit_only_where_there_is_no_other() -> None:
    data = whole(
        traces_in={"exporters": ["forward", "spanmetrics"], "processors": ["transform/1"]},
        traces_on={"receivers": ["forward"], "exporters": ["debug"], "processors": ["filter/c"]},
        traces_numbers={"receivers": ["forward"], "exporters": ["count"]},
        metrics={"receivers": ["spanmetrics", "count"], "exporters": ["debug"]},
    )
    data["connectors"] |= {"spanmetrics": None, "count": None}
    assert run(plan_of_config(data, GATES))[0] == ["a1", "b1"]
    assert Wiring(data).not_followed("traces/in") == [
        NotFollowed("spanmetrics", "traces/in", is_exit=False),
        NotFollowed("count", "traces/numbers", is_exit=False),
    ]
    del data["service"]["pipelines"]["traces/on"]
    assert run(plan_of_config(data, GATES))[0] == ["a1", "b1", "c1"]
    assert [one.is_exit for one in Wiring(data).not_followed("traces/in")] == [False, True]


def test_what_is_derived_within_a_signal_is_no_exit_either() -> None:
    data = whole(
        metrics_in={"exporters": ["forward", "signaltometrics"], "processors": ["filter/c"]},
        metrics_on={"receivers": ["forward", "signaltometrics"], "exporters": ["debug"]},
    )
    data["connectors"]["signaltometrics"] = None
    plan = plan_of_config(data, GATES)
    assert [one.is_end for one in (plan.entries[Signal.METRICS], *plan.pipelines.values())] == [
        False,
        True,
    ]


def test_a_failure_leaves_what_the_pipeline_held_by_then() -> None:
    data = whole(traces={"processors": ["transform/1", "transform/2"], "exporters": ["debug"]})
    data["processors"]["transform/2"] = {
        "error_mode": "propagate",
        "trace_statements": ["set(span.name, Substring(span.name, 0, 9))"],
    }
    report = Report(keeps_contents=True)
    with pytest.raises(ExecutionStopped):
        plan_of_config(data, GATES).run(open_case({"input": SPANS}), report)
    assert names_of(*report.routes["traces"]) == ["a1", "b1", "c1"]


def test_what_would_keep_a_collector_from_starting_is_refused() -> None:
    data = whole(traces={"processors": ["transform/11"], "exporters": ["routing/kind"]})
    with pytest.raises(ConfigInvalid) as caught:
        plan_of_config(data, GATES)
    assert [str(one) for one in caught.value.problems] == [
        "service.pipelines.traces.processors[0]: there is no processor 'transform/11'",
        "connectors.routing/kind.table[0].pipelines[0]: there is no pipeline 'traces/server'",
        "connectors.routing/kind.default_pipelines[0]: there is no pipeline 'traces/rest'",
    ]


@pytest.mark.parametrize(
    ("name", "is_bearable"),
    [("batch", True), ("transform/x", False), ("transfrm", False), ("tail_sampling", False)],
)
def test_a_file_of_rules_need_not_define_what_does_nothing_here(
    name: str, is_bearable: bool
) -> None:
    data = whole(traces={"processors": ["transform/1", name]})
    assert [one.message for one in Wiring(data).problems()] == [f"there is no processor {name!r}"]
    if is_bearable:
        assert run(plan_of_config(data, GATES))[0] == ["a1", "b1", "c1"]
    else:
        with pytest.raises(ConfigInvalid):
            plan_of_config(data, GATES)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["traces/othr"], "has no pipeline 'traces/othr'"),
        (["traces/in", "traces/other"], "traces/in and traces/other are both of traces"),
    ],
)
def test_pipelines_that_cannot_be_entered_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_pipelines(ROUTED, names)
    with pytest.raises(UsageError, match="has no pipeline"):
        check_pipelines({"transform": {}}, ["traces"])
