"""Which files a question has to read, and which stretches of time in them.

What a store holds grows, what a question is about does not: the manifest says which segments hold
a time at all, and indexes (`otx.store.segment_index`) where a trace or an attribute may be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from otx.store.layout import Layout
from otx.store.manifest import Manifest, Segment
from otx.store.row_tables import ROW_TABLES, RowKind
from otx.store.segment_index import (
    INDEX_KINDS,
    MAX_BLOCKS,
    IndexKind,
    block_spans,
    index_path,
    pair_keys,
    trace_keys,
)
from otx.store.views import quote

_FILES_TOGETHER = 4
"""Segments whose rows are tested against one list of stretches: a row pays for each of them."""


_ALL_BLOCKS = (1 << MAX_BLOCKS) - 1
_REMEMBERED = 10_000
"""Of how many segments the reader remembers when their blocks begin."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every row that a question is about has in common.

    Attributes:
        kind: The table.
        since_unix_nano: None of them is earlier.
        pairs: Attributes and their values, of the record or its resource.
        traces: They belong to one of these traces, by the first eight or more digits of their ids;
            None where that does not matter.
    """

    kind: RowKind = "spans"
    since_unix_nano: int = 0
    pairs: Sequence[tuple[str, str]] = ()
    traces: Sequence[str] | None = None


class Sources:
    """Finds what to read. One thread at a time works with it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._starts: dict[str, list[int]] = {}

    def sql(self, connection: duckdb.DuckDBPyConnection, manifest: Manifest, wanted: Wanted) -> str:
        """A query of rows, all that are wanted among them; of the logs' tails it has every row.

        Raises:
            duckdb.IOException: A file is gone.
        """
        blocks = {
            segment: _ALL_BLOCKS
            for segment in manifest.of_kind(wanted.kind)
            if segment.max_unix_nano >= wanted.since_unix_nano
        }
        for kind, condition in _conditions(connection, wanted):
            self._narrow(connection, blocks, kind, condition)
        whole = [segment for segment, bits in blocks.items() if bits == _ALL_BLOCKS]
        queries = [_rows_sql(self._paths(whole))] if whole else []
        parts = {segment: bits for segment, bits in blocks.items() if 0 < bits < _ALL_BLOCKS}
        self._learn_starts(connection, parts)
        for some in _batched(sorted(parts, key=lambda one: one.min_unix_nano), _FILES_TOGETHER):
            within = _within(ROW_TABLES[wanted.kind].time, self._spans(some, parts))
            queries.append(f"{_rows_sql(self._paths(some))} WHERE {within}")
        return " UNION ALL BY NAME ".join([*queries, f"SELECT * FROM tail_{wanted.kind}"])  # noqa: S608

    def _narrow(
        self,
        connection: duckdb.DuckDBPyConnection,
        blocks: dict[Segment, int],
        kind: IndexKind,
        condition: str,
    ) -> None:
        """Leave of each indexed segment the blocks that an index names."""
        indexes = {
            str(index): segment
            for segment in blocks
            if _is_filled(index := index_path(self._layout.segments, segment.name, kind))
        }
        if not indexes:
            return
        rows = connection.execute(
            f"SELECT filename, bit_or(blocks) FROM {_files(indexes)} WHERE {condition} GROUP BY ALL"  # noqa: S608
        ).fetchall()
        named = dict(rows)
        for index_name, segment in indexes.items():
            blocks[segment] &= named.get(index_name, 0)

    def _spans(
        self, segments: Sequence[Segment], blocks: Mapping[Segment, int]
    ) -> list[tuple[int, int]]:
        """The stretches of time of the blocks of some segments."""
        return [
            span
            for one in segments
            for span in block_spans(blocks[one], self._starts[one.name], one.max_unix_nano)
        ]

    def _paths(self, segments: Iterable[Segment]) -> list[str]:
        return [str(self._layout.segments / segment.name) for segment in segments]

    def _learn_starts(
        self, connection: duckdb.DuckDBPyConnection, parts: Mapping[Segment, int]
    ) -> None:
        """Read when the blocks of segments begin; it is remembered, for it never changes."""
        unknown: dict[str, str] = {}
        for segment in parts:
            if segment.name in self._starts:
                continue
            indexes = (index_path(self._layout.segments, segment.name, k) for k in INDEX_KINDS)
            unknown[next(str(index) for index in indexes if _is_filled(index))] = segment.name
        if not unknown:
            return
        if len(self._starts) > _REMEMBERED:
            self._starts = {s.name: self._starts[s.name] for s in parts if s.name in self._starts}
        rows = connection.execute(
            f"SELECT filename, list(blocks ORDER BY key) FROM {_files(unknown)} "  # noqa: S608
            f"WHERE key < {MAX_BLOCKS} GROUP BY ALL"
        ).fetchall()
        self._starts |= {unknown[path]: starts for path, starts in rows}


def _conditions(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted
) -> Iterator[tuple[IndexKind, str]]:
    """What must hold of a key in an index, for each index that can tell."""
    for name, value in wanted.pairs:
        keys = pair_keys(connection, name, value)
        if keys is not None:
            yield "pairs", f"key IN ({', '.join(map(str, keys))})"
    if wanted.traces is not None:
        ranges = [trace_keys(prefix) for prefix in wanted.traces]
        exact = ", ".join(str(low) for low, high in ranges if low == high)
        tests = [f"key BETWEEN {low} AND {high}" for low, high in ranges if low != high]
        tests += [f"key IN ({exact})"] if exact else []
        yield "traces", " OR ".join(tests) or "false"


def _within(time: str, spans: Sequence[tuple[int, int]]) -> str:
    """That a time is in one of some stretches."""
    return " OR ".join(
        f"{time} BETWEEN make_timestamp_ns({begin}) AND make_timestamp_ns({end})"
        for begin, end in spans
    )


def _batched(segments: Sequence[Segment], count: int) -> Iterator[Sequence[Segment]]:
    for first in range(0, len(segments), count):
        yield segments[first : first + count]


def _rows_sql(paths: Iterable[str]) -> str:
    return f"SELECT * FROM read_parquet([{', '.join(map(quote, paths))}])"  # noqa: S608


def _files(paths: Iterable[str]) -> str:
    return f"read_parquet([{', '.join(map(quote, paths))}], filename = true)"


def _is_filled(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
