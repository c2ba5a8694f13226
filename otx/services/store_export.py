"""What a store holds, for files: OTLP/JSON lines that anything can read, or rows of a table.

Of all that is exported some thousand records are in memory. What a store held when the export
began is in it once, whatever writers and converters do meanwhile (`otx.store.scan`).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.column_groups import Table
from otx.otlp.files import understand
from otx.otlp.json_open import official_descriptor, write_open
from otx.otlp.open_view import open_class
from otx.otlp.pieces import Piece
from otx.otlp.shared_columns import kept_schema
from otx.services.parquet_input import ENCODERS, RECORDS_A_REQUEST
from otx.store.layout import Layout
from otx.store.row_tables import ROW_TABLES, RowKind
from otx.store.scan import Scan, open_scan
from otx.store.segment_index import Warn, no_warning

_ROWS_AT_A_TIME = 64 * 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a store is exported.

    Attributes:
        signals: Which signals.
        since_unix_nano: No record earlier than this; profiles by when they were received.
        until_unix_nano: Only earlier ones; None for all.
    """

    signals: Collection[Signal] = tuple(Signal)
    since_unix_nano: int = 0
    until_unix_nano: int | None = None


def export_lines(
    layout: Layout, choice: Choice, warn: Warn | None = None
) -> Iterator[tuple[bytes, int]]:
    """Requests as OTLP/JSON, a line each, and how many records each has; signal by signal.

    Args:
        layout: The store.
        choice: What of it.
        warn: Told of damaged segments that are left out; without it they are an error.

    Raises:
        MachineError: The store cannot be read.
    """
    with open_scan(layout, warn) as scan:
        for kind, table in ROW_TABLES.items():
            if table.signal not in choice.signals:
                continue
            if table.keeps_requests:
                yield from _lines_of_requests(scan, table.signal, choice)
                continue
            for rows in _rows(scan, kind, choice, RECORDS_A_REQUEST):
                yield _line(table.signal, ENCODERS[kind](rows)), len(rows)


def export_rows(
    layout: Layout, choice: Choice, warn: Warn | None = None
) -> tuple[Any, Iterator[Table]]:
    """The rows of one table and their pyarrow schema, in the order of time within a segment.

    Args:
        layout: The store.
        choice: What of it.
        warn: Told of damaged segments that are left out; without it they are an error.

    Raises:
        UsageError: Rows of several signals were to be exported: a Parquet file holds one table.
        MachineError: The store cannot be read.
    """
    with open_scan(layout, warn) as scan:
        kinds = [kind for kind, table in ROW_TABLES.items() if table.signal in choice.signals]
        there = [kind for kind in kinds if next(_rows(scan, kind, choice, 1), None) is not None]
    if len(there) > 1:
        raise UsageError(
            f"a Parquet file holds one table, and there are {', '.join(there)}",
            hint="--signal picks one; --format jsonl holds all of them",
        )
    kind = (there or kinds)[0]
    return kept_schema(ROW_TABLES[kind].schema), _tables(layout, kind, choice, warn)


def _tables(layout: Layout, kind: RowKind, choice: Choice, warn: Warn | None) -> Iterator[Table]:
    schema = kept_schema(ROW_TABLES[kind].schema)
    with open_scan(layout, warn and no_warning) as scan:  # it was told of already
        for rows in _rows(scan, kind, choice, _ROWS_AT_A_TIME):
            # Segments of an older otx may lack columns, those of an otx to come have more.
            whole = pa.concat_tables([schema.empty_table(), rows], promote_options="default")
            yield whole.select(schema.names).cast(schema)


def _rows(scan: Scan, kind: RowKind, choice: Choice, count: int) -> Iterator[Table]:
    until = choice.until_unix_nano
    for rows in scan.rows(kind, choice.since_unix_nano, count):
        table = rows.table
        if until is not None:
            end = pa.scalar(until, pa.timestamp("ns"))
            table = table.filter(pc.less(table[ROW_TABLES[kind].time], end))
        if len(table):
            yield table


def _lines_of_requests(scan: Scan, signal: Signal, choice: Choice) -> Iterator[tuple[bytes, int]]:
    for kept in scan.requests(signal, choice.since_unix_nano):
        request = kept.request
        if choice.until_unix_nano is None or request.received_unix_nano < choice.until_unix_nano:
            piece = Piece("protobuf", request.body, kept.place, signal)
            yield _line(signal, request.body), understand(piece, takes_any_text=True).records


def _line(signal: Signal, body: bytes) -> bytes:
    message = open_class(signal).FromString(body)
    return orjson.dumps(write_open(message, official_descriptor(signal))) + b"\n"
