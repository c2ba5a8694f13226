"""Columns say what protobuf's own decoder says, for every request it accepts."""

import math
import random
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from otx.model.signal import Signal
from otx.model.telemetry import SPAN_KINDS, STATUS_CODES, AttributeValue
from otx.otlp.column_groups import Undecodable, normalised
from otx.otlp.columns import LOG_SCHEMA, SPAN_SCHEMA, log_columns, span_columns
from otx.otlp.json_columns import read_attributes, read_value
from tests.otlp.split_messages import split

UINT64 = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 2**63 - 2, 2**63 - 1, 2**63]))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.one_of(TEXT, st.sampled_from(["bytesValue", "doubleValue", "kvlistValue", 'a"b\\c', ""]))
IDS = st.one_of(st.binary(min_size=16, max_size=16), st.binary(max_size=20))

MAX_TIME_NS = 2**63 - 2


def any_values(depth: int = 2) -> st.SearchStrategy[AnyValue]:
    leaves = st.one_of(
        st.builds(AnyValue, string_value=TEXT),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats()),
        st.builds(AnyValue, bytes_value=st.binary(max_size=9)),
        st.just(AnyValue()),
    )
    if depth == 0:
        return leaves
    inner = any_values(depth - 1)
    arrays = st.lists(inner, max_size=3).map(
        lambda values: AnyValue(array_value=ArrayValue(values=values))
    )
    maps = st.lists(st.builds(KeyValue, key=KEYS, value=inner), max_size=3).map(
        lambda values: AnyValue(kvlist_value=KeyValueList(values=values))
    )
    return st.one_of(leaves, arrays, maps)


ATTRIBUTES = st.lists(
    st.one_of(st.builds(KeyValue, key=KEYS, value=any_values()), st.builds(KeyValue, key=KEYS)),
    max_size=4,
    unique_by=lambda attribute: attribute.key,
)
UINT32 = st.integers(0, 2**32 - 1)
RESOURCES = st.builds(Resource, attributes=ATTRIBUTES, dropped_attributes_count=UINT32)
SCOPES = st.builds(
    InstrumentationScope,
    name=TEXT,
    version=TEXT,
    attributes=ATTRIBUTES,
    dropped_attributes_count=UINT32,
)
SPANS = st.builds(
    Span,
    trace_id=IDS,
    span_id=IDS,
    parent_span_id=IDS,
    trace_state=TEXT,
    flags=UINT32,
    name=TEXT,
    kind=st.sampled_from([0, 1, 2, 3, 4, 5, 6, 99, -1]),
    start_time_unix_nano=UINT64,
    end_time_unix_nano=UINT64,
    attributes=ATTRIBUTES,
    dropped_attributes_count=UINT32,
    dropped_events_count=UINT32,
    dropped_links_count=UINT32,
    events=st.lists(
        st.builds(
            Span.Event,
            time_unix_nano=UINT64,
            name=TEXT,
            attributes=ATTRIBUTES,
            dropped_attributes_count=UINT32,
        ),
        max_size=2,
    ),
    links=st.lists(
        st.builds(
            Span.Link,
            trace_id=IDS,
            span_id=IDS,
            attributes=ATTRIBUTES,
            trace_state=TEXT,
            flags=UINT32,
            dropped_attributes_count=UINT32,
        ),
        max_size=2,
    ),
    status=st.one_of(
        st.none(), st.builds(Status, message=TEXT, code=st.sampled_from([0, 1, 2, 7]))
    ),
)
SPAN_REQUESTS = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=st.one_of(st.none(), RESOURCES),
            scope_spans=st.lists(
                st.builds(
                    ScopeSpans,
                    scope=st.one_of(st.none(), SCOPES),
                    spans=st.lists(SPANS, max_size=3),
                    schema_url=TEXT,
                ),
                max_size=2,
            ),
            schema_url=TEXT,
        ),
        max_size=2,
    ),
)
LOG_RECORDS = st.builds(
    LogRecord,
    time_unix_nano=st.one_of(st.just(0), UINT64),
    observed_time_unix_nano=st.one_of(st.just(0), UINT64),
    severity_number=st.sampled_from([0, 1, 9, 17, 24]),
    severity_text=TEXT,
    body=st.one_of(st.none(), any_values()),
    attributes=ATTRIBUTES,
    trace_id=IDS,
    span_id=IDS,
    event_name=TEXT,
    flags=UINT32,
    dropped_attributes_count=UINT32,
)
LOG_REQUESTS = st.builds(
    ExportLogsServiceRequest,
    resource_logs=st.lists(
        st.builds(
            ResourceLogs,
            resource=st.one_of(st.none(), RESOURCES),
            scope_logs=st.lists(
                st.builds(
                    ScopeLogs,
                    scope=st.one_of(st.none(), SCOPES),
                    log_records=st.lists(LOG_RECORDS, max_size=3),
                    schema_url=TEXT,
                ),
                max_size=2,
            ),
            schema_url=TEXT,
        ),
        max_size=2,
    ),
)


def plain(value: AnyValue) -> Any:
    """A value as protobuf says it; NaN as text, because it equals nothing."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(value.kvlist_value.values)
    return comparable(getattr(value, kind))


def comparable(value: Any) -> Any:
    """A value with its type, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else repr(value))
    return value if value is None else (type(value).__name__, value)


def attributes_of(pairs: Any) -> dict[str, Any]:
    """Attributes, of equal keys the first."""
    return {pair.key: plain(pair.value) for pair in reversed(pairs)}


def read(text: str) -> Any:
    return comparable(read_attributes(text))


def rows_of(table: Any) -> list[dict[str, Any]]:
    """Rows with times as integers, which Python's own times cannot hold."""
    import pyarrow as pa

    columns = {}
    for name in table.schema.names:
        column = table[name]
        columns[name] = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    for name in {"events", "exemplars"} & columns.keys():
        fields = [
            pa.field(one.name, pa.int64() if one.name == "time" else one.type)
            for one in columns[name].type.value_type
        ]
        columns[name] = columns[name].cast(pa.list_(pa.struct(fields)))
    return list(pa.table(columns).to_pylist())


def clamped(unix_nano: int) -> int:
    return min(unix_nano, MAX_TIME_NS)


def origin_of(group: Any, scoped: Any) -> dict[str, Any]:
    """What a row says of the resource and the scope that its record is under."""
    resource, scope = group.resource, scoped.scope
    return {
        "service": service_of(resource),
        "resource": attributes_of(resource.attributes),
        "resource_schema_url": group.schema_url,
        "resource_dropped_attributes_count": resource.dropped_attributes_count,
        "scope": scope.name,
        "scope_version": scope.version,
        "scope_attributes": attributes_of(scope.attributes),
        "scope_schema_url": scoped.schema_url,
        "scope_dropped_attributes_count": scope.dropped_attributes_count,
    }


def read_origin(row: dict[str, Any]) -> dict[str, Any]:
    """The same of a row."""
    names = ("service", "scope", "scope_version", "resource_schema_url", "scope_schema_url")
    counts = ("resource_dropped_attributes_count", "scope_dropped_attributes_count")
    found = {name: row[name] for name in (*names, *counts)}
    return found | {name: read(row[name]) for name in ("resource", "scope_attributes")}


def service_of(resource: Resource) -> str:
    names = [a.value.string_value for a in resource.attributes if a.key == "service.name"]
    return names[0] if names else ""


@settings(max_examples=60)
@given(st.lists(SPAN_REQUESTS, min_size=1, max_size=3))
def test_spans_are_what_protobuf_says(requests: list[ExportTraceServiceRequest]) -> None:
    received = list(range(1000, 1000 + len(requests)))
    batch = span_columns([request.SerializeToString() for request in requests], received)
    assert batch.rows.schema == SPAN_SCHEMA
    batch.rows.validate(full=True)
    expected = [
        (index, group, scoped, span)
        for index, request in enumerate(requests)
        for group in request.resource_spans
        for scoped in group.scope_spans
        for span in scoped.spans
    ]
    rows = rows_of(batch.rows)
    assert batch.request_of_row.to_pylist() == [index for index, *_ in expected]
    for row, (index, group, scoped, span) in zip(rows, expected, strict=True):
        start, end = clamped(span.start_time_unix_nano), clamped(span.end_time_unix_nano)
        kind = SPAN_KINDS[span.kind] if 0 <= span.kind < len(SPAN_KINDS) else SPAN_KINDS[0]
        code = span.status.code
        assert row["trace_id"] == span.trace_id.hex()
        assert row["span_id"] == span.span_id.hex()
        assert row["parent_span_id"] == span.parent_span_id.hex()
        assert (row["trace_state"], row["flags"]) == (span.trace_state, span.flags)
        assert (row["name"], row["kind"]) == (span.name, kind)
        assert (row["start_time"], row["end_time"]) == (start, end)
        assert row["duration_ns"] == end - start
        assert row["status"] == (STATUS_CODES[code] if code < len(STATUS_CODES) else "UNSET")
        assert row["status_message"] == span.status.message
        assert read(row["attributes"]) == attributes_of(span.attributes)
        assert read_origin(row) == origin_of(group, scoped)
        for name in ("attributes", "events", "links"):
            assert row[f"dropped_{name}_count"] == getattr(span, f"dropped_{name}_count")
        assert [one | {"attributes": read(one["attributes"])} for one in row["events"]] == [
            {
                "time": clamped(one.time_unix_nano),
                "name": one.name,
                "attributes": attributes_of(one.attributes),
                "dropped_attributes_count": one.dropped_attributes_count,
            }
            for one in span.events
        ]
        assert [one | {"attributes": read(one["attributes"])} for one in row["links"]] == [
            {
                "trace_id": one.trace_id.hex(),
                "span_id": one.span_id.hex(),
                "attributes": attributes_of(one.attributes),
                "trace_state": one.trace_state,
                "flags": one.flags,
                "dropped_attributes_count": one.dropped_attributes_count,
            }
            for one in span.links
        ]
        assert row["received_time"] == received[index]


@settings(max_examples=40)
@given(st.lists(LOG_REQUESTS, min_size=1, max_size=3))
def test_logs_are_what_protobuf_says(requests: list[ExportLogsServiceRequest]) -> None:
    received = list(range(1000, 1000 + len(requests)))
    batch = log_columns([request.SerializeToString() for request in requests], received)
    assert batch.rows.schema == LOG_SCHEMA
    batch.rows.validate(full=True)
    expected = [
        (index, group, scoped, record)
        for index, request in enumerate(requests)
        for group in request.resource_logs
        for scoped in group.scope_logs
        for record in scoped.log_records
    ]
    for row, (index, group, scoped, record) in zip(rows_of(batch.rows), expected, strict=True):
        own, observed = record.time_unix_nano, record.observed_time_unix_nano
        assert row["time"] == clamped(own or observed or received[index])
        assert row["observed_time"] == clamped(observed)
        assert row["trace_id"] == record.trace_id.hex()
        assert (row["severity_number"], row["severity_text"]) == (
            record.severity_number,
            record.severity_text,
        )
        body = plain(record.body)
        if record.body.WhichOneof("value") == "string_value" or not record.HasField("body"):
            is_sent_empty = record.HasField("body") and not record.body.string_value
            is_json = None if is_sent_empty else False
            assert (row["body"], row["body_is_json"]) == (record.body.string_value, is_json)
        else:
            assert row["body_is_json"]
            assert comparable(read_value(row["body"])) == body
        assert row["event_name"] == record.event_name
        assert read(row["attributes"]) == attributes_of(record.attributes)
        assert row["flags"] == record.flags
        assert row["dropped_attributes_count"] == record.dropped_attributes_count
        assert read_origin(row) == origin_of(group, scoped)


@settings(max_examples=60)
@given(st.one_of(SPAN_REQUESTS, LOG_REQUESTS), st.randoms(use_true_random=False))
def test_what_protobuf_merges_is_merged(request: Message, chance: random.Random) -> None:
    whole, pieces = request.SerializeToString(), split(request, chance)
    assert type(request).FromString(pieces).SerializeToString() == whole
    columns = span_columns if isinstance(request, ExportTraceServiceRequest) else log_columns
    assert columns([pieces, whole], [1, 1]).rows == columns([whole, whole], [1, 1]).rows


def test_no_rows_come_of_nothing() -> None:
    for bodies in (
        [],
        [b""],
        [ExportTraceServiceRequest(resource_spans=[ResourceSpans()]).SerializeToString()],
    ):
        batch = span_columns(bodies, [1] * len(bodies))
        assert (len(batch.rows), batch.rows.schema) == (0, SPAN_SCHEMA)


@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x05abc", b"\x0a\x04\x12\x02\x12\x7f"])
def test_what_is_no_request_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(Undecodable):
        span_columns([b"", body], [1, 2])
    with pytest.raises(Undecodable):
        normalised(Signal.TRACES, body)


@given(st.binary(max_size=60))
def test_hostile_bytes_give_rows_or_are_refused(body: bytes) -> None:
    for columns in (span_columns, log_columns):
        try:
            columns([body], [1]).rows.validate(full=True)
        except Undecodable:
            continue


@pytest.mark.parametrize("kind", ["array_value", "kvlist_value"])
def test_a_broken_value_is_said_to_be_none_wherever_it_stands(kind: str) -> None:
    """What is within an array or a map is read apart from the request."""
    whole = AnyValue()
    getattr(whole, kind).values.add()
    spans, logs, texts = (
        ExportTraceServiceRequest(),
        ExportLogsServiceRequest(),
        ExportLogsServiceRequest(),
    )
    span = spans.resource_spans.add().scope_spans.add().spans.add()
    span.attributes.add(key="k").value.CopyFrom(whole)
    logs.resource_logs.add().scope_logs.add().log_records.add().body.CopyFrom(whole)
    record = texts.resource_logs.add().scope_logs.add().log_records.add()
    record.attributes.add(key="k").value.CopyFrom(whole)
    for columns, request in ((span_columns, spans), (log_columns, logs), (log_columns, texts)):
        body = request.SerializeToString()
        at = body.rindex(b"\x0a\x00")  # a member of no bytes becomes one that is cut short
        with pytest.raises(Undecodable):
            columns([body[:at] + b"\x0a\x01" + body[at + 2 :]], [1])


def test_a_value_set_twice_is_left_to_protobuf() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="x")
    span.attributes.add(key="k").value.int_value = 1
    twice = request.SerializeToString()
    value = span.attributes[0].value.SerializeToString()
    doubled = value + AnyValue(string_value="last").SerializeToString()
    attribute = b"\x0a\x01k\x12" + bytes([len(doubled)]) + doubled
    span_bytes = b"\x2a\x01x\x4a" + bytes([len(attribute)]) + attribute
    scope_bytes = b"\x12" + bytes([len(span_bytes)]) + span_bytes
    group_bytes = b"\x12" + bytes([len(scope_bytes)]) + scope_bytes
    body = b"\x0a" + bytes([len(group_bytes)]) + group_bytes
    with pytest.raises(Undecodable, match="two values"):
        span_columns([body], [1])
    rewritten = span_columns([normalised(Signal.TRACES, body)], [1])
    assert rewritten.rows["attributes"].to_pylist() == ['{"k":"last"}']
    assert span_columns([twice], [1]).rows["attributes"].to_pylist() == ['{"k":1}']


def test_doubled_keys_stay_in_the_text() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    for number in (1, 2):
        span.attributes.add(key="k").value.int_value = number
    rows = span_columns([request.SerializeToString()], [1]).rows
    assert rows["attributes"].to_pylist() == ['{"k":1,"k":2}']
    assert read_attributes('{"k":1,"k":2}') == {"k": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":{"k":1,"j":2,"k":3}}', {"a": {"k": 1, "j": 2}}),
        ('[{"k":1},{"k":2,"k":[3]}]', [{"k": 1}, {"k": 2}]),
        ('{"k":"\\":","j":1}', {"k": '":', "j": 1}),  # what looks like the end of a key
        ('{"k":{"bytesValue":"AA=="},"k":18446744073709551615}', {"k": b"\0"}),
    ],
)
def test_the_first_of_equal_keys_is_read(text: str, value: AttributeValue) -> None:
    assert read_value(text) == value
