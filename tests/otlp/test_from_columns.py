"""Rows of a store are the requests that they were made of, as far as rows go."""

from typing import Any

import pyarrow as pa
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.otlp.columns import SPAN_SCHEMA, log_columns, span_columns
from otx.otlp.from_columns import logs_request, plain_rows, traces_request
from otx.otlp.oddity import MAX_UNIX_NANO
from tests.otlp.messages import TEXT, any_values, spans


def span_rows(request: Message) -> Any:
    return span_columns([request.SerializeToString()], [1]).rows


def log_rows(request: Message) -> Any:
    return log_columns([request.SerializeToString()], [1]).rows


def as_rows_hold_it(span: Span) -> Span:
    """A span without what rows have no columns for."""
    made = Span()
    made.CopyFrom(span)
    made.start_time_unix_nano = min(made.start_time_unix_nano, MAX_UNIX_NANO)
    made.end_time_unix_nano = min(made.end_time_unix_nano, MAX_UNIX_NANO)
    for event in made.events:
        event.time_unix_nano = min(event.time_unix_nano, MAX_UNIX_NANO)
    if not made.status.code and not made.status.message:
        made.ClearField("status")
    holders: list[Any] = [made, *made.events, *made.links]
    for holder in holders:
        for attribute in holder.attributes:
            attribute.value.SetInParent()  # no value and an empty one are the same
    return made


@given(st.lists(spans(), min_size=1, max_size=4), any_values(), TEXT)
def test_spans_come_back_whole(made: list[Span], value: AnyValue, text: str) -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key=text, value=value)
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = text, "1"
    scope.scope.attributes.add(key="k", value=value)
    scope.spans.extend(made)
    back = ExportTraceServiceRequest.FromString(traces_request(span_rows(request)))
    del scope.spans[:]
    scope.spans.extend(map(as_rows_hold_it, made))
    assert repr(back) == repr(request)  # NaN is not equal to itself


@given(any_values(), any_values(), st.binary(max_size=17), TEXT)
def test_log_records_come_back_whole(
    body: AnyValue, value: AnyValue, identifier: bytes, text: str
) -> None:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    scope.scope.version = f"v{text}"
    record = scope.log_records.add(
        time_unix_nano=5,
        observed_time_unix_nano=6,
        trace_id=identifier,
        span_id=identifier,
        severity_number=9,
        severity_text=text,
        event_name=text,
        body=body,
    )
    record.attributes.add(key=text, value=value)
    if body.WhichOneof("value") is None:
        record.ClearField("body")  # a body without a value is none
    back = ExportLogsServiceRequest.FromString(logs_request(log_rows(request)))
    assert repr(back.resource_logs[0].scope_logs) == repr(request.resource_logs[0].scope_logs)


def test_an_empty_body_is_not_the_same_as_none() -> None:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for _ in range(2):
        records.add(time_unix_nano=1)
    records[0].body.string_value = ""
    records[0].attributes.add(key="empty").value.string_value = ""
    records[1].attributes.add(key="none").value.SetInParent()
    back = ExportLogsServiceRequest.FromString(logs_request(log_rows(request)))
    assert back == request
    found = back.resource_logs[0].scope_logs[0].log_records
    assert [one.HasField("body") for one in found] == [True, False]
    assert found[0].body.HasField("string_value")


def test_keys_that_occur_twice_stay_twice_however_deep() -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    span = group.scope_spans.add().spans.add()
    for attributes in (group.resource.attributes, span.attributes):
        for number in (1, 2):
            attributes.add(key="k").value.int_value = number
        inner = attributes.add(key="map").value.kvlist_value.values
        inner.extend([KeyValue(key="d", value=AnyValue(double_value=1e300))] * 2)
    back = ExportTraceServiceRequest.FromString(traces_request(span_rows(request)))
    assert back == request


@pytest.mark.parametrize("key", ["bytesValue", "doubleValue", "kvlistValue"])
def test_a_map_that_looks_like_a_wrapper_is_a_map(key: str) -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)
    record.body.kvlist_value.values.add(key=key).value.string_value = "AA=="
    back = ExportLogsServiceRequest.FromString(logs_request(log_rows(request)))
    assert back.resource_logs[0].scope_logs[0].log_records[0] == record


def test_rows_are_grouped_by_resource_and_scope_in_their_order() -> None:
    request = ExportTraceServiceRequest()
    for name in ("b", "a"):
        group = request.resource_spans.add()
        group.resource.attributes.add(key="service.name").value.string_value = name
        for version in ("2", "1"):
            scope = group.scope_spans.add()
            scope.scope.version = version
            scope.spans.add(name=f"{name}{version}")
    rows = span_rows(request)
    twice = pa.concat_tables([rows, rows])
    back = ExportTraceServiceRequest.FromString(traces_request(twice))
    names = [
        [span.name for span in scope.spans]
        for group in back.resource_spans
        for scope in group.scope_spans
    ]
    assert names == [[name] * 2 for name in ("b2", "b1", "a2", "a1")]


def test_no_rows_are_an_empty_request() -> None:
    rows = span_rows(ExportTraceServiceRequest())
    assert traces_request(rows) == b""


def test_a_resource_is_one_text_for_all_its_rows() -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="k").value.string_value = "v"
    scope = group.scope_spans.add()
    for number in range(3):
        scope.spans.add(name=f"n{number}")
    rows = plain_rows(span_rows(request), SPAN_SCHEMA)
    assert [row["name"] for row in rows] == ["n0", "n1", "n2"]
    assert len({id(row["resource"]) for row in rows}) == 1
    assert plain_rows(span_rows(request).slice(0, 0), SPAN_SCHEMA) == []
