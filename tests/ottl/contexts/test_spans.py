"""Paths of spans, their events and their links."""

from typing import Any

import pytest

from otx.ottl.processors.transform import read_transform
from otx.ottl.program import ExecutionStopped, Outcome
from otx.ottl.values import Opaque, SpanId, Time, TraceId
from tests.ottl.documents import (
    Document,
    after,
    assert_same,
    attributes,
    document,
    items,
    refusal,
    value_of,
    with_,
)
from tests.ottl.vector_run import open_case

LINK = {
    "traceId": "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
    "spanId": "b0b1b2b3b4b5b6b7",
    "traceState": "l=1",
    "attributes": attributes(k="v"),
    "flags": 1,
}
SPAN = {
    "traceId": "0102030405060708090a0b0c0d0e0f10",
    "spanId": "0102030405060708",
    "parentSpanId": "1112131415161718",
    "traceState": "a=1,b=2",
    "name": "op",
    "kind": 2,
    "flags": 257,
    "startTimeUnixNano": "100",
    "endTimeUnixNano": "200",
    "attributes": attributes(s="text"),
    "droppedAttributesCount": 1,
    "droppedEventsCount": 2,
    "droppedLinksCount": 3,
    "events": [
        {"name": "e", "timeUnixNano": "1", "attributes": attributes(k="v")},
        {"name": "f", "droppedAttributesCount": 4},
    ],
    "links": [LINK],
    "status": {"code": 2, "message": "m"},
}
WHOLE = document("Spans", SPAN)


def changed(context: str, *statements: str) -> Document:
    (found,) = items(after(WHOLE, context, statements))
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("trace_id", TraceId(bytes(range(1, 17)))),
        ("trace_id.string", "0102030405060708090a0b0c0d0e0f10"),
        ("span_id", SpanId(bytes(range(1, 9)))),
        ("span_id.string", "0102030405060708"),
        ("parent_span_id.string", "1112131415161718"),
        ("trace_state", "a=1,b=2"),
        ('trace_state["b"]', "2"),
        ('trace_state["none"]', ""),
        ("name", "op"),
        ("kind", 2),
        ("kind.string", "Server"),
        ("kind.deprecated_string", "SPAN_KIND_SERVER"),
        ("flags", 257),
        ("start_time_unix_nano", 100),
        ("end_time", Time(200)),
        ('attributes["s"]', "text"),
        ("dropped_attributes_count", 1),
        ("dropped_events_count", 2),
        ("dropped_links_count", 3),
        ("status.code", 2),
        ("status.message", "m"),
        ("Len(events)", 2),
        ("Len(links)", 1),
        ("scope.name", "scope"),
        ("instrumentation_scope.name", "scope"),
        ('resource.attributes["service"]', "shop"),
        ("cache", {}),
    ],
)
def test_a_span_is_read(path: str, value: Any) -> None:
    assert value_of(WHOLE, "span", path) == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("trace_id.string", "0" * 32),
        ("parent_span_id.string", "0" * 16),
        ("kind.string", "Unspecified"),
        ("status.message", ""),
        ("trace_state", ""),
        ('trace_state["a"]', ""),
        ("start_time", Time(0)),
    ],
)
def test_what_a_span_lacks_reads_as_its_zero(path: str, value: Any) -> None:
    assert value_of(document("Spans", {}), "span", path) == value


def test_a_kind_without_a_name_has_an_empty_one() -> None:
    assert value_of(document("Spans", {"kind": 77}), "span", "kind.string") == ""


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ('set(name, "x")', {"name": "x"}),
        (
            "set(trace_id, TraceID(0x0f000000000000000000000000000000))",
            {"traceId": "0f" + "0" * 30},
        ),
        ('set(span_id.string, "FF00000000000001")', {"spanId": "ff00000000000001"}),
        ("set(parent_span_id, SpanID(0x0000000000000000))", {"parentSpanId": None}),
        ('set(parent_span_id.string, "0000000000000000")', {"parentSpanId": None}),
        ('set(trace_state, "no tracestate")', {"traceState": "no tracestate"}),
        ('set(trace_state["b"], "3")', {"traceState": "b=3,a=1"}),
        ('set(trace_state["c"], "3")', {"traceState": "c=3,a=1,b=2"}),
        ("set(kind, SPAN_KIND_CLIENT)", {"kind": 3}),
        ('set(kind.string, "Producer")', {"kind": 4}),
        ('set(kind.deprecated_string, "SPAN_KIND_CONSUMER")', {"kind": 5}),
        ("set(kind, 4294967299)", {"kind": 3}),
        ("set(flags, 4294967295)", {"flags": 4294967295}),
        ("set(start_time_unix_nano, -1)", {"startTimeUnixNano": str((1 << 64) - 1)}),
        ("set(end_time, start_time)", {"endTimeUnixNano": "100"}),
        ("set(dropped_attributes_count, -1)", {"droppedAttributesCount": 4294967295}),
        ("set(dropped_events_count, 7)", {"droppedEventsCount": 7}),
        ("set(dropped_links_count, 7)", {"droppedLinksCount": 7}),
        ("set(status.code, STATUS_CODE_OK)", {"status": {"code": 1, "message": "m"}}),
        ('set(status.message, "")', {"status": {"code": 2}}),
        ("set(status, status)", {}),
        ("set(events, nil)", {"events": None}),
        ("set(links, nil)", {"links": None}),
        ("set(events, events)", {}),
        ("set(attributes, nil)", {"attributes": None}),
        ('set(attributes, {"a": 1})', {"attributes": attributes(a=1)}),
        ("set(attributes, attributes)", {}),
    ],
)
def test_a_span_is_written(statement: str, changes: Document) -> None:
    assert_same(changed("span", statement), with_(SPAN, **changes))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("set(name, nil)", "execute: span.name cannot be nil"),
        ("set(name, 1)", "execute: span.name takes a string, not int 1"),
        ("set(kind, 1.0)", "execute: span.kind takes an int, not double"),
        ('set(kind.string, "server")', "execute: span.kind.string: 'server' is no span kind"),
        ("set(flags, -1)", "execute: span.flags: -1 does not fit"),
        ("set(flags, 4294967296)", "execute: span.flags: 4294967296 does not fit"),
        ("set(trace_id, span_id)", "execute: span.trace_id takes a TraceID, not SpanID"),
        (
            'set(trace_id.string, "ff")',
            "execute: span.trace_id.string: 'ff' is no hex text of 16 bytes",
        ),
        ('set(span_id.string, "zz00000000000001")', "execute: "),
        ("set(span_id, 0x0102030405060708)", "execute: span.span_id takes a SpanID, not bytes"),
        ("set(start_time, 5)", "execute: span.start_time takes a time, not int"),
        ("set(start_time_unix_nano, start_time)", "execute: "),
        ("set(events, links)", "execute: span.events takes span events, not span links"),
        ("set(status, 2)", "execute: span.status takes a status, not int"),
        ("set(status, nil)", "execute: span.status cannot be nil"),
        ("set(attributes, 1)", "execute: span.attributes takes a map, not int"),
        ('set(trace_state["a"], 5)', 'execute: span.trace_state["a"] takes a string, not int 5'),
        ('set(trace_state["a"], nil)', "execute: "),
        ('set(trace_state[nope], "x")', "parse: 1:17: 'nope' is no path"),
        ('set(trace_state["a"]["b"], "1")', "parse: "),
        ('set(name["a"], "1")', "parse: "),
        ('set(events[0], "1")', "parse: "),
        ('set(nmae, "1")', "parse: "),
        ('set(status.text, "1")', "parse: "),
        ('set(name.string, "1")', "parse: "),
    ],
)
def test_what_does_not_fit_is_refused(statement: str, why: str) -> None:
    assert refusal(WHOLE, "span", statement).startswith(why)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("time_unix_nano", 1),
        ("time", Time(1)),
        ("name", "e"),
        ('attributes["k"]', "v"),
        ("dropped_attributes_count", 0),
        ("event_index", 0),
        ("span.name", "op"),
        ('resource.attributes["service"]', "shop"),
        ("SPAN_KIND_SERVER", 2),
    ],
)
def test_an_event_is_read(path: str, value: Any) -> None:
    assert value_of(WHOLE, "spanevent", path) == value


def test_events_are_written() -> None:
    found = changed(
        "spanevent",
        'set(name, "g") where event_index == 1',
        "set(dropped_attributes_count, 9)",
        'set(attributes["span"], span.name)',
        "set(time_unix_nano, time_unix_nano + 1)",
        'set(span.name, "renamed")',
    )
    first, second = found["events"]
    assert (first["name"], second["name"]) == ("e", "g")
    assert_same(first["attributes"], attributes(k="v", span="op"))
    # The first event has renamed the span before the second one is visited.
    assert_same(second["attributes"], attributes(span="renamed"))
    assert (first["timeUnixNano"], second["timeUnixNano"]) == ("2", "1")
    assert found["name"] == "renamed"


def test_an_index_is_fixed() -> None:
    assert "read-only" in refusal(WHOLE, "spanevent", "set(event_index, 1)")
    assert "read-only" in refusal(WHOLE, "spanevent", "set(event_index, nil)")


def test_processors_do_not_number_events() -> None:
    text = 'set(spanevent.name, "x") where spanevent.event_index == 0'
    processor = read_transform({"trace_statements": [text], "error_mode": "propagate"})
    with pytest.raises(ExecutionStopped, match="no event_index"):
        processor.run(open_case({"input": WHOLE}), Outcome())


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ('set(trace_id.string, "0102030405060708090a0b0c0d0e0f10")', {"traceId": SPAN["traceId"]}),
        ("set(span_id, span.span_id)", {"spanId": SPAN["spanId"]}),
        ('set(trace_state["m"], "2")', {"traceState": "m=2,l=1"}),
        ('delete_key(attributes, "k")', {"attributes": None}),
        ("set(dropped_attributes_count, 3)", {"droppedAttributesCount": 3}),
        ("set(flags, 2)", {"flags": 2}),
    ],
)
def test_a_link_is_written(statement: str, changes: Document) -> None:
    assert_same(changed("spanlink", statement)["links"], [with_(LINK, **changes)])


def test_parts_are_opaque() -> None:
    found = value_of(WHOLE, "span", "events")
    assert isinstance(found, Opaque)
    assert (found.kind, len(found)) == ("span events", 2)
