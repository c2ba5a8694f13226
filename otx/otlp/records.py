"""Spans and log records back to OTLP messages, for what a person saves, copies or sends again.

Bulk work passes requests on as they came and never goes through here. What the model does not
carry (dropped counts, schema URLs, a log's scope version, attributes of scopes) is not in the
messages.
"""

from collections.abc import Iterable, Mapping, Sequence

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from otx.model.telemetry import (
    SPAN_KINDS,
    STATUS_CODES,
    Attributes,
    AttributeValue,
    LogRecord,
    Span,
)
from otx.output import to_json


def traces_request(spans: Iterable[Span]) -> Message:
    """An export request of these spans, in their order within each resource and scope."""
    request = ExportTraceServiceRequest()
    scopes: dict[tuple[str, str, str], trace_pb2.ScopeSpans] = {}
    for span in spans:
        key = (to_json(span.resource), span.scope, span.scope_version)
        scope = scopes.get(key)
        if scope is None:
            group = request.resource_spans.add()
            group.resource.attributes.extend(_key_values(span.resource))
            scope = scopes[key] = group.scope_spans.add()
            scope.scope.name, scope.scope.version = span.scope, span.scope_version
        scope.spans.append(_span(span))
    return request


def logs_request(records: Iterable[LogRecord]) -> Message:
    """An export request of these records, in their order within each resource and scope."""
    request = ExportLogsServiceRequest()
    scopes: dict[tuple[str, str], logs_pb2.ScopeLogs] = {}
    for record in records:
        key = (to_json(record.resource), record.scope)
        scope = scopes.get(key)
        if scope is None:
            group = request.resource_logs.add()
            group.resource.attributes.extend(_key_values(record.resource))
            scope = scopes[key] = group.scope_logs.add()
            scope.scope.name = record.scope
        scope.log_records.append(_log_record(record))
    return request


def _span(span: Span) -> trace_pb2.Span:
    message = trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_span_id),
        trace_state=span.trace_state,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.ValueType(SPAN_KINDS.index(span.kind)),
        start_time_unix_nano=span.start_unix_nano,
        end_time_unix_nano=span.end_unix_nano,
        attributes=_key_values(span.attributes),
        flags=span.flags,
    )
    if span.status != "UNSET" or span.status_message:
        message.status.code = trace_pb2.Status.StatusCode.ValueType(STATUS_CODES.index(span.status))
        message.status.message = span.status_message
    for event in span.events:
        message.events.add(
            time_unix_nano=event.time_unix_nano,
            name=event.name,
            attributes=_key_values(event.attributes),
        )
    for link in span.links:
        message.links.add(
            trace_id=bytes.fromhex(link.trace_id),
            span_id=bytes.fromhex(link.span_id),
            trace_state=link.trace_state,
            flags=link.flags,
            attributes=_key_values(link.attributes),
        )
    return message


def _log_record(record: LogRecord) -> logs_pb2.LogRecord:
    message = logs_pb2.LogRecord(
        time_unix_nano=record.time_unix_nano,
        observed_time_unix_nano=record.observed_unix_nano,
        severity_number=logs_pb2.SeverityNumber.ValueType(record.severity_number),
        severity_text=record.severity_text,
        event_name=record.event_name,
        flags=record.flags,
        trace_id=bytes.fromhex(record.trace_id),
        span_id=bytes.fromhex(record.span_id),
        attributes=_key_values(record.attributes),
    )
    if record.body is not None:
        message.body.CopyFrom(_any_value(record.body))
    return message


def _key_values(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any_value(value)) for key, value in attributes.items()]


def _any_value(value: AttributeValue) -> AnyValue:
    """The value in the one field of `AnyValue` for its type; none of them for None."""
    message = AnyValue()
    if isinstance(value, str):
        message.string_value = value
    elif isinstance(value, bool):  # before int, of which it is one
        message.bool_value = value
    elif isinstance(value, int):
        message.int_value = value
    elif isinstance(value, float):
        message.double_value = value
    elif isinstance(value, bytes):
        message.bytes_value = value
    elif isinstance(value, Mapping):
        message.kvlist_value.values.extend(_key_values(value))
        message.kvlist_value.SetInParent()
    elif isinstance(value, Sequence):
        message.array_value.values.extend(map(_any_value, value))
        message.array_value.SetInParent()
    return message
