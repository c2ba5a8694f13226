"""Paths of log records."""

from typing import Any

import pytest

from otx.ottl.values import SpanId, Time
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

LOG = {
    "timeUnixNano": "100",
    "observedTimeUnixNano": "200",
    "severityNumber": 9,
    "severityText": "INFO",
    "eventName": "e",
    "body": {"stringValue": "text"},
    "attributes": attributes(s="v"),
    "droppedAttributesCount": 1,
    "flags": 1,
    "traceId": "0102030405060708090a0b0c0d0e0f10",
    "spanId": "0102030405060708",
}
MAP_BODY = {"kvlistValue": {"values": attributes(a=1)}}
LIST_BODY = {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "<b>"}]}}


def changed(record: Document, *statements: str) -> Document:
    (found,) = items(after(document("Logs", record), "log", statements))
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("time_unix_nano", 100),
        ("time", Time(100)),
        ("observed_time_unix_nano", 200),
        ("observed_time", Time(200)),
        ("severity_number", 9),
        ("severity_text", "INFO"),
        ("event_name", "e"),
        ("body", "text"),
        ("body.string", "text"),
        ('attributes["s"]', "v"),
        ("dropped_attributes_count", 1),
        ("flags", 1),
        ("trace_id.string", "0102030405060708090a0b0c0d0e0f10"),
        ("span_id", SpanId(bytes(range(1, 9)))),
        ("SEVERITY_NUMBER_UNSPECIFIED", 0),
        ("SEVERITY_NUMBER_TRACE", 1),
        ("SEVERITY_NUMBER_DEBUG2", 6),
        ("SEVERITY_NUMBER_FATAL4", 24),
        ('resource.attributes["service"]', "shop"),
    ],
)
def test_a_record_is_read(path: str, value: Any) -> None:
    assert value_of(document("Logs", LOG), "log", path) == value


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, ""),
        ({"intValue": "5"}, "5"),
        ({"doubleValue": 2.0}, "2"),
        ({"doubleValue": 1e21}, "1e+21"),
        ({"boolValue": True}, "true"),
        ({"bytesValue": "AQL/"}, "AQL/"),
        (LIST_BODY, '[1,"<b>"]'),
        (MAP_BODY, '{"a":1}'),
    ],
)
def test_any_body_has_a_text(body: Document, text: str) -> None:
    assert value_of(document("Logs", {"body": body}), "log", "body.string") == text


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        (MAP_BODY, 'body["a"]', 1),
        (MAP_BODY, 'body["none"]["x"]', None),
        (LIST_BODY, "body[1]", "<b>"),
        ({}, "body", None),
    ],
)
def test_a_body_is_indexed(body: Document, path: str, value: Any) -> None:
    assert value_of(document("Logs", {"body": body}), "log", path) == value


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ("set(time_unix_nano, 5)", {"timeUnixNano": "5"}),
        ("set(observed_time, time)", {"observedTimeUnixNano": "100"}),
        ("set(severity_number, SEVERITY_NUMBER_ERROR)", {"severityNumber": 17}),
        ('set(severity_text, "x")', {"severityText": "x"}),
        ('set(event_name, "x")', {"eventName": "x"}),
        ("set(body, nil)", {"body": {}}),
        ('set(body, {"a": 1})', {"body": MAP_BODY}),
        ("set(body, 0x0102)", {"body": {"bytesValue": "AQI="}}),
        ('set(body.string, "x")', {"body": {"stringValue": "x"}}),
        ("set(attributes, nil)", {"attributes": None}),
        ("set(dropped_attributes_count, 2)", {"droppedAttributesCount": 2}),
        ("set(flags, -1)", {"flags": 4294967295}),
        ('set(trace_id.string, "00000000000000000000000000000000")', {"traceId": None}),
    ],
)
def test_a_record_is_written(statement: str, changes: Document) -> None:
    assert_same(changed(LOG, statement), with_(LOG, **changes))


def test_a_body_is_changed_in_place() -> None:
    texts = ['set(body["b"]["c"], 2)', 'delete_key(body, "a")']
    inner = {"kvlistValue": {"values": attributes(c=2)}}
    wanted = {"kvlistValue": {"values": [{"key": "b", "value": inner}]}}
    assert_same(changed({"body": MAP_BODY}, *texts), {"body": wanted})


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("set(severity_text, nil)", "execute: log.severity_text cannot be nil"),
        ("set(severity_number, true)", "execute: log.severity_number takes an int, not bool"),
        ('set(body["a"], 1)', "execute: "),
        ("set(body.string, 1)", "execute: log.body.string takes a string, not int"),
        ("set(body, time)", "execute: log.body: a time cannot be stored"),
        ('set(cache, "x")', "execute: log.cache takes a map, not string"),
        ('set(resource.cache["a"], 1)', "parse: "),
    ],
)
def test_what_does_not_fit_is_refused(statement: str, why: str) -> None:
    assert refusal(document("Logs", LOG), "log", statement).startswith(why)


def test_a_cache_begins_empty_for_each_record() -> None:
    texts = [
        'set(attributes["before"], Len(cache))',
        'set(cache["n"], 1)',
        'set(attributes["after"], cache["n"])',
        "set(cache, nil)",
        'set(attributes["emptied"], Len(cache))',
    ]
    found = items(after(document("Logs", {}, {}), "log", texts))
    wanted = {"attributes": attributes(before=0, after=1, emptied=0)}
    assert_same(found, [wanted, wanted])
