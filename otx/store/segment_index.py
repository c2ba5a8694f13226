"""Which stretches of a segment may hold a trace, or an attribute with a value.

A segment is divided into at most 60 blocks of equally many rows. As its rows stand in the order of
time, a block is a stretch of time, and whoever knows the blocks asks for those times: a Parquet
reader skips the rest by its statistics. Two files beside a segment (`otx.store.index_file`) know
which blocks may hold

    <segment>.by-trace   a trace, by the first 64 bits of its id, or by the second half where the
                         first is 0: tracers of 64 bits fill their ids up that way
    <segment>.by-pair    an attribute with a value, of a record or its resource, by 32 bits of
                         their hash (`otx.store.index_entries`)

They are made of the rows when a segment is written, or of its file where one is missing. They are
an aid and no part of the store: a segment without them is read whole. They say where something may
be, so that two values of one hash cost time and no answer.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from otx.otlp.column_groups import Table
from otx.otlp.json_columns import Column, number_texts
from otx.store.durable import Step, no_step, sync_directory, sync_file
from otx.store.index_entries import (
    KEY_WIDTHS,
    IndexKind,
    Texts,
    TooManyEntries,
    entries_of,
    is_quick,
    pair_key,
)
from otx.store.index_file import IndexDamaged, IndexFile, encode_index
from otx.store.manifest import Segment
from otx.store.row_tables import ROW_TABLES, RowKind

INDEX_KINDS: tuple[IndexKind, ...] = ("traces", "pairs")
INDEXED_KINDS: tuple[RowKind, ...] = ("spans", "logs")
"""Tables that are searched by trace and by attribute."""

MAX_BLOCKS = 60
MIN_INDEXED_ROWS = 16 * 1024
"""Smaller segments are read whole in a few milliseconds, and will be merged."""
_ENDINGS: Mapping[IndexKind, str] = {"traces": "by-trace", "pairs": "by-pair"}
_NO_TEXT = pa.scalar("", pa.string())
_REMEMBERED_PAIRS = 256
"""A search looks again at each of its steps, and the forms of a number take 0.2 ms."""

Warn: TypeAlias = Callable[[str], None]
"""Is told of what readers can do without, and do."""


def no_warning(text: str) -> None:
    """A `Warn` that says nothing."""


def index_path(directory: Path, segment: str, kind: IndexKind) -> Path:
    """Where an index of a segment lies, if there is one."""
    return directory / f"{segment}.{_ENDINGS[kind]}"


def index_names(segment: str) -> set[str]:
    """The names of all files that may lie beside a segment."""
    return {f"{segment}.{ending}" for ending in _ENDINGS.values()}


def index_bytes(directory: Path, segment: str) -> int:
    """How much room the indexes of a segment take."""
    size = 0
    for name in index_names(segment):
        with suppress(FileNotFoundError):
            size += (directory / name).stat().st_size
    return size


def is_worth_indexing(segment: Segment) -> bool:
    """Whether reading a segment whole takes long enough to be spared."""
    return segment.kind in INDEXED_KINDS and segment.rows >= MIN_INDEXED_ROWS


def has_indexes(directory: Path, segment: Segment) -> bool:
    """Whether a segment has all indexes that it can have."""
    return all(index_path(directory, segment.name, kind).exists() for kind in INDEX_KINDS)


@lru_cache(_REMEMBERED_PAIRS)
def pair_keys(name: str, value: str) -> Sequence[int] | None:
    """The keys that an attribute with a value may have; None where the index cannot tell.

    Args:
        name: The attribute's key.
        value: Its value, as `json_extract_string` of DuckDB gives it.
    """
    if name.endswith(",") or value.endswith(",") or value[:1] in ("{", "["):
        return None
    try:
        key, text = orjson.dumps(name)[1:], orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # bytes of a command line that are no UTF-8
        return None
    return tuple(pair_key(key + b":" + form.encode()) for form in {text, *_unquoted(value)})


def _unquoted(value: str) -> set[str]:
    """How a value that is no text may be written in JSON."""
    if value in ("true", "false"):
        return {value}
    try:
        return {value, *number_texts(float(value))}
    except ValueError:
        return set()


def trace_keys(prefix: str) -> tuple[int, int]:
    """The lowest and the highest key of trace ids that begin with some hex digits."""
    if not prefix[:16].strip("0"):
        if len(prefix) < 32:
            return 0, (1 << 64) - 1
        prefix = prefix[16:]
    lowest, highest = (int(prefix[:16].ljust(16, digit), 16) for digit in "0f")
    return lowest, highest


def write_indexes(
    directory: Path, segment: Segment, step: Step = no_step, warn: Warn = no_warning
) -> None:
    """Write what a segment lacks of its indexes, of its file.

    Args:
        directory: Where segments lie.
        segment: Which one.
        step: Called before every step that changes the disk.
        warn: Told of each index that cannot be made.

    Raises:
        OSError: The disk failed or is full, or the file cannot be read.
    """
    for kind in INDEX_KINDS:
        if not index_path(directory, segment.name, kind).exists():
            rows = _read(directory / segment.name, _columns(kind, segment))
            _write_index(directory, segment, kind, rows, step, warn)


def index_rows(
    directory: Path, segment: Segment, rows: Table, step: Step = no_step, warn: Warn = no_warning
) -> None:
    """Write the indexes of a segment that no manifest names yet, if it is worth them.

    Where that is not quick they are left for when nothing waits (`otx.store.upkeep.index_one`).
    Those of an attempt before that went wrong under its name are not left behind.

    Args:
        directory: Where segments lie.
        segment: Which one.
        rows: What it holds, in its order.
        step: Called before every step that changes the disk.
        warn: Told of each index that cannot be made.

    Raises:
        OSError: The disk failed or is full.
    """
    is_worth_it = is_quick() and is_worth_indexing(segment)
    for kind in INDEX_KINDS:
        if is_worth_it:
            _write_index(directory, segment, kind, rows, step, warn)
        else:
            index_path(directory, segment.name, kind).unlink(missing_ok=True)


def open_index(directory: Path, segment: str, kind: IndexKind) -> IndexFile | None:
    """An index of a segment; None where there is none, or where it could not be made.

    Raises:
        IndexDamaged: It is not as it was written.
        OSError: It cannot be read.
    """
    path = index_path(directory, segment, kind)
    try:
        return IndexFile(path) if path.stat().st_size else None
    except FileNotFoundError:
        return None


def remove_damaged(directory: Path, segment: Segment) -> int:
    """Remove the damaged indexes of a segment, and the empty ones; how many were damaged."""
    removed = 0
    for kind in INDEX_KINDS:
        path = index_path(directory, segment.name, kind)
        try:
            index = open_index(directory, segment.name, kind)
            if index is not None:
                index.check()
            elif path.exists():
                path.unlink()
        except (IndexDamaged, OSError):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def block_spans(
    blocks: int, starts: Sequence[int], end_unix_nano: int
) -> Iterable[tuple[int, int]]:
    """The stretches of time, both ends included, of some blocks; those side by side are one.

    Args:
        blocks: A bit for each block that is wanted.
        starts: When each begins, in order.
        end_unix_nano: When the last one ends.
    """
    # A block may end with the very moment at which the next one begins.
    ends = [*starts[1:], end_unix_nano]
    begin: int | None = None
    for number, start in enumerate(starts):
        if blocks >> number & 1:
            begin = start if begin is None else begin
        elif begin is not None:
            yield begin, ends[number - 1]
            begin = None
    if begin is not None:
        yield begin, end_unix_nano


def _write_index(
    directory: Path, segment: Segment, kind: IndexKind, rows: Table, step: Step, warn: Warn
) -> None:
    """Write an index durably.

    Where it cannot be made, because it takes too much memory, an empty file stands for it, so that
    only `remove_damaged` lets it be tried again.
    """
    final = index_path(directory, segment.name, kind)
    beside = final.with_name(f"{final.name}.new")
    step(f"write index of {kind}")
    try:
        data = _encoded(segment, kind, rows)
    except (TooManyEntries, MemoryError) as error:
        data = b""
        warn(f"the index {final.name} cannot be made ({error}): its segment is read whole")
    beside.write_bytes(data)
    sync_file(beside)
    step(f"rename index of {kind}")
    beside.rename(final)
    sync_directory(directory)


def _columns(kind: IndexKind, segment: Segment) -> list[str]:
    """What of a table an index is made of."""
    own = ["trace_id"] if kind == "traces" else ["attributes", "resource"]
    return [ROW_TABLES[_row_kind(segment)].time, *own]


def _read(path: Path, columns: list[str]) -> Table:
    try:
        with pq.ParquetFile(path, pre_buffer=False, read_dictionary=["resource"]) as file:
            return file.read(columns, use_threads=False)
    except (pa.ArrowException, ValueError) as error:
        raise OSError(f"cannot read {path.name}: {error}") from None


def _encoded(segment: Segment, kind: IndexKind, rows: Table) -> bytes:
    block_rows = -(-len(rows) // MAX_BLOCKS)
    times = rows[ROW_TABLES[_row_kind(segment)].time].cast(pa.int64())
    firsts = range(0, len(rows), block_rows)
    starts = [pc.min(times.slice(first, block_rows)).as_py() for first in firsts]
    bits = b"".join(struct.pack("<Q", 1 << block) * block_rows for block in range(len(firsts)))
    blocks = pa.Array.from_buffers(pa.uint64(), len(rows), [None, pa.py_buffer(bits)])
    return encode_index(KEY_WIDTHS[kind], starts, *entries_of(kind, _texts(kind, rows, blocks)))


def _texts(kind: IndexKind, rows: Table, blocks: Column) -> Iterator[Texts]:
    name = "trace_id" if kind == "traces" else "attributes"
    for chunk, of_chunk in _chunks(rows[name], blocks):
        yield Texts(pc.fill_null(chunk, _NO_TEXT), of_chunk)
    if kind == "pairs":
        for chunk, of_chunk in _chunks(rows["resource"], blocks):
            yield _distinct(chunk, of_chunk)


def _chunks(column: Column, blocks: Column) -> Iterator[tuple[Column, Column]]:
    begin = 0
    for chunk in column.chunks:
        yield chunk, blocks.slice(begin, len(chunk))
        begin += len(chunk)


def _distinct(texts: Column, blocks: Column) -> Texts:
    """Texts that rows share, each once a block."""
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    table = pa.table({"index": encoded.indices, "blocks": blocks})
    distinct = table.group_by(["index", "blocks"], use_threads=False).aggregate([])
    own = encoded.dictionary.take(distinct["index"].combine_chunks())
    return Texts(pc.fill_null(own, _NO_TEXT), distinct["blocks"].combine_chunks())


def _row_kind(segment: Segment) -> RowKind:
    (kind,) = (kind for kind in INDEXED_KINDS if kind == segment.kind)
    return kind
