"""Which stretches of a segment may hold a trace, or an attribute with a value.

A segment is divided into at most 60 blocks of equally many rows. As its rows stand in the order of
time, a block is a stretch of time, and whoever knows the blocks asks for those times: a Parquet
reader skips the rest by its statistics. Two files beside a segment (`otx.store.index_file`) know
which blocks may hold

    <segment>.by-trace       a trace, by the first 64 bits of its id, or by the second half where
                             the first is 0: tracers of 64 bits fill their ids up that way
    <segment>.by-pair-<v>    an attribute with a value, of a record or its resource, by 32 bits of
                             their hash; DuckDB hashes, and `v` is its version, as another one may
                             hash otherwise

The files are an aid and no part of the store: a segment without them is read whole. They say where
something may be, so that two values of one hash cost time and no answer.

A JSON object of attributes is no more than cut at each `,"`, which is quick: where members meet
there is one, so that each member is a piece, unless there is one in it as well. That is so with
maps and arrays, and with a key or text that ends in a comma; those are searched without the index.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

import duckdb
import orjson

from otx.otlp.json_columns import number_texts
from otx.store.durable import Step, no_step, sync_directory, sync_file
from otx.store.index_file import IndexDamaged, IndexFile, KeyWidth, encode_index
from otx.store.manifest import Segment
from otx.store.row_tables import ROW_TABLES, RowKind

IndexKind: TypeAlias = Literal["traces", "pairs"]
INDEX_KINDS: tuple[IndexKind, ...] = ("traces", "pairs")
INDEXED_KINDS: tuple[RowKind, ...] = ("spans", "logs")
"""Tables that are searched by trace and by attribute."""

MAX_BLOCKS = 60
MIN_INDEXED_ROWS = 16 * 1024
"""Smaller segments are read whole in a few milliseconds, and will be merged."""
_ENDINGS: Mapping[IndexKind, str] = {
    "traces": "by-trace",
    "pairs": f"by-pair-{duckdb.__version__}",
}
_WIDTHS: Mapping[IndexKind, KeyWidth] = {"traces": "Q", "pairs": "I"}
_ZEROS = "0" * 16
_MEMORY_LIMIT = "512MiB"

_ENTRIES = """
    SELECT key, bit_or((1::BIGINT << block)::UBIGINT) AS blocks
    FROM ({keys}) GROUP BY key ORDER BY key"""

_ROWS = "(SELECT *, file_row_number // {block_rows} AS block FROM {file})"

_TRACE_KEYS = """
    SELECT DISTINCT ('0x' || half)::UBIGINT AS key, block
    FROM (SELECT block, if(trace_id[:16] = '{zeros}', trace_id[17:], trace_id[:16]) AS half
          FROM {rows} WHERE length(trace_id) = 32)"""

_PAIR_KEYS = """
    SELECT {hashed} AS key, block
    FROM (SELECT unnest(string_split(attributes[3:-2], ',"')) AS piece, block FROM {rows}
          UNION ALL
          SELECT unnest(string_split(resource[3:-2], ',"')), block
          FROM (SELECT DISTINCT resource, block FROM {rows}))"""
"""Of `{"a":1,"b":"c"}` the pieces are `a":1` and `b":"c"`."""

Warn: TypeAlias = Callable[[str], None]
"""Is told of what readers can do without, and do."""

_HASHED = "(hash(piece) & 4294967295)::UINTEGER"


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


def pair_keys(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> Sequence[int] | None:
    """The keys that an attribute with a value may have; None where the index cannot tell.

    Args:
        connection: Hashes.
        name: The attribute's key.
        value: Its value, as `json_extract_string` of DuckDB gives it.
    """
    if name.endswith(",") or value.endswith(",") or value[:1] in ("{", "["):
        return None
    try:
        key, text = orjson.dumps(name)[1:].decode(), orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # bytes of a command line that are no UTF-8
        return None
    pieces = [f"{key}:{form}" for form in {text, *_unquoted(value)}]
    rows = connection.execute(
        f"SELECT {_HASHED} FROM (SELECT unnest(?::VARCHAR[]) AS piece)",  # noqa: S608
        [pieces],
    ).fetchall()
    return [hashed for (hashed,) in rows]


def _unquoted(value: str) -> set[str]:
    """How a value that is no text may be written in JSON."""
    if value in ("true", "false"):
        return {value}
    try:
        return {value, *number_texts(float(value))}
    except ValueError:
        return set()


def pair_keys_sql(rows: str) -> str:
    """The query of `key` and `block` of all attributes of rows with `attributes` and `resource`."""
    return _PAIR_KEYS.format(rows=rows, hashed=_HASHED)


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
    """Write what a segment lacks of its indexes.

    Where one cannot be made, because it takes too much memory, an empty file stands for it, so that
    only `remove_damaged` lets it be tried again.

    Args:
        directory: Where segments lie.
        segment: Which one.
        step: Called before every step that changes the disk.
        warn: Told of each index that cannot be made.

    Raises:
        OSError: The disk failed or is full.
    """
    with _database(_MEMORY_LIMIT).cursor() as connection:
        for kind in INDEX_KINDS:
            final = index_path(directory, segment.name, kind)
            if final.exists():
                continue
            beside = final.with_name(f"{final.name}.new")
            step(f"write index of {kind}")
            try:
                data = _encoded(connection, directory / segment.name, segment, kind)
            except duckdb.IOException as error:
                raise OSError(f"cannot read {segment.name}: {error}") from None
            except duckdb.Error as error:
                data = b""
                what = str(error).partition("\n")[0]
                warn(f"the index {final.name} cannot be made ({what}): its segment is read whole")
            beside.write_bytes(data)
            sync_file(beside)
            step(f"rename index of {kind}")
            beside.rename(final)
            sync_directory(directory)


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


@cache
def _database(memory_limit: str) -> duckdb.DuckDBPyConnection:
    """What reads and hashes for indexes; to open one takes 18 ms, a fifth of an index's cost."""
    database = duckdb.connect(":memory:")
    # One thread: this is done beside writers and readers that want the processors.
    database.execute(f"SET memory_limit = '{memory_limit}'; SET threads = 1")
    database.execute("SET temp_directory = ''; SET enable_progress_bar = false")
    return database


def _encoded(
    connection: duckdb.DuckDBPyConnection, path: Path, segment: Segment, kind: IndexKind
) -> bytes:
    block_rows = -(-segment.rows // MAX_BLOCKS)
    time = ROW_TABLES[_row_kind(segment)].time
    file = f"read_parquet({_quoted(str(path))}, file_row_number = true)"
    rows = _ROWS.format(block_rows=block_rows, file=file)
    starts = connection.execute(
        f"SELECT epoch_ns(min({time})) FROM {rows} GROUP BY block ORDER BY block"  # noqa: S608
    ).fetchall()
    keys = pair_keys_sql(rows) if kind == "pairs" else _TRACE_KEYS.format(rows=rows, zeros=_ZEROS)
    entries = connection.sql(_ENTRIES.format(keys=keys)).to_arrow_table()
    columns = (entries[name].combine_chunks() for name in ("key", "blocks"))
    return encode_index(_WIDTHS[kind], [start for (start,) in starts], *columns)


def _row_kind(segment: Segment) -> RowKind:
    (kind,) = (kind for kind in INDEXED_KINDS if kind == segment.kind)
    return kind


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
