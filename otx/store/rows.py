"""Rows of the store as the spans and log records of `otx.model`, for what a person looks at."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from otx.model.telemetry import (
    SPAN_KINDS,
    STATUS_CODES,
    Attributes,
    AttributeValue,
    LogRecord,
    Span,
    SpanEvent,
    SpanKind,
    SpanLink,
    StatusCode,
    TraceSummary,
)
from otx.otlp.json_columns import read_attributes, read_value

SPAN_FIELDS = """
    trace_id, span_id, parent_span_id, name, kind, service,
    epoch_ns(start_time), epoch_ns(end_time), status, status_message, trace_state,
    attributes, resource, scope, scope_version,
    list_transform(events, lambda e: {'t': epoch_ns(e.time), 'n': e.name, 'a': e.attributes}),
    links, flags"""
LOG_FIELDS = """
    epoch_ns(time), severity_number, severity_text, service, body, body_is_json,
    if(is_trace_id(trace_id), trace_id, ''), if(is_span_id(span_id), span_id, ''),
    event_name, epoch_ns(observed_time), attributes, resource, scope, flags"""
"""An id that is none says that a record belongs to no span (logs.proto, `trace_id`)."""

_KINDS: Mapping[str, SpanKind] = {kind: kind for kind in SPAN_KINDS}
_STATUSES: Mapping[str, StatusCode] = {status: status for status in STATUS_CODES}


def span_of(row: tuple[Any, ...]) -> Span:
    """A span of a row of `SPAN_FIELDS`."""
    return Span(
        trace_id=row[0],
        span_id=row[1],
        parent_span_id=row[2],
        name=row[3],
        kind=_KINDS[row[4]],
        service=row[5],
        start_unix_nano=row[6],
        end_unix_nano=row[7],
        status=_STATUSES[row[8]],
        status_message=row[9],
        trace_state=row[10],
        attributes=read_attributes(row[11]),
        resource=_resource(row[12]),
        scope=row[13],
        scope_version=row[14],
        events=tuple(_events(row[15])),
        links=tuple(_links(row[16])),
        flags=row[17],
    )


@lru_cache(256)
def _resource(text: str) -> Attributes:
    """A resource; the spans that have it share it."""
    return read_attributes(text)


def log_of(row: tuple[Any, ...]) -> LogRecord:
    """A log record of a row of `LOG_FIELDS`."""
    body: AttributeValue = read_value(row[4]) if row[5] else row[4]
    return LogRecord(
        time_unix_nano=row[0],
        severity_number=row[1],
        severity_text=row[2],
        service=row[3],
        body=body,
        trace_id=row[6],
        span_id=row[7],
        event_name=row[8],
        observed_unix_nano=row[9],
        attributes=read_attributes(row[10]),
        resource=read_attributes(row[11]),
        scope=row[12],
        flags=row[13] or 0,
    )


def summary_of(row: tuple[Any, ...]) -> TraceSummary:
    """A trace of a row in the order of `TraceSummary`'s fields."""
    return TraceSummary(*row)


def _events(events: Iterable[Mapping[str, Any]]) -> Iterable[SpanEvent]:
    for event in events:
        yield SpanEvent(event["t"], event["n"], read_attributes(event["a"]))


def _links(links: Iterable[Mapping[str, Any]]) -> Iterable[SpanLink]:
    for link in links:
        attributes = read_attributes(link["attributes"])
        # Null in segments of an earlier otx.
        state, flags = link["trace_state"] or "", link["flags"] or 0
        yield SpanLink(link["trace_id"], link["span_id"], attributes, state, flags)
