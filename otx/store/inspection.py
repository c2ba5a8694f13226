"""What a store holds and whether it holds together, for the person who looks after it.

Nothing is locked: a converter may publish while a store is looked at, so a file that is gone counts
as missing only where the manifest of the moment still names it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from otx.store.damage import DamagedSegment, any_problem, still_named
from otx.store.forward_inspection import (
    ForwardFacts,
    forward_facts,
    forward_problems,
    kept_bytes,
    kept_stretches,
)
from otx.store.index_file import IndexDamaged
from otx.store.layout import Layout
from otx.store.log_reader import Stretch, iterate_requests
from otx.store.manifest import (
    SEGMENT_KINDS,
    Manifest,
    Segment,
    SegmentKind,
    manifest_problem,
)
from otx.store.pending import stretches_behind
from otx.store.segment_index import INDEX_KINDS, index_path, open_index
from otx.store.tail import LogTails

_PORTION_BYTES = 4 << 20


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
        aside_segments: Segments that were damaged or gone, since the store was made.
        aside_rows: How many rows they had.
        forward: What waits for destinations of `--forward`.
        forward_bytes: How much of the disk the logs take that are kept for them.
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
    aside_segments: int
    aside_rows: int
    forward: tuple[ForwardFacts, ...] = ()
    forward_bytes: int = 0


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
        aside_segments=manifest.aside_segments,
        aside_rows=manifest.aside_rows,
        forward=tuple(forward_facts(layout)),
        forward_bytes=kept_bytes(layout),
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
    problem = manifest_problem(layout.manifest)
    if problem:
        hint = "its copy stands in; `otx store compact` writes it anew"
        yield Finding(layout.manifest.name, f"{problem}; {hint}")
    for done, segment in enumerate(manifest.segments, 1):
        found = DamagedSegment(segment, any_problem(layout.segments, segment))
        if found.problem and still_named(layout, [found]):
            yield Finding(f"{layout.segments.name}/{segment.name}", found.problem)
        yield from _index_findings(layout, segment)
        told(done)
    for stretch in stretches_behind(layout, manifest):
        if stretch.path.parent != layout.segments:  # those were among the segments
            yield from _log_findings(layout, stretch)
    for file, problem in forward_problems(layout):
        yield Finding(str(file.relative_to(layout.root)), problem)
    for stretch in kept_stretches(layout):
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
