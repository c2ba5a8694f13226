"""A log record as a document with stable keys, for people and programs."""

from typing import Any

from otx.model.telemetry import LogRecord
from otx.model.units import format_time


def log_document(record: LogRecord) -> dict[str, Any]:
    """All that the model has of a record, by the names of the table `logs` (docs/query.md)."""
    return {
        "time": format_time(record.time_unix_nano),
        "observed_time": format_time(record.observed_unix_nano),
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "severity_number": record.severity_number,
        "severity_text": record.severity_text,
        "service": record.service,
        "body": record.body,
        "event_name": record.event_name,
        "attributes": record.attributes,
        "resource": record.resource,
        "scope": record.scope,
        "flags": record.flags,
    }
