"""Compaction on demand: what the converter does over time, done now and to the end.

Memory is bounded by a batch of the log and by the largest merged segment, whatever the store holds.
A crash leaves what a crash of the converter leaves: a store that holds together.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from otx.errors import MachineError
from otx.model.units import counted, format_size
from otx.store.conversion import Conversion
from otx.store.damage import DamagedSegment
from otx.store.durable import FileLock
from otx.store.layout import Layout
from otx.store.manifest import SEGMENT_KINDS, Manifest, SegmentKind
from otx.store.repair import Rebuilt, rebuild_manifest, set_damaged_aside
from otx.store.segment_index import Warn, no_warning
from otx.store.upkeep import (
    index_one,
    merge_rest,
    merge_small,
    remove_damaged_indexes,
    remove_retired,
)


@dataclass(frozen=True, slots=True)
class Compacted:
    """The segments of one kind, before and after."""

    kind: str
    rows: int
    segments_before: int
    segments: int
    bytes_before: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction came to.

    Attributes:
        retired_files: Replaced files that stay for readers that still know them.
        damaged_indexes: Indexes that were damaged and have been made anew.
        set_aside: Segments that were damaged or gone and are named no more.
        rebuilt: What a manifest that had to be made anew came to.
    """

    kinds: tuple[Compacted, ...]
    retired_files: int
    retired_bytes: int
    damaged_indexes: int
    set_aside: tuple[DamagedSegment, ...] = ()
    rebuilt: Rebuilt | None = None


def compact_store(
    layout: Layout,
    clock: Callable[[], int],
    told: Callable[[str], None] = lambda done: None,
    warn: Warn = no_warning,
) -> Compaction:
    """Put right what is damaged, then convert, merge and index all that can be.

    Args:
        layout: The store.
        clock: Gives Unix nanoseconds.
        told: Told of every step that is done, in a few words.
        warn: Told of what readers will have to do without.

    Raises:
        MachineError: A converter works on the store, or the disk failed: what was done stays.
    """
    layout.create()
    lock = FileLock(layout.converter_lock)
    if not lock.acquire():
        raise MachineError(
            f"a converter works on the store {layout.root}, and merges what it can by itself",
            hint="stop what writes to this store to compact it further",
        )
    try:
        rebuilt = rebuild_manifest(layout)
        conversion = Conversion(layout, warn=warn)
        damaged = set_damaged_aside(conversion)
        done = _compact(conversion, clock, told)
        return replace(done, set_aside=tuple(damaged), rebuilt=rebuilt)
    except OSError as error:
        raise MachineError(
            f"cannot compact: {error.strerror or error}", hint="see `df -h`"
        ) from None
    finally:
        lock.release()


def _compact(
    conversion: Conversion, clock: Callable[[], int], told: Callable[[str], None]
) -> Compaction:
    before = conversion.manifest
    while conversion.convert():
        told(f"converting: {format_size(conversion.waiting_bytes())} left")
    while merge_small(conversion, clock()) or merge_rest(conversion, clock()):
        told(f"merging: {counted(len(conversion.manifest.segments), 'segment')} left")
    damaged = remove_damaged_indexes(conversion)
    indexed = 0
    while index_one(conversion):
        indexed += 1
        told(f"indexing: {counted(indexed, 'segment')} done")
    remove_retired(conversion, clock())
    after = conversion.manifest
    paths = [conversion.layout.segments / old.name for old in after.retired]
    return Compaction(
        tuple(
            _compacted(kind, before, after)
            for kind in SEGMENT_KINDS
            if before.of_kind(kind) or after.of_kind(kind)
        ),
        len(paths),
        sum(path.stat().st_size for path in paths if path.exists()),
        damaged,
    )


def _compacted(kind: SegmentKind, before: Manifest, after: Manifest) -> Compacted:
    old, new = before.of_kind(kind), after.of_kind(kind)
    return Compacted(
        kind,
        sum(segment.rows for segment in new),
        len(old),
        len(new),
        sum(segment.bytes for segment in old),
        sum(segment.bytes for segment in new),
    )
