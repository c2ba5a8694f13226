"""A plan run over telemetry: every form of what is written, and what is said beside it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.files import read_file
from otx.otlp.pieces import Piece
from otx.ottl.plan import Plan
from otx.services.ottl_run import RunForm, run_plan
from tests.services.ottl_case import (
    config,
    json_pieces,
    lines_of,
    said,
    statements,
    world,
)
from tests.services.small_requests import (
    gauges_request,
    logs_request,
    span_names,
    spans_request,
)

CHANGE = statements('set(span.name, "x") where span.name == "a"')
FAILING = "set(span.name, Substring(span.name, 0, 2))"
DROP_ALL = config(
    filter={"log_conditions": ["log.body != nil"], "trace_conditions": ['span.name == "a"']}
)


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    return world(tmp_path)


def run(here: Environment, plan: Plan, form: RunForm, *requests: Request) -> int:
    return run_plan(here, plan, json_pieces(*requests), form, "-")


def spans_of(document: dict[str, Any]) -> list[str]:
    return [
        span["name"]
        for resource in document["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def test_a_difference_names_the_records_that_changed(here: Environment) -> None:
    assert run(here, CHANGE, "diff", spans_request("a", "b"), spans_request("a")) == 0
    out, err = said(here)
    assert [line for line in out.splitlines() if line.startswith(" ")] == [
        '  ~ span.name  "a" → "x"'
    ] * 2
    heads = [line.partition(" ")[0] for line in out.splitlines() if not line.startswith(" ")]
    assert heads == ["1", "3"]
    assert err == "2 records of 3 changed\n"


def test_colours_do_not_change_what_is_counted(tmp_path: Path) -> None:
    coloured = replace(world(tmp_path), colour_mode="always")
    assert run(coloured, CHANGE, "diff", spans_request("a", "b")) == 0
    out, err = said(coloured)
    assert "\x1b[33m  ~ span.name" in out
    assert err == "1 record of 2 changed\n"


def test_a_table_has_a_row_a_record(here: Environment) -> None:
    assert run(here, CHANGE, "table", spans_request("a", "b")) == 0
    head, first, second = lines_of(here)
    assert head.split() == ["item", "record", "changes", "paths"]
    assert first.split()[-2:] == ["1", "~span.name"]
    assert second.split()[-1] == "0"


def test_a_table_has_what_was_dropped_too(here: Environment) -> None:
    requests = (spans_request("a", "b"), spans_request("a"))
    assert run(here, DROP_ALL, "table", *requests) == 0
    rows = [line.split() for line in lines_of(here)[1:]]
    assert [(row[0], row[-1]) for row in rows] == [("1", "dropped"), ("2", "0"), ("3", "dropped")]


def test_requests_of_a_signal_become_one_document(here: Environment) -> None:
    assert run(here, CHANGE, "otlp-json", spans_request("a"), spans_request("b", "a")) == 0
    (line,) = lines_of(here)
    assert spans_of(json.loads(line)) == ["x", "b", "x"]


def test_requests_of_which_nothing_is_left_leave_a_document_all_the_same(here: Environment) -> None:
    requests = (logs_request("a"), logs_request("b"), spans_request("a"), spans_request("b", "a"))
    assert run(here, DROP_ALL, "otlp-json", *requests) == 0
    logs, traces = map(json.loads, lines_of(here))
    assert logs == {"resourceLogs": []}
    assert spans_of(traces) == ["b"]


@pytest.mark.parametrize("form", ["jsonl", "otlp-json", "otlp"])
@pytest.mark.parametrize("names", [["a"], ["a", "b", "a"]])
def test_what_became_empty_can_be_read_again(
    here: Environment, tmp_path: Path, form: RunForm, names: list[str]
) -> None:
    out = tmp_path / "out"
    run_plan(here, DROP_ALL, json_pieces(*map(spans_request, names)), form, str(out))
    found = [name for request in read_file(out) for name in span_names(request)]
    assert found == [name for name in names if name != "a"]
    if form == "jsonl":
        assert out.read_text().count("\n") == len(found)


def test_every_signal_has_a_document(here: Environment) -> None:
    requests = (spans_request("a"), gauges_request(g=1), spans_request("b"), logs_request("x"))
    assert run(here, CHANGE, "otlp-json", *requests) == 0
    assert [next(iter(json.loads(line))) for line in lines_of(here)] == [
        "resourceSpans",
        "resourceMetrics",
        "resourceSpans",
        "resourceLogs",
    ]


def profiles(name: str) -> Request:
    request = ExportProfilesServiceRequest()
    request.resource_profiles.add().scope_profiles.add().profiles.add(profile_id=bytes(16))
    request.dictionary.string_table.extend(["", name])
    return Request(Signal.PROFILES, request.SerializeToString(), 1)


def test_requests_of_profiles_stay_apart_because_of_their_dictionaries(here: Environment) -> None:
    requests = (spans_request("a"), profiles("one"), profiles("two"))
    assert run(here, CHANGE, "otlp-json", *requests) == 0
    tables = [json.loads(line).get("dictionary") for line in lines_of(here)]
    assert [table and table["stringTable"][1] for table in tables] == [None, "one", "two"]


@pytest.mark.parametrize(
    "requests", [(spans_request("a"), logs_request("x")), (profiles("one"), profiles("two"))]
)
def test_protobuf_refuses_what_one_message_cannot_hold(
    here: Environment, tmp_path: Path, requests: tuple[Request, ...]
) -> None:
    out = tmp_path / "out.pb"
    with pytest.raises(UsageError, match="one protobuf message cannot hold"):
        run_plan(here, CHANGE, json_pieces(*requests), "otlp", str(out))
    assert not out.exists()


def test_protobuf_is_one_message(here: Environment, tmp_path: Path) -> None:
    out = tmp_path / "out.pb"
    pieces = json_pieces(spans_request("a"), spans_request("b"))
    assert run_plan(here, CHANGE, pieces, "otlp", str(out)) == 0
    assert span_names(Request(Signal.TRACES, out.read_bytes(), 0)) == ["x", "b"]


def test_json_lines_have_a_request_a_line(here: Environment) -> None:
    assert run(here, CHANGE, "jsonl", spans_request("a"), logs_request("x")) == 0
    assert [next(iter(json.loads(line))) for line in lines_of(here)] == [
        "resourceSpans",
        "resourceLogs",
    ]


def test_nothing_is_an_empty_document(here: Environment) -> None:
    assert run(here, CHANGE, "otlp-json") == 0
    remark = "no record of the context span is in the input: nothing was run\n"
    assert said(here) == ("{}\n", remark)


@pytest.mark.parametrize("form", ["diff", "table", "otlp-json", "otlp", "jsonl", "json"])
def test_that_nothing_was_asked_is_told(here: Environment, form: RunForm) -> None:
    plan = statements('set(log.attributes["a"], 1)')
    assert run(here, plan, form, spans_request("a")) == 0
    assert "no record of the context log is in the input: nothing was run\n" in said(here)[1]


def test_records_that_were_added_are_counted_apart(here: Environment) -> None:
    plan = statements('copy_metric(name="copy") where metric.name == "a"')
    assert run(here, plan, "diff", gauges_request(a=1, b=2)) == 0
    out, err = said(here)
    assert out.splitlines()[:2] == ['+  metric "copy"', '  + metric.name  "copy"']
    assert err == "0 records of 2 changed, 1 added\n"


def test_a_body_of_megabytes_is_cut_wherever_it_is_told(here: Environment) -> None:
    body = "x" * 10_000_000
    plan = statements('set(log.attributes["a"], Int(log.body))', error_mode="ignore")
    for form in ("diff", "table"):
        assert run(here, plan, form, logs_request(body)) == 0
    assert max(map(len, "".join(said(here)).splitlines())) < 1000


def test_ctrl_c_ends_it_with_a_line_and_no_file(here: Environment, tmp_path: Path) -> None:
    def stopped() -> Iterator[Piece]:
        yield from json_pieces(spans_request("a", "b"))
        raise KeyboardInterrupt

    out = tmp_path / "out.json"
    assert run_plan(here, CHANGE, stopped(), "otlp-json", str(out)) == 130
    assert said(here)[1] == "otx: stopped after 2 records: nothing was written\n"
    assert list(tmp_path.iterdir()) == []
    assert run_plan(here, CHANGE, stopped(), "otlp-json", "-") == 130
    assert said(here)[1].endswith("otx: stopped after 2 records: the output is not complete\n")


def test_sampled_traces_are_counted(here: Environment) -> None:
    condition = {"span": ['span.name == "nobody"']}
    policies = [{"name": "p", "type": "ottl_condition", "ottl_condition": condition}]
    plan = config(tail_sampling={"policies": policies})
    assert run(here, plan, "json", spans_request("a", "b")) == 0
    out, err = said(here)
    assert json.loads(out) == {
        "routes": {"": {"resourceSpans": []}},
        "dropped": {"tail_sampling.policies": 2},
        "dropped_traces": {"tail_sampling.policies": 2},
    }
    assert err == "dropped 2 records of 2 traces by tail_sampling.policies\n"


def test_a_rule_of_resources_counts_those(here: Environment) -> None:
    plan = config(filter={"trace_conditions": ["resource.dropped_attributes_count == 0"]})
    assert run(here, plan, "json", spans_request("a", "b")) == 0
    assert said(here)[1] == "dropped 1 resource by filter.trace_conditions[0]\n"


def test_profiles_of_several_requests_are_in_no_json_document(here: Environment) -> None:
    with pytest.raises(UsageError, match="whose dictionaries differ"):
        run(here, CHANGE, "json", profiles("a"), profiles("b"))


def test_routes_and_drops_as_json(here: Environment) -> None:
    table = [{"context": "log", "condition": 'body == "a"', "pipelines": ["logs/a"]}]
    plan = config(
        filter={"log_conditions": ['log.body == "drop"']},
        routing={"table": table, "default_pipelines": ["logs/rest"]},
    )
    assert run(here, plan, "json", logs_request("a", "b", "drop"), logs_request("a")) == 0
    out, err = said(here)
    document = json.loads(out)
    counts = {
        pipeline: sum(
            len(scope["logRecords"])
            for resource in content["resourceLogs"]
            for scope in resource["scopeLogs"]
        )
        for pipeline, content in document["routes"].items()
    }
    assert counts == {"logs/a": 2, "logs/rest": 1}
    assert document["dropped"] == {"filter.log_conditions[0]": 1}
    assert err == (
        "dropped 1 record by filter.log_conditions[0]\nrouting.table[0] took 2 records\n"
    )


@pytest.mark.parametrize("form", ["diff", "table", "otlp-json", "otlp", "jsonl", "json"])
def test_a_failure_under_propagate_is_exit_1_in_every_form(
    here: Environment, tmp_path: Path, form: RunForm
) -> None:
    pieces = json_pieces(spans_request("ab"), spans_request("ab", "c", "de"), spans_request("fg"))
    code = run_plan(here, statements(FAILING), pieces, form, str(tmp_path / "out"))
    assert code == 1
    error = said(here)[1]
    assert f'otx: error: {FAILING}\n  failed on span 2 of 3 "c", trace ' in error
    assert ", in in.jsonl:2: Substring(span.name, 0, 2): the text has 1 bytes" in error
    assert (tmp_path / "out").exists()


def test_failures_that_are_ignored_are_a_warning(here: Environment) -> None:
    plan = statements(FAILING, error_mode="ignore")
    assert run(here, plan, "jsonl", spans_request("a", "b"), spans_request("c")) == 0
    assert said(here)[1].startswith(
        f'otx: warning: 3 failures; the first: {FAILING}\n  on span 1 of 2 "a", trace '
    )
