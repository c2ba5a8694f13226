"""What keeps a store small and quick: merging and indexing segments, and letting old ones go.

Converted batches are small when little arrives, and every file costs a query about 0.15 ms, so
files of one size class are merged eight at a time, which rewrites a row at most three times.
Replaced and expired files stay for `GRACE_NS`: a reader with the manifest before still opens them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from otx.store.conversion import Conversion
from otx.store.damage import UNREADABLE, DamagedSegment, left_out, page_problem
from otx.store.errors import MEND_HINT
from otx.store.manifest import Retired, Segment
from otx.store.row_tables import ROW_KINDS
from otx.store.segment import (
    list_items,
    merge_rows,
    read_requests,
    read_rows,
    write_requests,
    write_rows,
)
from otx.store.segment_index import (
    has_indexes,
    index_bytes,
    index_names,
    is_worth_indexing,
    remove_damaged,
    write_indexes,
)

GRACE_NS = 60 * 1_000_000_000
_CLOCK_SLACK_NS = GRACE_NS
"""By how much clocks are corrected all the time, which is no reason to write a manifest."""
FAN_IN = 8
MERGED_ROWS = 256 * 1024
MERGED_BYTES = 32 * 1024 * 1024
"""A merged segment's bounds, which bound what a merge needs in memory."""
_SOURCE_ITEMS = 2 * 1024 * 1024
"""Frames of a segment that is merged with others; kilobytes of Parquet may hold millions."""
_CLASSES = ((2 << 10, 256 << 10), (16 << 10, 2 << 20), (128 << 10, 16 << 20))
"""What segments of each size class have less than, in rows and in bytes.

The last is half of what a merged segment may have, so that two of a class always fit into one: what
has few rows and many bytes would else stand in the way of its neighbours for ever.
"""

DAY_NS = 24 * 3600 * 1_000_000_000
RETAIN_BYTES = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much is kept: whole segments go when all of one is older, or too much."""

    age_ns: int = DAY_NS
    bytes: int = RETAIN_BYTES


def merge_small(conversion: Conversion, now_unix_nano: int) -> bool:
    """Merge one group of small segments, if there is one; whether there was.

    Raises:
        OSError: The disk failed or is full; nothing changed for readers.
    """
    return _merge_group(conversion, next(_mergeable(_light(conversion)), []), now_unix_nano)


def merge_rest(conversion: Conversion, now_unix_nano: int) -> bool:
    """Merge one group of what is not full size, however few they are; whether there was one.

    Raises:
        OSError: The disk failed or is full; nothing changed for readers.
    """
    return _merge_group(conversion, next(_rest(_light(conversion)), []), now_unix_nano)


def _merge_group(conversion: Conversion, group: Sequence[Segment], now_unix_nano: int) -> bool:
    if not group:
        return False
    try:
        merged = _merge(conversion, group)
    except UNREADABLE:
        if not pass_over_damaged(conversion, group, page_problem):
            raise
        return True
    left = [segment for segment in conversion.manifest.segments if segment not in group]
    _retire(conversion, [*left, merged], group, now_unix_nano)
    return True


def index_one(conversion: Conversion) -> bool:
    """Write the indexes of one segment that is worth it, the newest first; whether there was one.

    Raises:
        OSError: The disk failed or is full; readers go on without them.
    """
    directory = conversion.layout.segments
    for segment in sorted(
        filter(is_worth_indexing, conversion.usable()),
        key=lambda one: one.max_unix_nano,
        reverse=True,
    ):
        if not has_indexes(directory, segment):
            try:
                write_indexes(directory, segment, conversion.step, conversion.warn)
            except OSError:
                if not pass_over_damaged(conversion, [segment], page_problem):
                    raise
            return True
    return False


def pass_over_damaged(
    conversion: Conversion,
    segments: Sequence[Segment],
    problem_of: Callable[[Path, Segment], str],
) -> bool:
    """Leave those of some segments alone that cannot be read, and tell of them; whether any.

    They stay where they are: a disk that is not mounted is no reason to give rows up by oneself.
    """
    directory = conversion.layout.segments
    damaged = [DamagedSegment(one, problem_of(directory, one)) for one in segments]
    damaged = [one for one in damaged if one.problem]
    conversion.passed_over.update(one.segment for one in damaged)
    if damaged:
        conversion.warn(f"{left_out(damaged)}; {MEND_HINT}")
    return bool(damaged)


def remove_damaged_indexes(conversion: Conversion) -> int:
    """Remove the indexes that are not as they were written, for `index_one`; how many."""
    directory = conversion.layout.segments
    segments = filter(is_worth_indexing, conversion.manifest.segments)
    return sum(remove_damaged(directory, segment) for segment in segments)


def expire(conversion: Conversion, retention: Retention, now_unix_nano: int) -> int:
    """Let go of segments that are too old or too much; how many rows went.

    What came before the clock was set back seems to come later than now, and might never be too
    old: it counts as received now, once that is seen.
    """
    _take_for_now(conversion, now_unix_nano)
    kept = [
        segment
        for segment in conversion.manifest.segments
        if segment.received_unix_nano >= now_unix_nano - retention.age_ns
    ]
    kept.sort(key=lambda segment: segment.received_unix_nano, reverse=True)
    size, fitting = 0, []
    for segment in kept:
        size += segment.bytes + index_bytes(conversion.layout.segments, segment.name)
        if size > retention.bytes:
            break
        fitting.append(segment)
    gone = [segment for segment in conversion.manifest.segments if segment not in fitting]
    if not gone:
        return 0
    rows = sum(segment.rows for segment in gone)
    manifest = conversion.manifest
    conversion.manifest = replace(manifest, expired_rows=manifest.expired_rows + rows)
    _retire(conversion, [s for s in manifest.segments if s in fitting], gone, now_unix_nano)
    return rows


def _take_for_now(conversion: Conversion, now_unix_nano: int) -> None:
    manifest = conversion.manifest
    latest = now_unix_nano + _CLOCK_SLACK_NS
    if any(one.received_unix_nano > latest for one in manifest.segments):
        taken = {
            one: replace(one, received_unix_nano=min(one.received_unix_nano, now_unix_nano))
            for one in manifest.segments
        }
        conversion.publish(replace(manifest, segments=tuple(taken.values())))
        passed_over = conversion.passed_over
        conversion.passed_over = {taken[one] for one in taken if one in passed_over}


def remove_retired(conversion: Conversion, now_unix_nano: int) -> int:
    """Remove files whose grace has run out; how many."""
    due = [old for old in conversion.manifest.retired if _is_due(old, now_unix_nano)]
    for old in due:
        conversion.step("remove retired")
        for name in (old.name, *index_names(old.name)):
            (conversion.layout.segments / name).unlink(missing_ok=True)
    if due:
        left = tuple(old for old in conversion.manifest.retired if old not in due)
        conversion.publish(replace(conversion.manifest, retired=left))
    return len(due)


def _is_due(old: Retired, now_unix_nano: int) -> bool:
    # A clock that was set back must not keep a file for ever.
    return not 0 <= now_unix_nano - old.since_unix_nano < GRACE_NS


def _light(conversion: Conversion) -> list[Segment]:
    """The segments but those of samples whose stacks would take too much, each written out."""
    directory = conversion.layout.segments
    return [
        one
        for one in conversion.usable()
        if one.kind != "samples" or list_items(directory / one.name) <= _SOURCE_ITEMS
    ]


def _mergeable(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Groups that are worth merging, the smallest size class first."""
    for kind in (*ROW_KINDS, "profiles"):
        for size_class in range(len(_CLASSES)):
            members = [s for s in segments if s.kind == kind and _class_of(s) == size_class]
            if len(members) >= FAN_IN:
                members.sort(key=lambda one: one.min_unix_nano)
                yield _fitting(members[:FAN_IN])


def _class_of(segment: Segment) -> int:
    """The size class of a segment; one beyond all of them is full size."""
    return sum(segment.rows >= rows or segment.bytes >= size for rows, size in _CLASSES)


def _rest(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Groups of neighbours in time that fit into one segment."""
    for kind in (*ROW_KINDS, "profiles"):
        members = [s for s in segments if s.kind == kind and _class_of(s) < len(_CLASSES)]
        members.sort(key=lambda one: one.min_unix_nano)
        for first in range(len(members)):
            group = _fitting(members[first:])
            if len(group) > 1:
                yield group


def _fitting(segments: Sequence[Segment]) -> list[Segment]:
    """As many of some segments, from the first on, as one merged segment may hold."""
    group: list[Segment] = []
    rows = size = 0
    for segment in segments:
        rows, size = rows + segment.rows, size + segment.bytes
        if rows > MERGED_ROWS or size > MERGED_BYTES:
            break
        group.append(segment)
    return group


def _merge(conversion: Conversion, group: Sequence[Segment]) -> Segment:
    directory = conversion.layout.segments
    paths = [directory / segment.name for segment in group]
    kind = group[0].kind
    name = conversion.next_name(kind)
    if kind == "profiles" or kind == "raw":
        requests = [request for path in paths for request in read_requests(path)]
        return write_requests(directory, name, requests, conversion.step)
    rows = merge_rows([read_rows(path, kind) for path in paths])
    replaced = [segment.name for segment in group]
    return write_rows(directory, name, kind, rows, conversion.step, replaced, conversion.warn)


def _retire(
    conversion: Conversion,
    left: Sequence[Segment],
    gone: Sequence[Segment],
    now_unix_nano: int,
) -> None:
    manifest = conversion.manifest
    retired = (*manifest.retired, *(Retired(old.name, now_unix_nano) for old in gone))
    conversion.publish(replace(manifest, segments=tuple(left), retired=retired))
