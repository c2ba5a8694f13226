"""What a store holds and whether it holds together, for the person who looks after it.

Nothing is locked: a converter may publish while a store is looked at, so a file that is gone counts
as missing only where the manifest of the moment still names it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from otx.store.index_file import IndexDamaged
from otx.store.layout import Layout
from otx.store.log_reader import Stretch, iterate_requests
from otx.store.manifest import SEGMENT_KINDS, Manifest, Segment, SegmentKind, read_manifest
from otx.store.pending import stretches_behind
from otx.store.row_tables import ROW_KINDS, RowKind
from otx.store.segment import open_rows, read_requests
from otx.store.segment_index import INDEX_KINDS, index_path, open_index
from otx.store.tail import LogTails

_PORTION_BYTES = 4 << 20
_BATCH_ROWS = 64 * 1024


@dataclass(frozen=True, slots=True)
class KindFacts:
    """The segments of one kind.

    Attributes:
        rows: Rows, or requests where that is what the kind holds.
        earliest_unix_nano: The earliest time in them, by the records' own clocks.
        latest_unix_nano: The latest.
    """

    kind: SegmentKind
    segments: int
    rows: int
    bytes: int
    earliest_unix_nano: int
    latest_unix_nano: int


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a store holds at one moment.

    Attributes:
        kinds: What is in segments; kinds without any are left out.
        waiting_requests: Requests that are in no segment of rows yet.
        waiting_bytes: Bytes of the files they are in.
        oldest_waiting_unix_nano: When the oldest of them was received; 0 without any.
        retired_files: Replaced and expired files that are there for a minute yet.
        aside_requests: Requests that could not be decoded, since the store was made.
        aside_bytes: Bytes of those, and of torn stretches of logs.
        expired_rows: Rows that retention removed, since the store was made.
        odd_spans: Spans by the rule that they break, since the store was made.
    """

    kinds: tuple[KindFacts, ...]
    waiting_requests: int
    waiting_bytes: int
    oldest_waiting_unix_nano: int
    retired_files: int
    aside_requests: int
    aside_bytes: int
    expired_rows: int
    odd_spans: Mapping[str, int]


def store_facts(layout: Layout) -> StoreFacts:
    """What a store holds now.

    Raises:
        StoreDamaged: The manifest cannot be read.
        StoreNewer: A later otx wrote it.
    """
    tails = LogTails(layout)
    manifest = tails.follow().manifest
    kinds = (_kind_facts(kind, manifest.of_kind(kind)) for kind in SEGMENT_KINDS)
    return StoreFacts(
        kinds=tuple(one for one in kinds if one is not None),
        waiting_requests=tails.facts.requests,
        waiting_bytes=tails.facts.bytes,
        oldest_waiting_unix_nano=tails.facts.oldest_unix_nano,
        retired_files=len(manifest.retired),
        aside_requests=manifest.aside_requests,
        aside_bytes=manifest.aside_bytes,
        expired_rows=manifest.expired_rows,
        odd_spans=manifest.odd_spans,
    )


def _kind_facts(kind: SegmentKind, segments: list[Segment]) -> KindFacts | None:
    if not segments:
        return None
    return KindFacts(
        kind,
        len(segments),
        rows=sum(one.rows for one in segments),
        bytes=sum(one.bytes for one in segments),
        earliest_unix_nano=min(one.min_unix_nano for one in segments),
        latest_unix_nano=max(one.max_unix_nano for one in segments),
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a store that is not as the manifest or the format says.

    Attributes:
        place: The file, below the store's directory.
        problem: What is wrong with it.
    """

    place: str
    problem: str


def verify_store(
    layout: Layout, manifest: Manifest, told: Callable[[int], None] = lambda segments: None
) -> Iterator[Finding]:
    """Read every segment and every record of the logs, and name what cannot be.

    Args:
        layout: Where the store is.
        manifest: Its manifest, as it was just read.
        told: Told how many segments have been read, after each.
    """
    for done, segment in enumerate(manifest.segments, 1):
        problem = _segment_problem(layout, segment)
        if problem:
            yield Finding(f"{layout.segments.name}/{segment.name}", problem)
        yield from _index_findings(layout, segment)
        told(done)
    for stretch in stretches_behind(layout, manifest):
        if stretch.path.parent != layout.segments:  # those were among the segments
            yield from _log_findings(layout, stretch)


def _index_findings(layout: Layout, segment: Segment) -> Iterator[Finding]:
    """Indexes that are damaged, without which readers go on."""
    for kind in INDEX_KINDS:
        try:
            index = open_index(layout.segments, segment.name, kind)
            if index is not None:
                index.check()
        except (IndexDamaged, OSError) as error:
            place = index_path(layout.segments, segment.name, kind).relative_to(layout.root)
            hint = "the segment is read whole; `otx store compact` makes the index anew"
            yield Finding(str(place), f"is damaged: {error}; {hint}")


def _segment_problem(layout: Layout, segment: Segment) -> str:
    """What is wrong with a segment; "" where nothing is."""
    path = layout.segments / segment.name
    try:
        size = path.stat().st_size
        if size != segment.bytes:
            return f"has {size} bytes, the manifest says {segment.bytes}"
        if segment.kind in ROW_KINDS:
            rows = _rows_of_table(path, segment.kind)
        else:
            rows = len(read_requests(path))
    except FileNotFoundError:
        is_named = segment in read_manifest(layout.manifest).segments
        return "is named by the manifest and is not there" if is_named else ""
    except (pa.ArrowException, ValueError, OSError) as error:
        return f"cannot be read: {error}"
    if rows != segment.rows:
        return f"has {rows} rows, the manifest says {segment.rows}"
    return ""


def _rows_of_table(path: Path, kind: RowKind) -> int:
    """The rows of a Parquet file, every page of it read and decompressed."""
    batches = open_rows(path, kind).iter_batches(_BATCH_ROWS)
    return sum(len(batch) for batch in batches)


def _log_findings(layout: Layout, stretch: Stretch) -> Iterator[Finding]:
    """Whether the checksums of a log's records hold, as far as it is acknowledged."""
    try:
        for portion in iterate_requests(stretch, _PORTION_BYTES):
            if portion.damaged:
                left = stretch.end - portion.end
                place = stretch.path.relative_to(layout.root)
                yield Finding(
                    str(place), f"{left} bytes from offset {portion.end} on are no whole records"
                )
    except FileNotFoundError:
        return  # converted and dropped meanwhile
