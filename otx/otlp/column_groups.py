"""What the columns of every signal are made with: parsed, flattened, spread and joined again.

A request is resources of scopes of records. Records are flattened natively; what resources and
scopes say is read once for each distinct one (remembered, at most `_REMEMBERED`) and referred to
by their records (`otx.otlp.shared_columns`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otx.model.signal import Signal
from otx.otlp.column_view import Handler
from otx.otlp.json_columns import Column, attributes_text, bounds_of, has_doubled_values, merged
from otx.otlp.oddity import MAX_UNIX_NANO
from otx.otlp.remembering import remembering
from otx.otlp.shared_columns import SHARED_TEXT, shared_texts
from otx.otlp.wire import WIRE

Table: TypeAlias = Any
"""A pyarrow Table; pyarrow carries no types."""

TIME = pa.timestamp("ns")
SCHEMA_URLS = [("resource_schema_url", SHARED_TEXT), ("scope_schema_url", SHARED_TEXT)]
"""Of every signal, which schema the attributes of its resource and its scope follow."""
DROPPED_COUNTS = [
    ("resource_dropped_attributes_count", pa.uint32()),
    ("scope_dropped_attributes_count", pa.uint32()),
]
"""Of spans, log records and data points, how many attributes their sender left out."""

_REMEMBERED = 4096
_RESOURCE_FACTS = (pa.string(), pa.string(), pa.uint32())
_SCOPE_FACTS = (pa.string(), pa.string(), pa.string(), pa.uint32())
_EMPTY = pa.scalar(b"", pa.binary())


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


@dataclass(frozen=True, slots=True)
class Groups:
    """Records flattened out of their nesting, with what each belongs to.

    Attributes:
        records: The records of all requests, in their order.
        request_of_row: For each record, the index of its request.
        scope_of_row: For each record, the index of its scope in `scopes`.
        resource_of_row: For each record, the index of its resource in `resources`.
        scopes: Serialised `InstrumentationScope` messages.
        resources: Serialised `Resource` messages.
        scope_schema_urls: The schema URL of each scope.
        resource_schema_urls: The schema URL of each resource.
    """

    records: Column
    request_of_row: Column
    scope_of_row: Column
    resource_of_row: Column
    scopes: Column
    resources: Column
    scope_schema_urls: Column
    resource_schema_urls: Column

    def spread_over(self, record_of_row: Column) -> "Groups":
        """What rows belong to of which a record has several or none; `records` stay as they are."""
        return replace(
            self,
            request_of_row=self.request_of_row.take(record_of_row),
            scope_of_row=self.scope_of_row.take(record_of_row),
            resource_of_row=self.resource_of_row.take(record_of_row),
        )


@contextmanager
def refusing() -> Iterator[None]:
    """Protobuf's own error within as `Undecodable`: nested messages are read when they are met."""
    try:
        yield
    except DecodeError as error:
        raise Undecodable(str(error)) from None


def parsed(handler: Handler, bodies: Sequence[bytes]) -> Any:
    """The requests as one RecordBatch, a row a request.

    Raises:
        Undecodable: One of the bodies is no such request; which one is not known.
    """
    return parsed_arrow(handler, _joined(bodies))


def _joined(bodies: Sequence[bytes]) -> Column:
    """Bodies as a column: by one copy, where Arrow's builder makes several as it grows."""
    ends = [0, *accumulate(map(len, bodies))]
    bounds, data = pa.array(ends, pa.int32()).buffers()[1], pa.py_buffer(b"".join(bodies))
    return pa.Array.from_buffers(pa.binary(), len(bodies), [None, bounds, data])


def parsed_arrow(handler: Handler, messages: Column) -> Any:
    """The same of serialised messages that are in a column.

    Raises:
        Undecodable: One of them is no such message; which one is not known.
    """
    try:
        return handler.array_to_record_batch(messages)
    except ValueError as error:
        raise Undecodable(str(error)) from None


def flattened(batch: Any, resources_name: str, scopes_name: str, records_name: str) -> Groups:
    """The records of parsed requests, by the names of the nested fields that lead to them."""
    per_resource = batch.column(resources_name)
    resources = per_resource.flatten()
    per_scope = resources.field(scopes_name)
    scopes = per_scope.flatten()
    per_record = scopes.field(records_name)
    scope_of_row = pc.list_parent_indices(per_record)
    resource_of_row = pc.list_parent_indices(per_scope).take(scope_of_row)
    return Groups(
        records=per_record.flatten(),
        request_of_row=pc.list_parent_indices(per_resource).take(resource_of_row),
        scope_of_row=scope_of_row,
        resource_of_row=resource_of_row,
        scopes=pc.fill_null(merged(scopes.field("scope")), _EMPTY),
        resources=pc.fill_null(merged(resources.field("resource")), _EMPTY),
        scope_schema_urls=scopes.field("schema_url"),
        resource_schema_urls=resources.field("schema_url"),
    )


def finished(
    schema: Any, columns: dict[str, Column], groups: Groups, received_unix_nano: Sequence[int]
) -> Batch:
    """Add what a record has from its resource, scope and request, in the schema's order."""
    resource = _spread(_resource_facts, _RESOURCE_FACTS, groups.resources, groups.resource_of_row)
    scope = _spread(_scope_facts, _SCOPE_FACTS, groups.scopes, groups.scope_of_row)
    received = times(pa.array(received_unix_nano, pa.uint64())).cast(TIME)
    columns |= {
        "service": resource[0],
        "resource": resource[1],
        "scope": scope[0],
        "scope_version": scope[1],
        "scope_attributes": scope[2],
        "received_time": received.take(groups.request_of_row),
        "resource_schema_url": shared_texts(groups.resource_schema_urls, groups.resource_of_row),
        "scope_schema_url": shared_texts(groups.scope_schema_urls, groups.scope_of_row),
        "resource_dropped_attributes_count": resource[2],
        "scope_dropped_attributes_count": scope[3],
    }
    arrays = [columns[field.name] for field in schema]
    return Batch(pa.Table.from_arrays(arrays, schema=schema), groups.request_of_row)


def _spread(read: Any, kinds: Sequence[Any], encoded: Column, of_row: Column) -> list[Column]:
    """What `read` says about each distinct message, as columns of one value a row."""
    distinct = encoded.dictionary_encode()
    with refusing():
        known = [read(data) for data in distinct.dictionary.to_pylist()]
    indices = distinct.indices.take(of_row)
    columns = ([one[i] for one in known] for i in range(len(kinds)))
    facts = [pa.array(one, kind) for one, kind in zip(columns, kinds, strict=True)]
    return [
        shared_texts(one, indices) if one.type == pa.string() else one.take(indices)
        for one in facts
    ]


@remembering(_REMEMBERED)
def _resource_facts(data: bytes) -> tuple[str, str, int]:
    """Service name, JSON and dropped attributes of a resource."""
    resource = Resource.FromString(data)
    attributes = resource.attributes
    names = (one.value.string_value for one in attributes if one.key == "service.name")
    return next(names, ""), attributes_text(attributes), resource.dropped_attributes_count


@remembering(_REMEMBERED)
def _scope_facts(data: bytes) -> tuple[str, str, str, int]:
    """Name, version, JSON and dropped attributes of a scope."""
    scope = InstrumentationScope.FromString(data)
    attributes = attributes_text(scope.attributes)
    return scope.name, scope.version, attributes, scope.dropped_attributes_count


def normalised(signal: Signal, body: bytes) -> bytes:
    """A request as protobuf itself writes it: unknown and doubled fields gone.

    Raises:
        Undecodable: The bytes are no such request for protobuf either.
    """
    with refusing():
        message = WIRE[signal].request_class.FromString(body)
    message.DiscardUnknownFields()
    return bytes(message.SerializeToString())


def relisted(lists: Column, items: Column) -> Column:
    """The lists again, around other items: as many as `lists.flatten()` has."""
    return pa.ListArray.from_arrays(bounds_of(lists), items)


def refuse_doubled(values: Column) -> None:
    """Leave what is legal, but means that the last value counts, to protobuf itself."""
    if has_doubled_values(values):
        raise Undecodable("an attribute has two values")


def times(unix_nano: Column) -> Column:
    """Unsigned nanoseconds as signed ones, the last moment where they do not fit."""
    limit = pa.scalar(MAX_UNIX_NANO, pa.uint64())
    return pc.min_element_wise(unix_nano, limit).cast(pa.int64())


def words_of(numbers: Column, words: Sequence[str]) -> Column:
    """The word of each number; of one out of range, the first."""
    first, end = (pa.scalar(number, numbers.type) for number in (0, len(words)))
    known = pc.and_(pc.greater_equal(numbers, first), pc.less(numbers, end))
    return pa.array(words, pa.string()).take(pc.if_else(known, numbers, first))


def hex_texts(ids: Column) -> Column:
    """Lower-case hex text: the data as hex, every offset doubled."""
    _, offsets, data = ids.buffers()
    if data is None or len(ids) == 0:
        return pa.array([""] * len(ids), pa.string())
    plain = pa.Array.from_buffers(pa.int32(), len(ids) + 1, [None, offsets], offset=ids.offset)
    first, last = plain[0], plain[len(ids)]
    text = data.slice(first.as_py(), last.as_py() - first.as_py()).to_pybytes().hex().encode()
    doubled = pc.multiply(pc.subtract(plain, first), pa.scalar(2, pa.int32()))
    return pa.StringArray.from_buffers(len(ids), doubled.buffers()[1], pa.py_buffer(text))
