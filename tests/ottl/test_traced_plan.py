"""A plan told step by step."""

from typing import Any

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.plan import Plan, plan_of_statements
from otx.ottl.plan_config import plan_of_config
from otx.ottl.traced_plan import trace_batch
from tests.ottl.documents import Document, document
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched(""))
SPANS = document("Spans", {"name": "a"}, {"name": "b"})


def told(plan: Plan, whole: Document = SPANS) -> list[tuple[str, str, str]]:
    batch = open_case({"input": whole})
    return [
        (
            one.record.item.name.decode(),
            one.effect or one.step.verdict,
            one.step.statement,
        )
        for one in trace_batch(plan, batch, FUNCTIONS)
    ]


def config(**processors: Any) -> Plan:
    return plan_of_config(processors, FUNCTIONS.gates)


def test_statements_are_told_record_by_record() -> None:
    first, second = 'set(span.name, "x") where span.name == "a"', 'set(span.attributes["k"], 1)'
    assert told(plan_of_statements([first, second], FUNCTIONS)) == [
        ("x", "ran", first),
        ("x", "ran", second),
        ("b", "not matched", first),
        ("b", "ran", second),
    ]


def test_statements_share_the_cache_of_a_record() -> None:
    texts = ['set(span.cache["n"], span.name)', 'set(span.attributes["copy"], span.cache["n"])']
    plan = plan_of_statements(texts, FUNCTIONS)
    found = list(trace_batch(plan, open_case({"input": SPANS}), FUNCTIONS))
    written = [change.after for one in found for change in one.step.changed]
    assert written == ["a", "a", "b", "b"]


def test_rows_of_a_routing_table_are_told_until_one_takes_a_record() -> None:
    table = [
        {"context": "span", "condition": 'name == "a"', "pipelines": ["traces/a"]},
        {"context": "span", "statement": 'route() where name == "b"', "pipelines": ["t/b", "t/c"]},
    ]
    assert told(config(routing={"table": table})) == [
        ("a", "goes to traces/a", 'name == "a"'),
        ("b", "not matched", 'name == "a"'),
        ("b", "goes to t/b, t/c", 'route() where name == "b"'),
    ]


def test_what_no_row_takes_is_told_to_go_to_the_default_pipelines_or_nowhere() -> None:
    row = {"context": "span", "condition": 'name == "a"', "pipelines": ["traces/a"]}
    routing = {"default_pipelines": ["traces/other", "traces/all"], "table": [row]}
    assert told(config(routing=routing))[-1] == (
        "b",
        "goes to traces/other, traces/all (default)",
        "default_pipelines",
    )
    effect = "dropped: no row takes it, and there are no default pipelines"
    assert told(config(routing={"table": [row]}))[-1] == ("b", effect, "default_pipelines")


def test_conditions_of_sampling_are_told_until_one_keeps_the_trace() -> None:
    policy = {"name": "b", "type": "ottl_condition", "ottl_condition": {"span": ['name == "b"']}}
    assert told(config(tail_sampling={"policies": [policy]})) == [
        ("a", "not matched", 'name == "b"'),
        ("b", "kept", 'name == "b"'),
    ]


def test_groups_with_conditions_are_told_of_records_that_they_take() -> None:
    group = {"conditions": ['name == "b"'], "context": "span", "statements": ["set(kind, 3)"]}
    plan = config(transform={"trace_statements": [group]})
    assert told(plan) == [
        ("a", "not matched", 'name == "b"'),
        ("b", "admitted", 'name == "b"'),
        ("b", "ran", "set(kind, 3)"),
    ]


def test_a_failure_does_not_stop_it() -> None:
    text = "set(span.name, Substring(span.name, 0, 9))"
    plan = config(transform={"error_mode": "propagate", "trace_statements": [text]})
    assert told(plan) == [("a", "failed", text), ("b", "failed", text)]


def test_rules_are_told_by_what_they_drop_and_drop_it() -> None:
    plan = config(
        filter={"trace_conditions": ['span.name == "a"']},
        transform={"trace_statements": ["set(span.kind, 3)"]},
    )
    assert told(plan) == [
        ("a", "dropped", 'span.name == "a"'),
        ("b", "not matched", 'span.name == "a"'),
        ("b", "ran", "set(span.kind, 3)"),
    ]


def test_what_a_rule_dropped_is_asked_nothing_more() -> None:
    whole = document("Spans", {"name": "a", "events": [{"name": "e"}]}, {"name": "b"})
    plan = config(
        filter={
            "traces": {"span": ['name == "a"', "kind == 0"], "spanevent": ['name == "e"']},
        }
    )
    assert told(plan, whole) == [
        ("a", "dropped", 'name == "a"'),
        ("b", "not matched", 'name == "a"'),
        ("b", "dropped", "kind == 0"),
    ]


def test_a_rule_that_fails_is_told_with_its_error_mode() -> None:
    text = 'HasPrefix(span.attributes["none"], "a")'
    plan = config(filter={"error_mode": "propagate", "trace_conditions": [text]})
    batch = open_case({"input": SPANS})
    found = [(one.step.verdict, one.site.error_mode) for one in trace_batch(plan, batch, FUNCTIONS)]
    assert found == [("failed", "propagate")] * 2


def test_a_rule_that_does_not_match_tells_its_parts() -> None:
    plan = config(filter={"trace_conditions": ['span.name == "z"']})
    batch = open_case({"input": SPANS})
    step = next(trace_batch(plan, batch, FUNCTIONS)).step
    assert [(one.text, one.value) for one in step.parts] == [
        ('span.name == "z"', False),
        ("span.name", "a"),
    ]


def test_another_signal_is_not_looked_at() -> None:
    plan = plan_of_statements(["set(span.kind, 3)"], FUNCTIONS)
    batch = open_case({"input": document("Logs", {})})
    assert list(trace_batch(plan, batch, FUNCTIONS)) == []
