"""OTLP requests to Arrow columns, without one Python object per span or log record.

The column view (`otx.otlp.column_view`) parses natively into nested Arrow arrays; what is left is
to flatten them, spread what resources and scopes say over their records, and write attributes as
JSON text, all of it a column at a time. Two things are done in Python: resources and scopes, once
for each distinct one (`otx.otlp.column_groups`), and array, map and bytes values.

Times beyond 2262, which a signed 64-bit count of nanoseconds cannot hold, become the last moment
it can. Ids keep whatever length they were sent with.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from otx.model.telemetry import SPAN_KINDS, STATUS_CODES
from otx.otlp.attribute_columns import attribute_texts
from otx.otlp.column_groups import (
    DROPPED_COUNTS,
    SCHEMA_URLS,
    TIME,
    Batch,
    finished,
    flattened,
    hex_texts,
    parsed,
    refuse_doubled,
    refusing,
    relisted,
    times,
    words_of,
)
from otx.otlp.column_view import logs_handler, traces_handler
from otx.otlp.json_columns import Column, value_texts
from otx.otlp.shared_columns import SHARED_TEXT

SPAN_SCHEMA = pa.schema(
    [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("parent_span_id", pa.string()),
        ("trace_state", pa.string()),
        ("flags", pa.uint32()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("service", SHARED_TEXT),
        ("start_time", TIME),
        ("end_time", TIME),
        ("duration_ns", pa.int64()),
        ("status", pa.string()),
        ("status_message", pa.string()),
        ("attributes", pa.string()),
        ("resource", SHARED_TEXT),
        ("scope", SHARED_TEXT),
        ("scope_version", SHARED_TEXT),
        ("scope_attributes", SHARED_TEXT),
        (
            "events",
            pa.list_(
                pa.struct(
                    [
                        ("time", TIME),
                        ("name", pa.string()),
                        ("attributes", pa.string()),
                        ("dropped_attributes_count", pa.uint32()),
                    ]
                )
            ),
        ),
        (
            "links",
            pa.list_(
                pa.struct(
                    [
                        ("trace_id", pa.string()),
                        ("span_id", pa.string()),
                        ("attributes", pa.string()),
                        ("trace_state", pa.string()),
                        ("flags", pa.uint32()),
                        ("dropped_attributes_count", pa.uint32()),
                    ]
                )
            ),
        ),
        ("received_time", TIME),
        *SCHEMA_URLS,
        *DROPPED_COUNTS,
        ("dropped_attributes_count", pa.uint32()),
        ("dropped_events_count", pa.uint32()),
        ("dropped_links_count", pa.uint32()),
    ]
)
"""Columns of spans, as they are queried and as they are kept."""

LOG_SCHEMA = pa.schema(
    [
        ("time", TIME),
        ("observed_time", TIME),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("severity_number", pa.int32()),
        ("severity_text", pa.string()),
        ("service", SHARED_TEXT),
        ("body", pa.string()),
        ("body_is_json", pa.bool_()),
        ("event_name", pa.string()),
        ("attributes", pa.string()),
        ("resource", SHARED_TEXT),
        ("scope", SHARED_TEXT),
        ("scope_version", SHARED_TEXT),
        ("scope_attributes", SHARED_TEXT),
        ("received_time", TIME),
        ("flags", pa.uint32()),
        *SCHEMA_URLS,
        *DROPPED_COUNTS,
        ("dropped_attributes_count", pa.uint32()),
    ]
)
"""Columns of log records. `body` is text; `body_is_json` says that it was no string but a value.

It is null where an empty text was sent: no body at all is an empty text and false.
"""

_NOTHING, _FIRST = pa.scalar("", pa.string()), pa.scalar(0, pa.int32())


def span_columns(bodies: Sequence[bytes], received_unix_nano: Sequence[int]) -> Batch:
    """Spans of several ExportTraceServiceRequests as rows of `SPAN_SCHEMA`.

    Raises:
        Undecodable: One of the bodies is no such request; which one is not known.
    """
    groups = flattened(parsed(traces_handler(), bodies), "resource_spans", "scope_spans", "spans")
    records = groups.records
    start, end = (times(records.field(f"{edge}_time_unix_nano")) for edge in ("start", "end"))
    status = records.field("status")
    columns = {
        "trace_id": hex_texts(records.field("trace_id")),
        "span_id": hex_texts(records.field("span_id")),
        "parent_span_id": hex_texts(records.field("parent_span_id")),
        "trace_state": records.field("trace_state"),
        "flags": records.field("flags"),
        "name": records.field("name"),
        "kind": words_of(records.field("kind"), SPAN_KINDS),
        "start_time": start.cast(TIME),
        "end_time": end.cast(TIME),
        "duration_ns": pc.subtract(end, start),
        "status": words_of(pc.fill_null(status.field("code"), _FIRST), STATUS_CODES),
        "status_message": pc.fill_null(status.field("message"), _NOTHING),
        "attributes": attribute_texts(records.field("attributes")),
        "events": _events(records.field("events")),
        "links": _links(records.field("links")),
        "dropped_attributes_count": records.field("dropped_attributes_count"),
        "dropped_events_count": records.field("dropped_events_count"),
        "dropped_links_count": records.field("dropped_links_count"),
    }
    return finished(SPAN_SCHEMA, columns, groups, received_unix_nano)


def log_columns(bodies: Sequence[bytes], received_unix_nano: Sequence[int]) -> Batch:
    """Log records of several ExportLogsServiceRequests as rows of `LOG_SCHEMA`.

    A record without a time of its own has the time it was observed, or else received.

    Raises:
        Undecodable: One of the bodies is no such request; which one is not known.
    """
    groups = flattened(parsed(logs_handler(), bodies), "resource_logs", "scope_logs", "log_records")
    records = groups.records
    received = pa.array(received_unix_nano, pa.uint64()).take(groups.request_of_row)
    unset = pa.scalar(0, pa.uint64())
    observed = records.field("observed_time_unix_nano")
    own = records.field("time_unix_nano")
    fallback = pc.if_else(pc.equal(observed, unset), received, observed)
    body = records.field("body")
    refuse_doubled(body)
    text = body.field("string_value")
    is_json = pc.and_(pc.is_null(text), body.is_valid())
    is_empty = pc.fill_null(pc.equal(text, _NOTHING), pa.scalar(False, pa.bool_()))
    with refusing():
        json_text = value_texts(body)
    columns = {
        "time": times(pc.if_else(pc.equal(own, unset), fallback, own)).cast(TIME),
        "observed_time": times(observed).cast(TIME),
        "trace_id": hex_texts(records.field("trace_id")),
        "span_id": hex_texts(records.field("span_id")),
        "severity_number": records.field("severity_number"),
        "severity_text": records.field("severity_text"),
        "body": pc.if_else(is_json, json_text, pc.fill_null(text, _NOTHING)),
        "body_is_json": pc.if_else(is_empty, pa.scalar(None, pa.bool_()), is_json),
        "event_name": records.field("event_name"),
        "attributes": attribute_texts(records.field("attributes")),
        "flags": records.field("flags"),
        "dropped_attributes_count": records.field("dropped_attributes_count"),
    }
    return finished(LOG_SCHEMA, columns, groups, received_unix_nano)


def _events(lists: Column) -> Column:
    events = lists.flatten()
    columns = {
        "time": times(events.field("time_unix_nano")).cast(TIME),
        "name": events.field("name"),
        "attributes": attribute_texts(events.field("attributes")),
        "dropped_attributes_count": events.field("dropped_attributes_count"),
    }
    return relisted(lists, pa.StructArray.from_arrays(list(columns.values()), list(columns)))


def _links(lists: Column) -> Column:
    links = lists.flatten()
    columns = {
        "trace_id": hex_texts(links.field("trace_id")),
        "span_id": hex_texts(links.field("span_id")),
        "attributes": attribute_texts(links.field("attributes")),
        "trace_state": links.field("trace_state"),
        "flags": links.field("flags"),
        "dropped_attributes_count": links.field("dropped_attributes_count"),
    }
    return relisted(lists, pa.StructArray.from_arrays(list(columns.values()), list(columns)))
