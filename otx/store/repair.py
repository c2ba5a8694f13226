"""Putting a damaged store right: segments set aside, a manifest made anew from those there are.

Nothing is thrown away: what cannot be read lies in `aside/` and is counted. A manifest made anew
knows no positions, so the logs that are left are read from their start: a request may be there
twice, and none is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from otx.model.units import counted
from otx.store.conversion import Conversion
from otx.store.damage import GONE, UNREADABLE, DamagedSegment, page_problem
from otx.store.durable import Step, no_step, replace_durably, sync_directory
from otx.store.errors import StoreDamaged
from otx.store.layout import Layout
from otx.store.log_reader import log_directories
from otx.store.manifest import (
    SEGMENT_KINDS,
    Manifest,
    Segment,
    SegmentKind,
    copy_path,
    read_manifest,
    write_manifest,
)
from otx.store.row_tables import ROW_TABLES
from otx.store.segment import read_requests, replaced_by
from otx.store.segment_index import index_names


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a manifest made anew came to.

    Attributes:
        segments: Segments that it names.
        left_out: Files that cannot be read, and those that a merge replaced.
        logs: Logs that are read from their start, some requests of which may be rows already.
    """

    segments: int
    left_out: int
    logs: int

    def __str__(self) -> str:
        twice = (
            f"; what of {counted(self.logs, 'log')} was converted already is there twice"
            if self.logs
            else ""
        )
        return (
            f"the manifest was made anew from {counted(self.segments, 'segment')}, "
            f"{counted(self.left_out, 'file')} set aside; counts of what was lost before are gone"
            f"{twice}"
        )


def rebuild_manifest(layout: Layout, step: Step = no_step) -> Rebuilt | None:
    """Make a manifest from the segments where neither it nor its copy can be read.

    To be done under the converter lock. The files that were the manifest are kept in `aside/`.

    Returns:
        What that came to; None where there is a manifest.

    Raises:
        StoreNewer: A later otx wrote it.
        OSError: The disk failed or is full.
    """
    try:
        read_manifest(layout.manifest)
        return None
    except StoreDamaged:
        pass
    paths = [path for path in sorted(layout.segments.iterdir()) if _kind_of(path)]
    found = [segment for path in paths if (segment := _described(path)) is not None]
    replaced = {name for one in found for name in replaced_by(layout.segments / one.name)}
    segments = tuple(one for one in found if one.name not in replaced)
    named = {one.name for one in segments}
    for path in paths:
        if path.name not in named:
            _move_aside(layout, path, step)
    for path in (layout.manifest, copy_path(layout.manifest)):
        if path.exists():  # kept, and there until the new one takes its place
            replace_durably(layout.aside / path.name, path.read_bytes(), step)
    version = max((_version_of(path) for path in paths), default=0)
    write_manifest(layout.manifest, Manifest(version, segments), step)
    return Rebuilt(len(segments), len(paths) - len(segments), len(log_directories(layout)))


def set_damaged_aside(conversion: Conversion) -> list[DamagedSegment]:
    """Take segments that cannot be read out of the manifest, all pages read; which those were.

    Raises:
        OSError: The disk failed, is full or keeps a segment from being opened.
    """
    layout, manifest = conversion.layout, conversion.manifest
    damaged = list(_damaged(layout, manifest))
    if not damaged:
        return []
    for one in damaged:
        if one.problem != GONE:
            # Before the manifest changes: what no manifest names is removed after a crash.
            _move_aside(layout, layout.segments / one.segment.name, conversion.step)
    gone = {one.segment for one in damaged}
    conversion.publish(
        replace(
            manifest,
            segments=tuple(one for one in manifest.segments if one not in gone),
            aside_segments=manifest.aside_segments + len(damaged),
            aside_rows=manifest.aside_rows + sum(one.rows for one in gone),
        )
    )
    for segment in gone:
        for name in index_names(segment.name):
            (layout.segments / name).unlink(missing_ok=True)
    return damaged


def _damaged(layout: Layout, manifest: Manifest) -> Iterator[DamagedSegment]:
    for segment in manifest.segments:
        problem = page_problem(layout.segments, segment)
        if problem:
            if problem != GONE:
                (layout.segments / segment.name).open("rb").close()  # for want of a right only
            yield DamagedSegment(segment, problem)


def _move_aside(layout: Layout, path: Path, step: Step) -> None:
    """Move a file to `aside/`, under a name that is free there."""
    target, number = layout.aside / path.name, 1
    while target.exists():
        number += 1
        target = layout.aside / f"{path.name}.{number}"
    step(f"set {path.suffix} aside")
    path.rename(target)
    sync_directory(layout.aside)
    sync_directory(path.parent)


def _described(path: Path) -> Segment | None:
    """What a manifest says of a file in `segments/`; None where it cannot be read."""
    kind = _kind_of(path)
    if kind is None:
        return None
    size = path.stat().st_size
    try:
        table = next((table for name, table in ROW_TABLES.items() if name == kind), None)
        if table is None:
            times = [one.received_unix_nano for one in read_requests(path)]
            edges = (min(times), max(times), max(times))
            return Segment(path.name, kind, len(times), size, *edges)
        rows = pq.read_table(path, memory_map=False)  # all of it, so that damage is found
        ends = pc.min_max(rows[table.time])
        received = pc.max(rows["received_time"])
        edges = (ends["min"].value, ends["max"].value, received.value)
        return Segment(path.name, kind, len(rows), size, *edges)
    except (*UNREADABLE, KeyError, TypeError):
        return None


def _kind_of(path: Path) -> SegmentKind | None:
    """The kind that a segment's name says; None of an index, or a file that was being written."""
    if path.suffix not in (".parquet", ".otxlog"):
        return None
    prefix = path.name.partition("-")[0]
    return next((kind for kind in SEGMENT_KINDS if kind == prefix), None)


def _version_of(path: Path) -> int:
    version = path.stem.rpartition("-")[2]
    return int(version) if version.isdecimal() else 0
