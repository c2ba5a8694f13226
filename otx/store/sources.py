"""Which files a question has to read, and which stretches of time in them.

What a store holds grows, what a question is about does not: the manifest says which segments hold
a time at all, and indexes (`otx.store.segment_index`) where a trace or an attribute may be.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from otx.store.index_entries import IndexKind
from otx.store.index_file import IndexDamaged, IndexFile
from otx.store.layout import Layout
from otx.store.manifest import Manifest, Segment
from otx.store.row_tables import ROW_TABLES, RowKind
from otx.store.segment_index import (
    INDEX_KINDS,
    MAX_BLOCKS,
    block_spans,
    index_path,
    open_index,
    pair_keys,
    trace_keys,
)
from otx.store.views import segments_sql

_FILES_TOGETHER = 4
"""Segments whose rows are tested against one list of stretches: a row pays for each of them."""

_KEPT_BYTES = 16 * 1024 * 1024
"""How much memory the keys of indexes may take: those of some eighty full segments."""
_MANY_KEYS = 16
"""Keys that are looked for together: each costs eight times as much where keys are on disk."""

_ALL_BLOCKS = (1 << MAX_BLOCKS) - 1

Keys: TypeAlias = Sequence[tuple[int, int]]
"""Ranges of keys of an index, both ends included."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every row that a question is about has in common.

    Attributes:
        kind: The table.
        since_unix_nano: None of them is earlier.
        pairs: Attributes and their values, of the record or its resource.
        traces: They belong to one of these traces, by the first eight or more digits of their ids;
            None where that does not matter.
        received_since_unix_nano: None of them was received earlier.
        until_unix_nano: All of them are earlier; None for no end.
    """

    kind: RowKind = "spans"
    since_unix_nano: int = 0
    pairs: Sequence[tuple[str, str]] = ()
    traces: Sequence[str] | None = None
    received_since_unix_nano: int = 0
    until_unix_nano: int | None = None


class Sources:
    """Finds what to read. One thread at a time works with it."""

    def __init__(self, layout: Layout, warn: Callable[[str], None] = lambda text: None) -> None:
        """Look at a store.

        Args:
            layout: Where it is.
            warn: Told once of each index that cannot be used, and what that means.
        """
        self._layout = layout
        self._warn = warn
        self._indexes: dict[str, dict[IndexKind, IndexFile]] = {}
        """Those that are open, by their segment."""
        self._damaged: set[tuple[str, IndexKind]] = set()

    def sql(self, manifest: Manifest, wanted: Wanted) -> str:
        """A query of rows, all that are wanted among them; of the logs' tails it has every row."""
        blocks = self._wanted_blocks(manifest, wanted)
        whole = [segment for segment, bits in blocks.items() if bits == _ALL_BLOCKS]
        queries = [segments_sql(self._paths(whole))] if whole else []
        parts = {segment: bits for segment, bits in blocks.items() if 0 < bits < _ALL_BLOCKS}
        for some in _batched(sorted(parts, key=lambda one: one.min_unix_nano), _FILES_TOGETHER):
            within = _within(ROW_TABLES[wanted.kind].time, self._spans(some, parts))
            queries.append(f"{segments_sql(self._paths(some))} WHERE {within}")
        return " UNION ALL BY NAME ".join([*queries, f"SELECT * FROM tail_{wanted.kind}"])  # noqa: S608

    def most_rows(self, manifest: Manifest, wanted: Wanted) -> int:
        """How many rows of segments are read for what is wanted, at most."""
        blocks = self._wanted_blocks(manifest, wanted)
        return sum(one.rows * bits.bit_count() // MAX_BLOCKS for one, bits in blocks.items())

    def newest_since(self, manifest: Manifest, kind: RowKind, count: int) -> int:
        """A time after which there are about `count` rows of segments; 0 where there are less."""
        segments = sorted(
            manifest.of_kind(kind), key=lambda segment: segment.max_unix_nano, reverse=True
        )
        begins: list[tuple[int, int]] = []
        rows = 0
        for segment in segments:
            if rows >= count and segment.max_unix_nano <= _time_of(begins, count):
                break
            starts = self._known_starts(segment) or (segment.min_unix_nano,)
            begins += [(start, segment.rows // len(starts)) for start in starts]
            begins.sort(reverse=True)
            rows += segment.rows
        return _time_of(begins, count) if rows > count else 0

    def _known_starts(self, segment: Segment) -> Sequence[int]:
        """When the blocks of a segment begin, if an index of it says so."""
        for kind in INDEX_KINDS:
            index = self._index(segment, kind)
            if index is not None:
                return index.starts
        return ()

    def _wanted_blocks(self, manifest: Manifest, wanted: Wanted) -> dict[Segment, int]:
        """The blocks of each segment that may hold what is wanted, all where no index tells."""
        self._forget(manifest)
        blocks = {
            segment: _ALL_BLOCKS
            for segment in manifest.of_kind(wanted.kind)
            if wanted.since_unix_nano <= segment.max_unix_nano
            and wanted.received_since_unix_nano <= segment.received_unix_nano
            and (wanted.until_unix_nano is None or segment.min_unix_nano < wanted.until_unix_nano)
        }
        for kind, keys in _conditions(wanted):
            for segment in blocks:
                blocks[segment] &= self._blocks(segment, kind, keys)
        return blocks

    def _blocks(self, segment: Segment, kind: IndexKind, keys: Keys) -> int:
        """The blocks of a segment that may hold one of some keys; all where no index tells."""
        index = self._index(segment, kind)
        if index is None:
            return _ALL_BLOCKS
        try:
            if len(keys) >= _MANY_KEYS:
                self._keep_keys(index)
            return index.blocks_of(keys)
        except FileNotFoundError:
            return _ALL_BLOCKS  # expired meanwhile, or its index is being made anew
        except (IndexDamaged, OSError) as error:
            self._give_up(segment, kind, error)
            return _ALL_BLOCKS

    def _keep_keys(self, index: IndexFile) -> None:
        """Have the keys of an index in memory, if there is room left for them."""
        if not index.has_keys:
            opened = (one for kinds in self._indexes.values() for one in kinds.values())
            kept = sum(one.key_bytes for one in opened if one.has_keys)
            if kept + index.key_bytes <= _KEPT_BYTES:
                index.keep_keys()

    def _index(self, segment: Segment, kind: IndexKind) -> IndexFile | None:
        """An index of a segment, if there is one; it is looked for until there is."""
        known = self._indexes.setdefault(segment.name, {})
        if kind in known or (segment.name, kind) in self._damaged:
            return known.get(kind)
        try:
            opened = open_index(self._layout.segments, segment.name, kind)
        except (IndexDamaged, OSError) as error:
            self._give_up(segment, kind, error)
            return None
        if opened is not None:
            known[kind] = opened
        return opened

    def _give_up(self, segment: Segment, kind: IndexKind, error: Exception) -> None:
        self._damaged.add((segment.name, kind))
        self._indexes[segment.name].pop(kind, None)
        name = index_path(self._layout.segments, segment.name, kind).name
        self._warn(f"the index {name} is damaged ({error}): its segment is read whole")

    def _forget(self, manifest: Manifest) -> None:
        """Close the indexes of segments that are no more."""
        gone = self._indexes.keys() - {segment.name for segment in manifest.segments}
        for name in gone:
            del self._indexes[name]
        self._damaged = {one for one in self._damaged if one[0] not in gone}

    def _spans(
        self, segments: Sequence[Segment], blocks: Mapping[Segment, int]
    ) -> list[tuple[int, int]]:
        """The stretches of time of the blocks of some segments."""
        return [
            span
            for one in segments
            for span in block_spans(blocks[one], self._starts(one), one.max_unix_nano)
        ]

    def _starts(self, segment: Segment) -> Sequence[int]:
        """When the blocks of a segment begin, which each of its indexes says."""
        return next(index.starts for index in self._indexes[segment.name].values())

    def _paths(self, segments: Iterable[Segment]) -> list[str]:
        return [str(self._layout.segments / segment.name) for segment in segments]


def _conditions(wanted: Wanted) -> Iterator[tuple[IndexKind, Keys]]:
    """For each index that can tell, ranges of keys of which one must be there."""
    for pair in wanted.pairs:
        keys = pair_keys(*pair)
        if keys is not None:
            yield "pairs", [(key, key) for key in keys]
    if wanted.traces is not None:
        yield "traces", sorted({trace_keys(prefix) for prefix in wanted.traces})


def _time_of(begins: Sequence[tuple[int, int]], count: int) -> int:
    """When the first of so many rows comes, by times, latest first, and the rows from each on."""
    rows = 0
    for begin, more in begins:
        rows += more
        if rows >= count:
            return begin
    return 0


def _within(time: str, spans: Sequence[tuple[int, int]]) -> str:
    """That a time is in one of some stretches."""
    return " OR ".join(
        f"{time} BETWEEN make_timestamp_ns({begin}) AND make_timestamp_ns({end})"
        for begin, end in spans
    )


def _batched(segments: Sequence[Segment], count: int) -> Iterator[Sequence[Segment]]:
    for first in range(0, len(segments), count):
        yield segments[first : first + count]
