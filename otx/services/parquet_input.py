"""Parquet files of `otx store export` as the requests that their rows were made of.

A file holds one table; which one, its columns say: all of them and no others, but for those that
an earlier otx did not write. Rows of samples hold neither mappings nor addresses nor lines, so that
no profile can be made of them.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from otx.errors import UsageError
from otx.otlp.column_groups import Table
from otx.otlp.from_columns import logs_request, traces_request
from otx.otlp.metrics_from_columns import metrics_request
from otx.otlp.pieces import Piece
from otx.otlp.shared_columns import is_shared, kept_schema
from otx.store.older_rows import completed
from otx.store.row_tables import ROW_TABLES, RowKind, Schema
from otx.store.segment import open_rows

ENCODERS: Mapping[RowKind, Callable[[Table], bytes]] = {
    "spans": traces_request,
    "logs": logs_request,
    "metrics": metrics_request,
}
"""Makes a request of rows, for each table whose rows hold all that one needs."""
RECORDS_A_REQUEST = 1000
_LOST = (
    "rows have no mappings, build ids, addresses or lines, no original payloads, "
    "and a row for each of a sample's timestamps"
)
"""What a row of samples does not say of its profile (profiles.proto)."""
_MAGIC = b"PAR1"
_OWN = "`otx store export --format parquet` writes such files"


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does; what cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def parquet_pieces(path: Path, name: str) -> Iterator[Piece]:
    """The rows of a file as requests, in their order.

    Args:
        path: The file.
        name: What to call it.

    Raises:
        UsageError: It is damaged, or holds no table of a store, or samples, or values that
            no record has.
    """
    try:
        kind = _kind_of(pq.read_schema(path), name)
        row = 1
        with open_rows(path, kind, is_checked=True) as file:
            for batch in file.iter_batches(RECORDS_A_REQUEST):
                place = f"{name}: row {row}"
                body = _encoded(kind, completed(pa.Table.from_batches([batch]), kind), place)
                yield Piece("protobuf", body, place, ROW_TABLES[kind].signal)
                row += len(batch)
    except (pa.ArrowException, OSError, ValueError) as error:  # also names that are no UTF-8
        raise UsageError(f"{name} cannot be read as Parquet: {error}", hint=_OWN) from None


def _kind_of(found: Schema, name: str) -> RowKind:
    """The table that a file holds: the one that has its columns, of their types."""
    for kind, table in ROW_TABLES.items():
        if _fields(table.schema) == _fields(completed(found.empty_table(), kind).schema):
            if kind not in ENCODERS:
                raise UsageError(
                    f"{name} holds {kind}, of which no profile can be made: {_LOST}",
                    hint="`otx store export --format jsonl` keeps profiles as they came",
                )
            return kind
    raise UsageError(f"{name} is Parquet, but no table of a store", hint=_OWN)


def _fields(schema: Schema) -> dict[str, object]:
    """The columns, by how a file has them: texts that rows share are texts there."""
    return {
        field.name: pa.string() if is_shared(field.type) else field.type
        for field in kept_schema(schema)
    }


def _encoded(kind: RowKind, rows: Table, place: str) -> bytes:
    try:
        return ENCODERS[kind](rows)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{place} and the rows behind it are not as exported: {error}") from None
