"""The filter processor: what is dropped, what goes with it, and what each rule did."""

from typing import Any

import pytest

from otx.ottl.batch import Batch
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.drops import Drops
from otx.ottl.processors.filter import read_filter
from otx.ottl.program import ExecutionStopped, Outcome
from tests.ottl.documents import Document, attributes, document
from tests.ottl.vector_run import open_case

SPANS = document(
    "Spans",
    {"name": "a", "events": [{"name": "e1"}, {"name": "e2"}]},
    {"name": "b", "kind": 2},
    {"name": "c", "kind": 2},
)


def sift(config: Any, whole: Document = SPANS) -> tuple[Batch, Drops, Outcome]:
    batch, drops, outcome = open_case({"input": whole}), Drops(), Outcome()
    read_filter(config).run(batch, outcome, drops)
    return batch, drops, outcome


def names(batch: Batch) -> list[str]:
    return [one.item.name.decode() for one in batch.items()]


def problems(config: Any) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        read_filter(config)
    return "\n".join(map(str, caught.value.problems))


def test_what_a_condition_is_true_for_is_dropped_also_from_the_message() -> None:
    batch, drops, _ = sift({"trace_conditions": ['span.name == "a"', "span.kind == 1"]})
    assert names(batch) == ["b", "c"]
    assert names(Batch(batch.signal, batch.close())) == ["b", "c"]
    assert drops.by_rule == {"trace_conditions[0]": 1, "trace_conditions[1]": 0}
    assert drops.kept_by_rule == {"trace_conditions[0]": 2, "trace_conditions[1]": 2}


def test_the_first_rule_that_holds_has_it() -> None:
    _, drops, _ = sift({"traces": {"span": ['name == "b"', "kind == 2"]}})
    assert drops.by_rule == {"traces.span[0]": 1, "traces.span[1]": 1}
    assert drops.kept_by_rule == {"traces.span[0]": 2, "traces.span[1]": 1}


def test_a_resource_or_scope_goes_with_all_that_is_in_it() -> None:
    for condition in ('resource.attributes["service"] == "shop"', 'scope.name == "scope"'):
        batch, drops, _ = sift({"trace_conditions": [condition]})
        assert batch.resources == []
        assert batch.close() == b""
        assert drops.by_rule == {"trace_conditions[0]": 1}


def test_what_is_empty_afterwards_goes_too() -> None:
    assert sift({"trace_conditions": ['span.name != ""']})[0].close() == b""


def test_a_span_stays_without_its_events() -> None:
    batch, drops, _ = sift(
        {"trace_conditions": ['spanevent.name == "e1"', 'spanevent.name == "e2"']}
    )
    assert names(batch) == ["a", "b", "c"]
    first = next(Batch(batch.signal, batch.close()).items())
    assert first.events == []
    assert drops.by_rule == {"trace_conditions[0]": 1, "trace_conditions[1]": 1}


def test_a_metric_goes_with_its_last_data_point() -> None:
    points = [{"asInt": "1"}, {"asInt": "2"}]
    whole = document(
        "Metrics",
        {"name": "a", "gauge": {"dataPoints": points}},
        {"name": "b", "gauge": {"dataPoints": points[:1]}},
        {"name": "empty", "gauge": {}},
    )
    batch, _, _ = sift({"metric_conditions": ["datapoint.value_int == 1"]}, whole)
    assert names(batch) == ["a", "empty"]
    assert len(next(Batch(batch.signal, batch.close()).items()).points) == 1


def test_a_condition_that_fails_is_skipped_unless_it_propagates() -> None:
    failing = 'HasPrefix(span.attributes["none"], "x")'
    config = {"trace_conditions": [failing, 'span.name == "a"']}
    batch, drops, outcome = sift(config)
    assert names(batch) == ["b", "c"]
    assert outcome.by_text == {(failing, "ignore"): 3}
    assert drops.kept_by_rule["trace_conditions[0]"] == 3
    with pytest.raises(ExecutionStopped):
        sift({**config, "error_mode": "propagate"})


def test_groups_have_their_own_context_and_mode() -> None:
    group = {
        "context": "log",
        "error_mode": "silent",
        "conditions": ["body == nil", 'HasPrefix(body, "a")'],
    }
    whole = document("Logs", {}, {"body": {"intValue": "1"}}, {"body": {"stringValue": "ab"}})
    batch, drops, outcome = sift({"log_conditions": [group]}, whole)
    assert len(list(batch.items())) == 1
    assert drops.by_rule == {
        "log_conditions[0].conditions[0]": 1,
        "log_conditions[0].conditions[1]": 1,
    }
    assert [mode for _, mode in outcome.by_text] == ["silent"]


def test_another_signal_is_let_through() -> None:
    batch, drops, _ = sift({"log_conditions": ["log.body == nil"]})
    assert names(batch) == ["a", "b", "c"]
    assert not drops.by_rule


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"log_conditions": ["true"], "logs": {"log_record": ["true"]}},
            "log_conditions and logs cannot stand in one configuration",
        ),
        (
            {"metrics": {"metric": ["true"], "exclude": {}}},
            "metrics.exclude and metrics's conditions exclude each other",
        ),
        (
            {"spans": {"include": {}}, "traces": {"span": ["true"]}},
            "spans.include and traces's conditions exclude each other",
        ),
        ({"traces": {"include": {}}}, "there is no key 'include'"),
        ({"spans": {"span": []}}, "there is no key 'span'"),
        ({"traces": {"spam": []}}, "there is no key 'spam'"),
        ({"trace_conditions": ["span.name", 7]}, "cannot stand in one list"),
        ({"trace_conditions": [{"context": "log", "conditions": []}]}, "'log' is none of"),
        ({"trace_conditions": 7}, "a list is wanted, not int"),
        ({"metrics": ["x"]}, "a map is wanted"),
        ({"error_mode": "loud"}, "'loud' is none of"),
    ],
)
def test_what_is_no_configuration_is_refused(config: Any, said: str) -> None:
    assert said in problems(config)


def test_the_oldest_form_drops_by_properties_and_counts_by_block() -> None:
    include = {"match_type": "strict", "span_names": ["a", "b"]}
    exclude = {"match_type": "regexp", "span_kinds": ["SERVER"]}
    batch, drops, outcome = sift({"spans": {"include": include, "exclude": exclude}})
    assert names(batch) == ["a"]
    assert drops.by_rule == {"spans.include": 1, "spans.exclude": 1}
    assert drops.kept_by_rule == {"spans.include": 2, "spans.exclude": 1}
    assert not outcome.failed


def test_of_a_metric_resource_and_name_are_rules_of_their_own() -> None:
    whole = document("Metrics", {"name": "a", "gauge": {}}, {"name": "b", "gauge": {}})
    block = {
        "match_type": "strict",
        "resource_attributes": [{"key": "service", "value": "other"}],
        "metric_names": ["a"],
    }
    batch, drops, _ = sift({"metrics": {"exclude": block}}, whole)
    assert names(batch) == ["b"]
    assert drops.by_rule == {
        "metrics.exclude.resource_attributes": 0,
        "metrics.exclude.metric_names": 1,
    }
    batch, drops, _ = sift({"metrics": {"include": block}}, whole)
    assert names(batch) == []
    assert drops.by_rule == {
        "metrics.include.resource_attributes": 1,
        "metrics.include.metric_names": 0,
    }


def test_each_block_says_which_ottl_takes_its_place() -> None:
    block = {"match_type": "strict", "bodies": ["it's ${x}"]}
    (told,) = read_filter({"logs": {"include": block}}).deprecated
    assert str(told) == "logs.include: this form is deprecated; it drops what does not match"
    hint = """in OTTL: log_conditions: ['not (log.body.string == "it''s $${x}")']"""
    assert told.hint == hint


def test_of_a_long_list_the_ottl_is_said_elsewhere() -> None:
    block = {"match_type": "strict", "bodies": list("abcdef")}
    (told,) = read_filter({"logs": {"include": block}}).deprecated
    assert told.hint == "otx ottl explain -f FILE prints the OTTL to write instead"


def test_spans_beside_trace_conditions_are_checked_as_keys_and_not_run() -> None:
    config = {"trace_conditions": ['span.name == "a"'], "spans": {"include": {}}}
    made = read_filter(config)
    assert made.unread == [
        "spans.include: it is not read beside trace_conditions, and drops nothing"
    ]
    assert names(sift(config)[0]) == ["b", "c"]
    assert "there is no key 'spam'" in problems({**config, "spans": {"include": {"spam": 1}}})


def test_an_empty_block_of_null_is_none() -> None:
    config = {"metrics": {"include": None}, "metric_conditions": ['metric.name == "a"']}
    assert [len(rules) for rules in read_filter(config).rules.values()] == [1]


def test_rules_of_resources_alone_leave_empty_scopes() -> None:
    whole = document("Spans")
    assert sift({"trace_conditions": ["resource.attributes == nil"]}, whole)[0].close() != b""
    assert sift({"trace_conditions": ['span.name == "a"']}, whole)[0].close() == b""


def test_signals_may_have_conditions_in_different_forms() -> None:
    made = read_filter({"trace_conditions": ["span.name == nil"], "logs": {"log_record": ["true"]}})
    assert [len(rules) for rules in made.rules.values()] == [1, 1]


def test_a_context_may_be_written_in_any_case() -> None:
    config = {"trace_conditions": [{"context": "Span", "conditions": ['name == "a"']}]}
    assert names(sift(config)[0]) == ["b", "c"]


def test_counts_add_up_under_the_name_of_their_component() -> None:
    total = Drops()
    for _ in range(2):
        total.add(sift({"trace_conditions": ["span.kind == 2"]})[1], "filter/a")
    assert total.by_rule == {"filter/a.trace_conditions[0]": 4}
    assert total.kept_by_rule == {"filter/a.trace_conditions[0]": 2}


def test_an_attribute_that_is_read_is_not_changed() -> None:
    whole = document("Spans", {"attributes": attributes(a=1, b="x")})
    before = open_case({"input": whole}).close()
    batch, _, _ = sift({"trace_conditions": ['span.attributes["a"] == 2']}, whole)
    assert batch.close() == before
