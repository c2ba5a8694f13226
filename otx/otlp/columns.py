"""OTLP requests to Arrow columns, without one Python object per span or log record.

The column view (`otx.otlp.column_view`) parses natively into nested Arrow arrays; what is left is
to flatten them, spread what resources and scopes say over their records, and write attributes as
JSON text, all of it a column at a time. Two things are done in Python: resources and scopes, once
for each distinct one (remembered, at most `_REMEMBERED`), and array, map and bytes values.

Times beyond 2262, which a signed 64-bit count of nanoseconds cannot hold, become the last moment
it can. Ids keep whatever length they were sent with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otx.model.telemetry import SPAN_KINDS, STATUS_CODES
from otx.otlp.column_view import Handler, logs_handler, traces_handler
from otx.otlp.json_columns import (
    Column,
    attribute_texts,
    attributes_text,
    has_doubled_values,
    value_texts,
)
from otx.otlp.oddity import MAX_UNIX_NANO

Table: TypeAlias = Any
"""A pyarrow Table; pyarrow carries no types."""

_REMEMBERED = 4096

_TIME = pa.timestamp("ns")

SPAN_SCHEMA = pa.schema(
    [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("parent_span_id", pa.string()),
        ("trace_state", pa.string()),
        ("flags", pa.uint32()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("service", pa.string()),
        ("start_time", _TIME),
        ("end_time", _TIME),
        ("duration_ns", pa.int64()),
        ("status", pa.string()),
        ("status_message", pa.string()),
        ("attributes", pa.string()),
        ("resource", pa.string()),
        ("scope", pa.string()),
        ("scope_version", pa.string()),
        ("scope_attributes", pa.string()),
        (
            "events",
            pa.list_(
                pa.struct([("time", _TIME), ("name", pa.string()), ("attributes", pa.string())])
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
                    ]
                )
            ),
        ),
        ("received_time", _TIME),
    ]
)
"""Columns of spans, as they are queried and as they are kept."""

LOG_SCHEMA = pa.schema(
    [
        ("time", _TIME),
        ("observed_time", _TIME),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("severity_number", pa.int32()),
        ("severity_text", pa.string()),
        ("service", pa.string()),
        ("body", pa.string()),
        ("body_is_json", pa.bool_()),
        ("event_name", pa.string()),
        ("attributes", pa.string()),
        ("resource", pa.string()),
        ("scope", pa.string()),
        ("scope_version", pa.string()),
        ("scope_attributes", pa.string()),
        ("received_time", _TIME),
    ]
)
"""Columns of log records. `body` is text; `body_is_json` says that it was no string but a value."""


class Undecodable(ValueError):
    """Bytes that are no request of their signal."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows made of several requests.

    Attributes:
        rows: The table, in the order of the requests.
        request_of_row: For each row, the index of the request it came with.
    """

    rows: Table
    request_of_row: Column


def span_columns(bodies: Sequence[bytes], received_unix_nano: Sequence[int]) -> Batch:
    """Spans of several ExportTraceServiceRequests as rows of `SPAN_SCHEMA`.

    Raises:
        Undecodable: One of the bodies is no such request; which one is not known.
    """
    groups = _groups(_parse(traces_handler(), bodies), "resource_spans", "scope_spans", "spans")
    records = groups.records
    for key_values in (records.field("attributes"), _inner(records, "events", "attributes")):
        _refuse_doubled(key_values.flatten().field("value"))
    start, end = (_times(records.field(f"{edge}_time_unix_nano")) for edge in ("start", "end"))
    status = records.field("status")
    columns = {
        "trace_id": _hex(records.field("trace_id")),
        "span_id": _hex(records.field("span_id")),
        "parent_span_id": _hex(records.field("parent_span_id")),
        "trace_state": records.field("trace_state"),
        "flags": records.field("flags"),
        "name": records.field("name"),
        "kind": _words(records.field("kind"), SPAN_KINDS),
        "start_time": start.cast(_TIME),
        "end_time": end.cast(_TIME),
        "duration_ns": pc.subtract(end, start),
        "status": _words(pc.fill_null(status.field("code"), 0), STATUS_CODES),
        "status_message": pc.fill_null(status.field("message"), ""),
        "attributes": attribute_texts(records.field("attributes")),
        "events": _events(records.field("events")),
        "links": _links(records.field("links")),
    }
    return _finished(SPAN_SCHEMA, columns, groups, received_unix_nano)


def log_columns(bodies: Sequence[bytes], received_unix_nano: Sequence[int]) -> Batch:
    """Log records of several ExportLogsServiceRequests as rows of `LOG_SCHEMA`.

    A record without a time of its own has the time it was observed, or else received.

    Raises:
        Undecodable: One of the bodies is no such request; which one is not known.
    """
    groups = _groups(_parse(logs_handler(), bodies), "resource_logs", "scope_logs", "log_records")
    records = groups.records
    received = pa.array(received_unix_nano, pa.uint64()).take(groups.request_of_row)
    unset = pa.scalar(0, pa.uint64())
    observed = records.field("observed_time_unix_nano")
    own = records.field("time_unix_nano")
    fallback = pc.if_else(pc.equal(observed, unset), received, observed)
    body = records.field("body")
    _refuse_doubled(body)
    _refuse_doubled(records.field("attributes").flatten().field("value"))
    text = body.field("string_value")
    is_json = pc.and_(pc.is_null(text), body.is_valid())
    columns = {
        "time": _times(pc.if_else(pc.equal(own, unset), fallback, own)).cast(_TIME),
        "observed_time": _times(observed).cast(_TIME),
        "trace_id": _hex(records.field("trace_id")),
        "span_id": _hex(records.field("span_id")),
        "severity_number": records.field("severity_number"),
        "severity_text": records.field("severity_text"),
        "body": pc.if_else(is_json, value_texts(body), pc.fill_null(text, "")),
        "body_is_json": is_json,
        "event_name": records.field("event_name"),
        "attributes": attribute_texts(records.field("attributes")),
    }
    return _finished(LOG_SCHEMA, columns, groups, received_unix_nano)


def normalised(body: bytes, *, spans: bool) -> bytes:
    """A request as protobuf itself writes it: unknown and doubled fields gone.

    Raises:
        Undecodable: The bytes are no such request for protobuf either.
    """
    try:
        message = (ExportTraceServiceRequest if spans else ExportLogsServiceRequest).FromString(
            body
        )
    except DecodeError as error:
        raise Undecodable(str(error)) from None
    message.DiscardUnknownFields()
    return bytes(message.SerializeToString())


@dataclass(frozen=True, slots=True)
class _Groups:
    """Records flattened out of their nesting, with what each belongs to."""

    records: Column
    request_of_row: Column
    scope_of_row: Column
    resource_of_row: Column
    scopes: Column
    resources: Column


def _parse(handler: Handler, bodies: Sequence[bytes]) -> Any:
    try:
        return handler.array_to_record_batch(pa.array(bodies, pa.binary()))
    except ValueError as error:
        raise Undecodable(str(error)) from None


def _groups(batch: Any, resources_name: str, scopes_name: str, records_name: str) -> _Groups:
    per_resource = batch.column(resources_name)
    resources = per_resource.flatten()
    per_scope = resources.field(scopes_name)
    scopes = per_scope.flatten()
    per_record = scopes.field(records_name)
    scope_of_row = pc.list_parent_indices(per_record)
    resource_of_row = pc.list_parent_indices(per_scope).take(scope_of_row)
    return _Groups(
        records=per_record.flatten(),
        request_of_row=pc.list_parent_indices(per_resource).take(resource_of_row),
        scope_of_row=scope_of_row,
        resource_of_row=resource_of_row,
        scopes=scopes.field("scope"),
        resources=resources.field("resource"),
    )


def _finished(
    schema: Any, columns: dict[str, Column], groups: _Groups, received_unix_nano: Sequence[int]
) -> Batch:
    """Add what a record has from its resource, scope and request, in the schema's order."""
    resource = _spread(_resource, groups.resources, groups.resource_of_row)
    scope = _spread(_scope, groups.scopes, groups.scope_of_row)
    received = _times(pa.array(received_unix_nano, pa.uint64())).cast(_TIME)
    columns |= {
        "service": resource[0],
        "resource": resource[1],
        "scope": scope[0],
        "scope_version": scope[1],
        "scope_attributes": scope[2],
        "received_time": received.take(groups.request_of_row),
    }
    arrays = [columns[field.name] for field in schema]
    return Batch(pa.Table.from_arrays(arrays, schema=schema), groups.request_of_row)


def _spread(read: Any, encoded: Column, of_row: Column) -> list[Column]:
    """What `read` says about each distinct message, as columns of one value a row."""
    distinct = encoded.dictionary_encode()
    try:
        known = [read(data) for data in distinct.dictionary.to_pylist()]
    except DecodeError as error:
        raise Undecodable(str(error)) from None
    indices = distinct.indices.take(of_row)
    width = len(read(b""))
    return [pa.array([one[i] for one in known], pa.string()).take(indices) for i in range(width)]


@lru_cache(maxsize=_REMEMBERED)
def _resource(data: bytes) -> tuple[str, str]:
    """Service name and JSON of a resource."""
    attributes = Resource.FromString(data).attributes
    names = (one.value.string_value for one in attributes if one.key == "service.name")
    return next(names, ""), attributes_text(attributes)


@lru_cache(maxsize=_REMEMBERED)
def _scope(data: bytes) -> tuple[str, str, str]:
    """Name, version and JSON of a scope."""
    scope = InstrumentationScope.FromString(data)
    return scope.name, scope.version, attributes_text(scope.attributes)


def _events(lists: Column) -> Column:
    events = lists.flatten()
    fields = [
        _times(events.field("time_unix_nano")).cast(_TIME),
        events.field("name"),
        attribute_texts(events.field("attributes")),
    ]
    return _relisted(lists, pa.StructArray.from_arrays(fields, ["time", "name", "attributes"]))


def _links(lists: Column) -> Column:
    links = lists.flatten()
    fields = [
        _hex(links.field("trace_id")),
        _hex(links.field("span_id")),
        attribute_texts(links.field("attributes")),
    ]
    names = ["trace_id", "span_id", "attributes"]
    return _relisted(lists, pa.StructArray.from_arrays(fields, names))


def _relisted(lists: Column, items: Column) -> Column:
    offsets = lists.offsets
    return pa.ListArray.from_arrays(pc.subtract(offsets, offsets[0]), items)


def _inner(records: Column, name: str, field: str) -> Column:
    return records.field(name).flatten().field(field)


def _refuse_doubled(values: Column) -> None:
    """Leave what is legal, but means that the last value counts, to protobuf itself."""
    if has_doubled_values(values):
        raise Undecodable("an attribute has two values")


def _times(unix_nano: Column) -> Column:
    """Unsigned nanoseconds as signed ones, the last moment where they do not fit."""
    limit = pa.scalar(MAX_UNIX_NANO, pa.uint64())
    return pc.min_element_wise(unix_nano, limit).cast(pa.int64())


def _words(numbers: Column, words: Sequence[str]) -> Column:
    """The word of each number; of one out of range, the first."""
    known = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, len(words)))
    return pa.array(words, pa.string()).take(pc.if_else(known, numbers, 0))


def _hex(ids: Column) -> Column:
    """Lower-case hex text: the data as hex, every offset doubled."""
    _, offsets, data = ids.buffers()
    if data is None or len(ids) == 0:
        return pa.array([""] * len(ids), pa.string())
    plain = pa.Array.from_buffers(pa.int32(), len(ids) + 1, [None, offsets], offset=ids.offset)
    first, last = plain[0], plain[len(ids)]
    text = data.slice(first.as_py(), last.as_py() - first.as_py()).to_pybytes().hex().encode()
    doubled = pc.multiply(pc.subtract(plain, first), pa.scalar(2, pa.int32()))
    return pa.StringArray.from_buffers(len(ids), doubled.buffers()[1], pa.py_buffer(text))
