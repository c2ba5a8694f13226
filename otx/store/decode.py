"""Logged requests to rows, whatever the bytes: one bad request costs itself and no other.

Requests are decoded together, which is where the speed comes from. Where that fails, they are
halved until the bad ones are alone; those get a second chance as protobuf itself rewrites them
(a sender may legally set a field twice), and are otherwise handed back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from otx.otlp.column_groups import Table, normalised
from otx.store.log_format import LoggedRequest
from otx.store.row_tables import ROW_TABLES, RowKind, Schema

OFFSET_COLUMN = "log_offset"
"""Where in its log file the request of a row ends; only in tables made here."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What some requests of one log file became.

    Attributes:
        rows: For each table, its rows in the order of the log, with `OFFSET_COLUMN`.
        kept: Requests that stay beside their rows.
        bad: Requests that are none.
    """

    rows: dict[RowKind, Table]
    kept: Sequence[LoggedRequest]
    bad: Sequence[LoggedRequest]


def decode_requests(requests: Sequence[LoggedRequest]) -> Decoded:
    """Rows of all requests that can be decoded."""
    rows: dict[RowKind, Table] = {}
    kept: list[LoggedRequest] = []
    bad: list[LoggedRequest] = []
    for kind, table in ROW_TABLES.items():
        own = [request for request in requests if request.signal is table.signal]
        tables = _decode(own, kind, bad)
        rows[kind] = pa.concat_tables([_no_rows(kind), *tables])
        if table.keeps_requests:
            kept += [request for request in own if request not in bad]
    return Decoded(rows, kept, sorted(bad, key=lambda request: request.start))


@cache
def _no_rows(kind: RowKind) -> Table:
    """No rows, with the columns that they would have; to make it takes longer than a request."""
    schema: Schema = ROW_TABLES[kind].schema
    return schema.append(pa.field(OFFSET_COLUMN, pa.int64())).empty_table()


def _decode(
    requests: Sequence[LoggedRequest], kind: RowKind, bad: list[LoggedRequest]
) -> list[Table]:
    """Decode together, or in halves where that fails."""
    if not requests:
        return []
    try:
        return [_table([request.body for request in requests], requests, kind)]
    except Exception:
        # Whatever it is: the requests are acknowledged, and those behind them must not wait.
        if len(requests) > 1:
            middle = len(requests) // 2
            left = _decode(requests[:middle], kind, bad)
            return left + _decode(requests[middle:], kind, bad)
    try:
        return [_table([normalised(requests[0].signal, requests[0].body)], requests, kind)]
    except Exception:
        bad.append(requests[0])
        return []


def _table(bodies: Sequence[bytes], requests: Sequence[LoggedRequest], kind: RowKind) -> Table:
    received = [request.received_unix_nano for request in requests]
    batch = ROW_TABLES[kind].columns(bodies, received)
    ends = pa.array([request.end for request in requests], pa.int64())
    return batch.rows.append_column(OFFSET_COLUMN, ends.take(batch.request_of_row))
