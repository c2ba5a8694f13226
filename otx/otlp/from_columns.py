"""Rows of `otx.otlp.columns` back to OTLP: what a store kept, as requests that anything can read.

Nothing that a row holds is lost: ids of any length, flags, trace state, a scope's version and
attributes, schema URLs, dropped counts, keys that occur twice. What rows do not hold cannot come
back: resources and scopes without records, references of resources to entities, fields and enum
values that this OTLP does not know, times beyond 2262; a log record that had no time has the one
that stood in for it.

Attributes are encoded by hand into the open view; texts that many rows share are read once.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, TypeAlias

import orjson
import pyarrow as pa

from otx.model.signal import Signal
from otx.model.telemetry import SPAN_KINDS, STATUS_CODES
from otx.otlp.any_value import encode_any, encode_key_value, varint
from otx.otlp.column_groups import Table
from otx.otlp.columns import LOG_SCHEMA, SPAN_SCHEMA
from otx.otlp.open_view import open_class
from otx.otlp.remembering import remembering
from otx.otlp.wire import WIRE

Row: TypeAlias = Mapping[str, Any]
Json: TypeAlias = Any

_REMEMBERED = 4096
_NO_ATTRIBUTES = "{}"
_SCOPE_FACTS = ("scope", "scope_version", "scope_dropped_attributes_count")
_KINDS = {word: number for number, word in enumerate(SPAN_KINDS)}
_STATUSES = {word: number for number, word in enumerate(STATUS_CODES)}
OF_A_RESOURCE = ("resource", "resource_schema_url", "resource_dropped_attributes_count")
"""Columns in which rows under one resource are alike."""
OF_A_SCOPE = (
    *("scope", "scope_version", "scope_attributes"),
    *("scope_schema_url", "scope_dropped_attributes_count"),
)
"""Columns in which rows under one scope of a resource are alike."""
_resource_of = itemgetter(*OF_A_RESOURCE)
_scope_of = itemgetter(*OF_A_RESOURCE, *OF_A_SCOPE)


def traces_request(rows: Table) -> bytes:
    """An `ExportTraceServiceRequest` of rows of `SPAN_SCHEMA`."""

    def add(scope: Any, row: Row) -> None:
        _fill_span(scope.spans.add(), row)

    return request_of(Signal.TRACES, plain_rows(rows, SPAN_SCHEMA), add)


def logs_request(rows: Table) -> bytes:
    """An `ExportLogsServiceRequest` of rows of `LOG_SCHEMA`."""

    def add(scope: Any, row: Row) -> None:
        _fill_log(scope.log_records.add(), row)

    return request_of(Signal.LOGS, plain_rows(rows, LOG_SCHEMA), add)


def plain_rows(rows: Table, schema: Any) -> list[dict[str, Any]]:
    """Rows as Python values, times as nanoseconds; a text that rows share is one object."""
    fields = [pa.field(one.name, _plain_type(one.type)) for one in schema]
    made = rows.select(schema.names).cast(pa.schema(fields))
    columns = [
        [value for chunk in column.chunks for value in _plain_values(chunk)]
        for column in made.columns
    ]
    return [dict(zip(schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain_values(chunk: Any) -> list[Any]:
    # Each row's own copy of a resource of a megabyte would be a gigabyte for a thousand rows.
    if not pa.types.is_dictionary(chunk.type):
        values: list[Any] = chunk.to_pylist()
        return values
    texts = chunk.dictionary.to_pylist()
    return [None if index is None else texts[index] for index in chunk.indices.to_pylist()]


def _plain_type(kind: Any) -> Any:
    """A type with whole numbers for times, which Python's own cannot hold to the nanosecond."""
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(one.name, _plain_type(one.type)) for one in kind])
    return kind


def request_of(signal: Signal, rows: Iterable[Row], add: Callable[[Any, Row], None]) -> bytes:
    """A request with rows under their resources and scopes, in their order within each.

    Args:
        signal: Whose request it is.
        rows: From `plain_rows`.
        add: Adds a row to the scope that it is given, in the open view.
    """
    wire = WIRE[signal]
    request: Any = open_class(signal)()
    resources: dict[tuple[Any, ...], Any] = {}
    scopes: dict[tuple[Any, ...], Any] = {}
    for row in rows:
        scope_key = _scope_of(row)
        if scope_key not in scopes:
            key = _resource_of(row)
            if key not in resources:
                resources[key] = getattr(request, wire.resources_field).add()
                _fill_resource(resources[key], row)
            scopes[scope_key] = getattr(resources[key], wire.scopes_field).add()
            _fill_scope(scopes[scope_key], row)
        add(scopes[scope_key], row)
    body: bytes = request.SerializeToString()
    return body


def _fill_resource(group: Any, row: Row) -> None:
    group.schema_url = row["resource_schema_url"].encode()
    if row["resource"] != _NO_ATTRIBUTES:
        group.resource.attributes.extend(_shared_attributes(row["resource"]))
    if row["resource_dropped_attributes_count"]:
        group.resource.dropped_attributes_count = row["resource_dropped_attributes_count"]


def _fill_scope(group: Any, row: Row) -> None:
    group.schema_url = row["scope_schema_url"].encode()
    if not any(row[name] for name in _SCOPE_FACTS) and row["scope_attributes"] == _NO_ATTRIBUTES:
        return
    scope = group.scope
    scope.name, scope.version = row["scope"].encode(), row["scope_version"].encode()
    scope.attributes.extend(_shared_attributes(row["scope_attributes"]))
    scope.dropped_attributes_count = row["scope_dropped_attributes_count"]


def _fill_span(span: Any, row: Row) -> None:
    span.trace_id = bytes.fromhex(row["trace_id"])
    span.span_id = bytes.fromhex(row["span_id"])
    span.parent_span_id = bytes.fromhex(row["parent_span_id"])
    span.trace_state = row["trace_state"].encode()
    span.flags = row["flags"]
    span.name = row["name"].encode()
    span.kind = _KINDS[row["kind"]]
    span.start_time_unix_nano = row["start_time"]
    span.end_time_unix_nano = row["end_time"]
    span.attributes.extend(encoded_attributes(row["attributes"]))
    span.dropped_attributes_count = row["dropped_attributes_count"]
    span.dropped_events_count = row["dropped_events_count"]
    span.dropped_links_count = row["dropped_links_count"]
    if row["status"] != "UNSET" or row["status_message"]:
        span.status.code = _STATUSES[row["status"]]
        span.status.message = row["status_message"].encode()
    for one in row["events"]:
        event = span.events.add(
            name=one["name"].encode(),
            time_unix_nano=one["time"],
            dropped_attributes_count=one["dropped_attributes_count"],
        )
        event.attributes.extend(encoded_attributes(one["attributes"]))
    for one in row["links"]:
        link = span.links.add(
            trace_id=bytes.fromhex(one["trace_id"]),
            span_id=bytes.fromhex(one["span_id"]),
            trace_state=one["trace_state"].encode(),
            flags=one["flags"],
            dropped_attributes_count=one["dropped_attributes_count"],
        )
        link.attributes.extend(encoded_attributes(one["attributes"]))


def _fill_log(record: Any, row: Row) -> None:
    record.time_unix_nano = row["time"]
    record.observed_time_unix_nano = row["observed_time"]
    record.trace_id = bytes.fromhex(row["trace_id"])
    record.span_id = bytes.fromhex(row["span_id"])
    record.severity_number = row["severity_number"]
    record.severity_text = row["severity_text"].encode()
    record.event_name = row["event_name"].encode()
    record.flags = row["flags"]
    record.dropped_attributes_count = row["dropped_attributes_count"]
    record.attributes.extend(encoded_attributes(row["attributes"]))
    if row["body_is_json"]:
        record.body = _encoded(_parsed(row["body"]))
    elif row["body"] or row["body_is_json"] is None:
        record.body = encode_any(row["body"])


@remembering(_REMEMBERED)
def _shared_attributes(text: str) -> tuple[bytes, ...]:
    """Attributes of a resource or scope, which many rows have."""
    return tuple(encoded_attributes(text))


def encoded_attributes(text: str) -> list[bytes]:
    """The serialised KeyValues of a JSON object of `otx.otlp.json_columns`."""
    document = _parsed(text)
    pairs = document.items() if isinstance(document, dict) else document
    return [_pair(key, value) for key, value in pairs]


class _Pairs(list[tuple[str, Json]]):
    """A JSON object whose keys may occur twice."""


def _parsed(text: str) -> Json:
    """What a JSON text says; objects are dicts where no key occurs twice."""
    document = orjson.loads(text)
    if orjson.dumps(document) == text.encode():
        return document
    # A key occurs twice, or a number is written otherwise: ten times as slow, and seldom.
    return json.loads(text, object_pairs_hook=_Pairs)


def _pair(key: str, value: Json) -> bytes:
    if not isinstance(value, (dict, list)):
        return encode_key_value(key, value)
    name, content = key.encode(), _encoded(value)
    return b"\x0a" + varint(len(name)) + name + b"\x12" + varint(len(content)) + content


def _encoded(value: Json) -> bytes:
    """The AnyValue that a JSON value stands for."""
    if isinstance(value, (dict, _Pairs)):
        pairs = list(value.items()) if isinstance(value, dict) else value
        return _wrapped(pairs) if len(pairs) == 1 else _map(pairs)
    if isinstance(value, list):
        items = map(_encoded, value)
        return _message(0x2A, b"".join(_message(0x0A, item) for item in items))
    return encode_any(value)


def _wrapped(pairs: list[tuple[str, Json]]) -> bytes:
    """A map of one entry, or what JSON has no words for (`otx.otlp.json_columns`)."""
    ((key, inner),) = pairs
    if key == "bytesValue" and isinstance(inner, str):
        return encode_any(b64decode(inner))
    if key == "doubleValue" and isinstance(inner, str):
        return encode_any(float(inner))
    if key == "kvlistValue" and isinstance(inner, (dict, _Pairs)):
        return _map(list(inner.items()) if isinstance(inner, dict) else inner)
    return _map(pairs)


def _map(pairs: list[tuple[str, Json]]) -> bytes:
    return _message(0x32, b"".join(_message(0x0A, _pair(key, one)) for key, one in pairs))


def _message(tag: int, content: bytes) -> bytes:
    return varint(tag) + varint(len(content)) + content
