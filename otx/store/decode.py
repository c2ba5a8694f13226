"""Logged requests to rows, whatever the bytes: one bad request costs itself and no other.

Requests are decoded together, which is where the speed comes from. Where that fails, they are
halved until the bad ones are alone; those get a second chance as protobuf itself rewrites them
(a sender may legally set a field twice), and are otherwise handed back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

from otx.model.signal import Signal
from otx.otlp.columns import (
    LOG_SCHEMA,
    SPAN_SCHEMA,
    Batch,
    Table,
    Undecodable,
    log_columns,
    normalised,
    span_columns,
)
from otx.store.log_format import LoggedRequest
from otx.store.search import RecordKind

OFFSET_COLUMN = "log_offset"
"""Where in its log file the request of a row ends; only in tables made here."""

SCHEMAS: dict[RecordKind, "pa.Schema"] = {"spans": SPAN_SCHEMA, "logs": LOG_SCHEMA}
ROW_SIGNALS: dict[Signal, RecordKind] = {Signal.TRACES: "spans", Signal.LOGS: "logs"}
"""The signals that become rows, and the table of each. The others stay requests."""

_Columns: TypeAlias = Callable[[Sequence[bytes], Sequence[int]], Batch]
_COLUMNS: dict[RecordKind, _Columns] = {"spans": span_columns, "logs": log_columns}


@dataclass(frozen=True, slots=True)
class Decoded:
    """What some requests of one log file became.

    Attributes:
        rows: For each table, its rows in the order of the log, with `OFFSET_COLUMN`.
        kept: Requests of signals that are not rows.
        bad: Requests that are none.
    """

    rows: dict[RecordKind, Table]
    kept: Sequence[LoggedRequest]
    bad: Sequence[LoggedRequest]


def decode_requests(requests: Sequence[LoggedRequest]) -> Decoded:
    """Rows of all requests that can be decoded."""
    rows: dict[RecordKind, Table] = {}
    bad: list[LoggedRequest] = []
    for signal, kind in ROW_SIGNALS.items():
        own = [request for request in requests if request.signal is signal]
        tables = _decode(own, kind, bad)
        schema = SCHEMAS[kind].append(pa.field(OFFSET_COLUMN, pa.int64()))
        rows[kind] = pa.concat_tables([schema.empty_table(), *tables])
    kept = [request for request in requests if request.signal not in ROW_SIGNALS]
    return Decoded(rows, kept, sorted(bad, key=lambda request: request.start))


def _decode(
    requests: Sequence[LoggedRequest], kind: RecordKind, bad: list[LoggedRequest]
) -> list[Table]:
    """Decode together, or in halves where that fails."""
    if not requests:
        return []
    try:
        return [_table([request.body for request in requests], requests, kind)]
    except Undecodable:
        if len(requests) > 1:
            middle = len(requests) // 2
            left = _decode(requests[:middle], kind, bad)
            return left + _decode(requests[middle:], kind, bad)
    try:
        return [_table([normalised(requests[0].body, spans=kind == "spans")], requests, kind)]
    except Undecodable:
        bad.append(requests[0])
        return []


def _table(bodies: Sequence[bytes], requests: Sequence[LoggedRequest], kind: RecordKind) -> Table:
    batch = _COLUMNS[kind](bodies, [request.received_unix_nano for request in requests])
    ends = pa.array([request.end for request in requests], pa.int64())
    return batch.rows.append_column(OFFSET_COLUMN, ends.take(batch.request_of_row))
