"""A span as a document with stable keys, for people and programs."""

from typing import Any

from otx.model.telemetry import Span
from otx.model.units import format_time


def span_document(span: Span) -> dict[str, Any]:
    """All that the model has of a span, by the names of the table `spans` (docs/query.md)."""
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "name": span.name,
        "kind": span.kind,
        "service": span.service,
        "start_time": format_time(span.start_unix_nano),
        "end_time": format_time(span.end_unix_nano),
        "duration_ns": span.duration_ns,
        "status": span.status,
        "status_message": span.status_message,
        "trace_state": span.trace_state,
        "flags": span.flags,
        "attributes": span.attributes,
        "resource": span.resource,
        "scope": span.scope,
        "scope_version": span.scope_version,
        "events": [
            {
                "time": format_time(event.time_unix_nano),
                "name": event.name,
                "attributes": event.attributes,
            }
            for event in span.events
        ],
        "links": [
            {
                "trace_id": link.trace_id,
                "span_id": link.span_id,
                "attributes": link.attributes,
                "trace_state": link.trace_state,
                "flags": link.flags,
            }
            for link in span.links
        ],
    }
