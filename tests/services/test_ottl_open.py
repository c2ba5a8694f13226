"""OTLP/JSON through statements gives what it gives by way of protobuf."""

from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import OtxError
from otx.model.signal import Signal
from otx.otlp.pieces import Piece
from otx.ottl.gates import switched
from otx.ottl.plan import Plan
from otx.ottl.plan_config import plan_of_config
from otx.services.ottl_work import Done, work
from tests.otlp.json_documents import documents
from tests.services.ottl_case import config

ANYWHERE = [
    'set({0}attributes["k"], "v")',
    'set({0}attributes["nested"]["a"][0], 1)',
    'set({0}attributes["bad"], Decode("/w==", "base64"))',
    'delete_key({0}attributes, "a")',
    'set({0}attributes["b"], {0}attributes["a"])',
    'merge_maps({0}attributes, resource.attributes, "upsert")',
    "truncate_all({0}attributes, 3)",
    'limit({0}attributes, 1, ["b"])',
    'keep_keys({0}attributes, ["a", "service.name"])',
    'replace_all_patterns({0}attributes, "value", "[ab]", "c")',
    "flatten({0}attributes)",
    "set({0}attributes, resource.attributes)",
    'set(resource.attributes["k"], [1, {{"a": nil}}])',
    "set(resource.dropped_attributes_count, 4294967295)",
    'set(scope.name, "s")',
    'set(scope.attributes["n"], 1.0)',
    'set(resource.schema_url, "https://x")',
]
OF_CONTEXT = {
    "span": [
        'set(span.name, "n")',
        'set(span.name, Decode("/w==", "base64"))',
        "set(span.status.code, STATUS_CODE_ERROR)",
        "set(span.status.code, 0)",
        'set(span.status.message, "")',
        "set(span.start_time_unix_nano, span.end_time_unix_nano - 1)",
        'set(span.trace_id.string, "0af7651916cd43dd8448eb211c80319c")',
        "set(span.parent_span_id, SpanID(0x0000000000000000))",
        'set(span.trace_state["a"], "b")',
        "set(span.kind, 2) where span.kind != 3",
        "set(span.events, nil)",
        "set(span.links, span.links)",
        "set(span.status, span.status)",
        'set(span.attributes["is"], IsRootSpan())',
    ],
    "spanevent": [
        'set(spanevent.name, "e")',
        "set(spanevent.time, span.start_time)",
        'set(spanevent.attributes["n"], Len(span.events))',
    ],
    "log": [
        'set(log.body, {"a": [1, nil]})',
        'set(log.body["x"], 1) where IsMap(log.body)',
        "set(log.body, nil)",
        "set(log.severity_number, 17)",
        'set(log.severity_text, "x")',
        "set(log.body.string, log.event_name)",
        "set(log.observed_time, log.time)",
    ],
    "metric": [
        'set(metric.name, "m")',
        'set(metric.unit, "")',
        "set(metric.is_monotonic, true)",
        "set(metric.aggregation_temporality, 1)",
        "convert_sum_to_gauge() where metric.type == METRIC_DATA_TYPE_SUM",
        'convert_gauge_to_sum("delta", true) where metric.name != "m"',
        'scale_metric(2.0, "u") where metric.name != "m"',
        'copy_metric("copied") where metric.name != "copied"',
        'aggregate_on_attributes("sum", []) where metric.name != "m"',
        "extract_count_metric(true) where metric.type == METRIC_DATA_TYPE_SUMMARY",
    ],
    "datapoint": [
        "set(datapoint.value_int, 5) where datapoint.value_int != nil",
        "set(datapoint.value_double, 0.0)",
        "set(datapoint.count, 3)",
        "set(datapoint.bucket_counts, [1, 2])",
        "set(datapoint.explicit_bounds, datapoint.explicit_bounds)",
        "set(datapoint.flags, FLAG_NONE)",
        "set(datapoint.exemplars, nil)",
        "set(datapoint.positive.offset, 3)",
    ],
}
CONTEXTS = {
    Signal.TRACES: ("span", "spanevent"),
    Signal.METRICS: ("metric", "datapoint"),
    Signal.LOGS: ("log",),
    Signal.PROFILES: ("profile",),
}
KEYS = {Signal.TRACES: "trace", Signal.METRICS: "metric", Signal.LOGS: "log"}


def of_context(context: str) -> list[str]:
    common = ANYWHERE if context != "metric" else ANYWHERE[-5:]
    return [one.format(f"{context}.") for one in common] + OF_CONTEXT.get(context, [])


@cache
def plan_of(signal: Signal, texts: tuple[str, ...], error_mode: str) -> Plan:
    key = f"{KEYS.get(signal, 'profile')}_statements"
    return config(transform={"error_mode": error_mode, key: list(texts)})


def by_json(plan: Plan, document: bytes) -> Done:
    return work(plan, Piece("json", document, "in.json"), "json")


def by_protobuf(plan: Plan, signal: Signal, document: bytes) -> tuple[bytes, Done]:
    """JSON to protobuf, the statements on that, and protobuf to JSON."""
    none = config(transform={})
    read = work(none, Piece("json", document, "in.json"), "protobuf")
    done = work(plan, Piece("protobuf", read.out, "in.json", signal), "protobuf")
    written = work(none, Piece("protobuf", done.out, "in.json", signal), "json")
    return written.out, done


def text_of(document: bytes) -> bytes:
    """The document in an order of its own: JSON's is of no meaning."""
    return orjson.dumps(orjson.loads(document), option=orjson.OPT_SORT_KEYS)


@given(st.data(), st.sampled_from(list(Signal)), st.booleans())
def test_json_gives_what_it_gives_by_way_of_protobuf(
    data: st.DataObject, signal: Signal, is_hostile: bool
) -> None:
    document = orjson.dumps(data.draw(documents(signal, is_hostile=is_hostile)))
    context = data.draw(st.sampled_from(CONTEXTS[signal]))
    texts = data.draw(st.lists(st.sampled_from(of_context(context)), max_size=4))
    plan = plan_of(signal, tuple(texts), data.draw(st.sampled_from(["ignore", "propagate"])))
    try:
        out, expected = by_protobuf(plan, signal, document)
    except OtxError as refused:
        with pytest.raises(OtxError) as also:
            by_json(plan, document)
        assert (also.value.message, also.value.code) == (refused.message, refused.code)
        return
    done = by_json(plan, document)
    assert text_of(done.out) == text_of(out)
    assert told(done) == told(expected)


def told(done: Done) -> tuple[Any, ...]:
    """What is said about a piece beside its content."""
    return done.signal, done.tally.items, done.tally.failures, done.stopped


def test_what_nobody_names_goes_out_as_it_came() -> None:
    attributes = [{"key": "a", "value": {"stringValue": "x"}}]
    span = {"status": {}, "name": "n", "attributes": attributes, "traceId": "ab" * 16}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    plan = plan_of(
        Signal.TRACES, ('set(span.attributes["a"], "y") where span.name == "m"',), "ignore"
    )
    assert by_json(plan, orjson.dumps(document)).out == orjson.dumps(document)


def test_connectors_and_filters_give_what_they_give_by_way_of_protobuf() -> None:
    spans = [{"traceId": "ab" * 16, "spanId": f"{n:016x}", "name": n * "x"} for n in range(1, 4)]
    groups = [{"scopeSpans": [{"scope": {"name": "s"}, "spans": spans}, {"spans": spans[:1]}]}]
    document = orjson.dumps({"resourceSpans": groups})
    row = {"context": "span", "condition": 'span.name == "x"', "pipelines": ["traces/a"]}
    for plan in (
        config(filter={"trace_conditions": ['span.name == "x"']}),
        config(routing={"table": [row]}),
    ):
        out, expected = by_protobuf(plan, Signal.TRACES, document)
        done = by_json(plan, document)
        assert text_of(done.out) == text_of(out)
        assert done.tally == expected.tally


def test_logs_that_are_flattened_come_out_alike() -> None:
    records = [{"body": {"stringValue": text}} for text in ("a", "b", "a")]
    resource = {"attributes": [{"key": "r", "value": {"intValue": "1"}}]}
    groups = [
        {"resource": resource, "scopeLogs": [{"scope": {"name": "s"}, "logRecords": records}]}
    ]
    document = orjson.dumps({"resourceLogs": groups})
    group = {"context": "log", "statements": ['set(resource.attributes["b"], log.body)']}
    transform = {"flatten_data": True, "log_statements": [group]}
    plan = plan_of_config({"transform": transform}, switched("+transform.flatten.logs"))
    out, _ = by_protobuf(plan, Signal.LOGS, document)
    assert text_of(by_json(plan, document).out) == text_of(out)
