"""Segments: Parquet files of rows, and requests that stay beside their rows.

A segment is written beside, synced and renamed, and becomes real only when a manifest names it.
Rows are sorted by time, so that a time range touches few row groups; a Bloom filter of trace ids
lets a search for one trace skip files without reading them.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from otx.otlp.column_groups import Table
from otx.otlp.shared_columns import (
    SHARED_TEXT,
    is_shared,
    item_ends,
    kept_rows,
    kept_schema,
)
from otx.store.durable import Step, no_step, sync_directory, sync_file
from otx.store.log_format import (
    FILE_HEADER_BYTES,
    FileHeader,
    LoggedRequest,
    decode_file_header,
    decode_records,
    encode_file_header,
    encode_record_header,
)
from otx.store.manifest import Segment
from otx.store.older_rows import completed
from otx.store.row_tables import ROW_TABLES, RowKind
from otx.store.segment_index import Warn, index_rows, no_warning

_REPLACES = b"otx.replaces"
"""Where a Parquet file's metadata says what it was merged from, for a manifest made anew."""
ROW_GROUP_ROWS = 64 * 1024
_ROW_GROUP_ITEMS = 4 * 1024 * 1024
"""How many items of shared lists are written out at a time."""
_ZSTD_LEVEL = 1
_PLAIN_COLUMNS = frozenset({"trace_id", "span_id", "parent_span_id", "attributes", "body"})
"""Columns whose values hardly repeat: a dictionary of them would only cost time."""
_DELTA_COLUMNS = frozenset({"start_time", "end_time", "duration_ns", "time", "observed_time"})
"""Numbers that hardly repeat and are near their neighbours': differences take a third as much."""
_UNBOUNDED_COLUMNS = _PLAIN_COLUMNS | {"resource", "scope_attributes", "status_message"}
"""Columns of which the smallest and the largest value skip nothing: ids and texts of all kinds."""

_SHARED_COLUMNS = {
    kind: [one.name for one in table.schema if one.type == SHARED_TEXT]
    for kind, table in ROW_TABLES.items()
}


def write_rows(
    directory: Path,
    name: str,
    kind: RowKind,
    rows: Table,
    step: Step = no_step,
    replaces: Sequence[str] = (),
    warn: Warn = no_warning,
) -> Segment:
    """Write one table's rows as a finished segment, indexes included; it is in no manifest yet.

    Args:
        directory: Where segments lie.
        name: Its name, without an ending.
        kind: The table.
        rows: Its rows, in any order.
        step: Called before every step that changes the disk.
        replaces: The segments that it was merged from, which it remembers (`replaced_by`).
        warn: Told of what readers will have to do without.

    Raises:
        OSError: The disk failed or is full.
    """
    time = ROW_TABLES[kind].time
    in_order = rows.sort_by(time)
    final = directory / f"{name}.parquet"
    beside = directory / f"{name}.parquet.new"
    names = rows.schema.names
    step(f"write {kind} segment")
    with pq.ParquetWriter(
        beside,
        kept_schema(rows.schema),
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        use_dictionary=[one.name for one in rows.schema if _repeats(one)],
        column_encoding=dict.fromkeys(_DELTA_COLUMNS.intersection(names), "DELTA_BINARY_PACKED"),
        bloom_filter_options=_bloom_filter(rows),
        write_statistics=[name for name in names if name not in _UNBOUNDED_COLUMNS],
        write_page_checksum=True,
        store_schema=False,  # it would make other readers see how rows are held here
    ) as writer:
        for group in _row_groups(in_order):
            writer.write_table(kept_rows(group))
        if replaces:
            writer.add_key_value_metadata({_REPLACES: json.dumps(list(replaces))})
    _publish(beside, final, step)
    edges = pc.min_max(in_order[time])
    segment = Segment(
        name=final.name,
        kind=kind,
        rows=len(rows),
        bytes=final.stat().st_size,
        min_unix_nano=edges["min"].value,
        max_unix_nano=edges["max"].value,
        received_unix_nano=pc.max(in_order["received_time"]).value,
    )
    index_rows(directory, segment, in_order, step, warn)
    return segment


def write_requests(
    directory: Path, name: str, requests: Sequence[LoggedRequest], step: Step = no_step
) -> Segment:
    """Keep requests of profiles as they came, in the log's own format."""
    final = directory / f"{name}.otxlog"
    beside = directory / f"{name}.otxlog.new"
    step("write profiles segment")
    with beside.open("wb") as file:
        file.write(encode_file_header(FileHeader(1, 0)))
        for one in requests:
            file.write(encode_record_header(one.signal, one.body, one.received_unix_nano))
            file.write(one.body)
    _publish(beside, final, step)
    times = [request.received_unix_nano for request in requests]
    size = final.stat().st_size
    return Segment(final.name, "profiles", len(times), size, min(times), max(times), max(times))


def read_requests(path: Path) -> list[LoggedRequest]:
    """The requests of a segment of requests.

    Raises:
        ValueError: The file is no such segment, or damaged.
    """
    data = path.read_bytes()
    if decode_file_header(data[:FILE_HEADER_BYTES]) is None:
        raise ValueError(f"{path} is no segment of requests")
    requests = list(decode_records(data[FILE_HEADER_BYTES:], FILE_HEADER_BYTES))
    if (requests[-1].end if requests else FILE_HEADER_BYTES) != len(data):
        raise ValueError(f"{path} is damaged")
    return requests


def replaced_by(path: Path) -> list[str]:
    """The segments that a segment of rows was merged from; none where it does not say.

    Raises:
        OSError: The file cannot be read.
    """
    if path.suffix != ".parquet":
        return []
    metadata = pq.read_metadata(path).metadata or {}
    return [str(name) for name in json.loads(metadata.get(_REPLACES, b"[]"))]


def open_rows(path: Path, kind: RowKind, *, is_checked: bool = False) -> Any:
    """The `ParquetFile` of a segment; texts that rows share are read as such.

    Args:
        path: The file.
        kind: Its table.
        is_checked: Whether the checksums of its pages are compared.
    """
    metadata = pq.read_metadata(path)
    there = {metadata.schema.column(index).path for index in range(metadata.num_columns)}
    return pq.ParquetFile(
        path,
        metadata=metadata,
        pre_buffer=False,
        # Those that an earlier otx did not write would be an error.
        read_dictionary=[name for name in _SHARED_COLUMNS[kind] if name in there],
        page_checksum_verification=is_checked,
    )


def read_rows(path: Path, kind: RowKind) -> Table:
    """All rows of a segment, with the columns that came after it was written."""
    with open_rows(path, kind) as file:
        return completed(file.read(), kind)


@lru_cache(maxsize=4096)
def list_items(path: Path) -> int:
    """How many texts the lists of a segment of rows have, by its footer: those of all rows."""
    with pq.ParquetFile(path) as file:
        footer = file.metadata
        columns = [
            footer.row_group(group).column(index)
            for group in range(footer.num_row_groups)
            for index in range(footer.num_columns)
            if footer.schema.column(index).path.startswith("stack.")
        ]
        return sum(column.num_values for column in columns)


def merge_rows(tables: Sequence[Table]) -> Table:
    """Rows of several segments as one table; columns that one of them lacks are null there."""
    return pa.concat_tables(tables, promote_options="default")


def _repeats(field: Any) -> bool:
    return is_shared(field.type) or field.name not in _PLAIN_COLUMNS | _DELTA_COLUMNS


def _row_groups(rows: Table) -> Iterator[Table]:
    """Rows as they are written together: so many, but fewer where their lists are long."""
    item_ends_of = item_ends(rows)
    start = before = 0
    while start < len(rows):
        end = min(start + ROW_GROUP_ROWS, len(rows))
        if item_ends_of:
            fitting = bisect_right(item_ends_of, before + _ROW_GROUP_ITEMS, start + 1, end)
            end, before = fitting, item_ends_of[fitting - 1]
        yield rows.slice(start, end - start)
        start = end


def _bloom_filter(rows: Table) -> dict[str, dict[str, int]] | None:
    if "trace_id" not in rows.schema.names:
        return None
    return {"trace_id": {"ndv": min(len(rows), ROW_GROUP_ROWS)}}


def _publish(beside: Path, final: Path, step: Step) -> None:
    step(f"sync {final.suffix} segment")
    sync_file(beside)
    step(f"rename {final.suffix} segment")
    beside.rename(final)
    step(f"sync {final.suffix} directory")
    sync_directory(final.parent)
