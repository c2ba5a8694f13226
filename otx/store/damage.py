"""Segments that cannot be read: how they are found, and how readers go on without them.

A look at a store checks of each segment once what costs microseconds: that it is there, as long as
the manifest says, and ends as Parquet does. What is left is met when DuckDB binds its footer, or
only when its pages are read: then the segment at fault is looked for among those that were read.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from otx.store.errors import MEND_HINT, StoreDamaged
from otx.store.layout import Layout
from otx.store.manifest import Manifest, Segment, read_manifest
from otx.store.row_tables import ROW_KINDS, ROW_TABLES, RowKind
from otx.store.segment import open_rows, read_requests
from otx.store.tail import View

UNREADABLE = (pa.ArrowException, ValueError, OSError)
"""What reading a segment raises where it is not as it was written."""
GONE = "is named by the manifest and is not there"
_PARQUET_END = b"PAR1"
_BATCH_ROWS = 64 * 1024
_NAMES_NO_FILE = (duckdb.IOException, duckdb.InternalException, duckdb.SerializationException)


@dataclass(frozen=True, slots=True)
class DamagedSegment:
    """A segment that cannot be read, and what is wrong with it."""

    segment: Segment
    problem: str


def edge_problem(directory: Path, segment: Segment) -> str:
    """What keeps a segment from being read, by its size and end; "" where nothing is seen."""
    try:
        with (directory / segment.name).open("rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if segment.kind in ROW_TABLES:
                file.seek(max(0, size - len(_PARQUET_END)))
                if file.read() == _PARQUET_END:
                    return ""
            return _size_problem(segment, size) or (
                "does not end as Parquet does" if segment.kind in ROW_TABLES else ""
            )
    except FileNotFoundError:
        return GONE
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def footer_problem(directory: Path, segment: Segment) -> str:
    """What is wrong with a segment as far as its footer tells; "" where nothing is."""
    problem = edge_problem(directory, segment)
    if problem or segment.kind not in ROW_TABLES:
        return problem
    try:
        pq.read_metadata(directory / segment.name)
    except UNREADABLE as error:
        return f"cannot be read: {error}"
    return ""


def page_problem(directory: Path, segment: Segment) -> str:
    """What keeps a segment from being read, all of it decompressed; "" where nothing does."""
    return edge_problem(directory, segment) or _read(directory, segment)[1]


def any_problem(directory: Path, segment: Segment) -> str:
    """What of a segment is not as the manifest says, all of it decompressed; "" for nothing."""
    problem = edge_problem(directory, segment)
    if problem:
        return problem
    rows, problem = _read(directory, segment)
    if not problem and rows != segment.rows:
        problem = f"has {rows} rows, the manifest says {segment.rows}"
    try:
        return problem or _size_problem(segment, (directory / segment.name).stat().st_size)
    except FileNotFoundError:
        return GONE


def _read(directory: Path, segment: Segment) -> tuple[int, str]:
    """How many rows of a segment can be read, or what keeps it from being read."""
    path = directory / segment.name
    try:
        if segment.kind in ROW_KINDS:
            return _rows_of_table(path, segment.kind), ""
        return len(read_requests(path)), ""
    except FileNotFoundError:
        return 0, GONE
    except UNREADABLE as error:
        return 0, f"cannot be read: {error}"


def _size_problem(segment: Segment, size: int) -> str:
    if size == segment.bytes:
        return ""
    return f"has {size} bytes, the manifest says {segment.bytes}"


def _rows_of_table(path: Path, kind: RowKind) -> int:
    """The rows of a Parquet file, every page read, its checksum compared, and decompressed."""
    with open_rows(path, kind, is_checked=True) as file:
        return sum(len(batch) for batch in file.iter_batches(_BATCH_ROWS))


def still_named(layout: Layout, damaged: Iterable[DamagedSegment]) -> list[DamagedSegment]:
    """Those of some that are not just gone because a converter replaced them meanwhile."""
    found = list(damaged)
    if any(one.problem == GONE for one in found):
        named = set(read_manifest(layout.manifest).segments)
        found = [one for one in found if one.problem != GONE or one.segment in named]
    return found


def left_out(damaged: Iterable[DamagedSegment]) -> str:
    """That some segments are not read, which, and how much that hides, in a sentence."""
    found = list(damaged)
    rows: Counter[str] = Counter()
    for one in found:
        rows[one.segment.kind] += one.segment.rows
    names = ", ".join(f"{one.segment.name} {one.problem}" for one in found)
    hidden = ", ".join(f"{count} of {kind}" for kind, count in rows.items())
    return f"damaged segments, whose rows ({hidden}) are not read: {names}"


class Health:
    """Which segments a reader can use. One thread at a time works with it."""

    def __init__(self, layout: Layout, warn: Callable[[str], None]) -> None:
        """Begin with nothing known.

        Args:
            layout: Where the store is.
            warn: Told once of each segment that is left out, and of how much that hides.
        """
        self._layout = layout
        self._warn = warn
        self._whole: set[Segment] = set()
        self._damaged: set[Segment] = set()

    def readable(
        self, view: View, problem_of: Callable[[Path, Segment], str] = edge_problem
    ) -> View:
        """The same view without the segments that are damaged.

        Args:
            view: What a look found.
            problem_of: How thoroughly those are looked at that were not looked at before.
        """
        segments = set(view.manifest.segments)
        self._whole &= segments
        self._damaged &= segments
        found = [
            DamagedSegment(one, problem)
            for one in view.manifest.segments
            if one not in self._whole and one not in self._damaged
            if (problem := problem_of(self._layout.segments, one))
        ]
        found = still_named(self._layout, found)
        self._damaged.update(one.segment for one in found)
        self._whole = segments - self._damaged
        if found:
            self._warn(left_out(found))
        return replace(view, manifest=self._without_damaged(view.manifest))

    def readable_by_footers(self, view: View) -> View:
        """The same view without the segments whose footers are damaged."""
        self.forget()
        return self.readable(view, footer_problem)

    @property
    def hidden_rows(self) -> int:
        """How many rows of the last view are not read because of damage."""
        return sum(one.rows for one in self._damaged)

    def forget(self) -> None:
        """Look at those again that were whole at the last look."""
        self._whole.clear()

    def _without_damaged(self, manifest: Manifest) -> Manifest:
        if not self._damaged:
            return manifest
        kept = tuple(one for one in manifest.segments if one not in self._damaged)
        return replace(manifest, segments=kept)


def may_be_damage(layout: Layout, manifest: Manifest, error: duckdb.Error) -> bool:
    """Whether an error of DuckDB may come from its files, and not from its SQL."""
    # An error without a kind is one that nobody there foresaw.
    if type(error) is duckdb.Error or isinstance(error, _NAMES_NO_FILE):
        return True
    return _named_in(layout, manifest, error) is not None


def damage_behind(layout: Layout, manifest: Manifest, error: duckdb.Error) -> StoreDamaged | None:
    """The damage that DuckDB met, if that is what its error is about."""
    if not may_be_damage(layout, manifest, error):
        return None  # no reason to read the store
    named = _named_in(layout, manifest, error)
    if named is not None:
        what = str(error).partition("\n")[0]
        return _damage(named, page_problem(layout.segments, named) or f"cannot be read: {what}")
    for one in manifest.segments:
        problem = page_problem(layout.segments, one)
        if problem:
            return _damage(one, problem)
    return None


def _named_in(layout: Layout, manifest: Manifest, error: duckdb.Error) -> Segment | None:
    """The segment whose path an error names."""
    what = str(error).partition("\n")[0]
    return next((s for s in manifest.segments if str(layout.segments / s.name) in what), None)


def _damage(segment: Segment, problem: str) -> StoreDamaged:
    reason = problem.partition("\n")[0]
    return StoreDamaged(f"the segment {segment.name} is damaged: it {reason}", hint=MEND_HINT)
