"""The one file that says what a reader sees.

A reader's view is the segments of one manifest plus, of each log, what lies behind the position
the manifest gives for it. Both change in the same rename, so a row is in a segment or in a log's
tail, never in both and never in neither. Files no manifest names do not exist for anybody.

A copy lies beside it and is written first, when all that the new manifest names is on disk. So the
copy is the manifest or its successor, and stands in for one that is damaged or gone.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from otx.store.durable import Step, no_step, replace_durably
from otx.store.errors import REBUILD_HINT, StoreDamaged, StoreNewer
from otx.store.log_position import LogPosition

FORMAT = 2
"""What this otx writes. Format 1 is read as well; its segments of kind `raw` become rows."""

SegmentKind: TypeAlias = Literal["spans", "logs", "metrics", "samples", "profiles", "raw"]
"""What a segment holds: rows of a table; requests of profiles, beside the samples that were made
of them; or, from format 1, requests of metrics and profiles of which no rows were made yet."""
SEGMENT_KINDS: tuple[SegmentKind, ...] = get_args(SegmentKind)

Identity: TypeAlias = tuple[int, int, int]
"""Inode, modification time and size: differs between any two manifests."""


_NOT_AS_WRITTEN = (
    *(ValueError, KeyError, TypeError, AttributeError),
    *(OverflowError, RecursionError),  # of numbers such as Infinity, and of arrays in arrays
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One finished file in `segments/`.

    Attributes:
        rows: Rows, or requests in a segment of requests.
        min_unix_nano: The earliest start, log or receive time in it.
        max_unix_nano: The latest.
        received_unix_nano: When the newest request in it was received: what retention goes by,
            because a record's own times are whatever its sender says.
    """

    name: str
    kind: SegmentKind
    rows: int
    bytes: int
    min_unix_nano: int
    max_unix_nano: int
    received_unix_nano: int


@dataclass(frozen=True, slots=True)
class Retired:
    """A file that was replaced or has expired, kept a while for readers that still know it."""

    name: str
    since_unix_nano: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is readable at one moment.

    Attributes:
        positions: For each log, and each raw segment that was begun, up to where it is rows.
        aside_requests: Requests that could not be decoded, since the store was made.
        aside_bytes: Bytes of those, and of torn tails that were cut.
        expired_rows: Rows that retention removed.
        odd_spans: Spans by the rule that they break (`otx.otlp.oddity`), since the store was made.
        aside_segments: Segments that were damaged or gone, since the store was made.
        aside_rows: How many rows they had.
    """

    version: int = 0
    segments: tuple[Segment, ...] = ()
    positions: Mapping[str, LogPosition] = field(default_factory=dict)
    retired: tuple[Retired, ...] = ()
    aside_requests: int = 0
    aside_bytes: int = 0
    expired_rows: int = 0
    odd_spans: Mapping[str, int] = field(default_factory=dict)
    aside_segments: int = 0
    aside_rows: int = 0

    def of_kind(self, *kinds: SegmentKind) -> list[Segment]:
        """The segments that hold one of the kinds, in the manifest's order."""
        return [segment for segment in self.segments if segment.kind in kinds]

    def file_names(self) -> set[str]:
        """Every file that has a reason to be in `segments/`."""
        return {segment.name for segment in self.segments} | {old.name for old in self.retired}


def manifest_identity(path: Path) -> Identity | None:
    """What tells this manifest from every other; None where there is none yet."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - a third of the cost of Path.stat
    except (FileNotFoundError, NotADirectoryError):
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def read_manifest(path: Path) -> Manifest:
    """The manifest of a store, or its copy; an empty one where nothing was converted yet.

    Raises:
        StoreDamaged: Neither the file nor its copy is a manifest.
        StoreNewer: It is one of a later format.
    """
    try:
        return _read(path)
    except (FileNotFoundError, NotADirectoryError):
        problem = f"{path} is gone"
    except StoreDamaged as error:
        problem = error.message
    try:
        return _read(copy_path(path))
    except (FileNotFoundError, NotADirectoryError):
        if not path.exists() and not _was_published(path.parent):
            return Manifest()
        what = f"{problem}, and there is no copy of it"
    except StoreDamaged:
        what = f"{problem}; its copy is damaged as well"
    raise StoreDamaged(what, hint=REBUILD_HINT)


def write_manifest(path: Path, manifest: Manifest, step: Step = no_step) -> None:
    """Make a manifest the one that readers see, durably."""
    content = json.dumps(_to_json(manifest)).encode()
    replace_durably(copy_path(path), content, step)
    replace_durably(path, content, step)


def copy_path(path: Path) -> Path:
    """Where the copy of a manifest lies."""
    return path.with_name("MANIFEST.copy.json")


def manifest_problem(path: Path) -> str:
    """Why a store's manifest is read from its copy; "" where it is not."""
    try:
        _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return f"{path} is gone" if copy_path(path).exists() else ""
    except StoreDamaged as error:
        return error.message
    return ""


def refuse_newer(path: Path) -> None:
    """To be done before anything is written into a store; a damaged manifest is no matter here.

    Raises:
        StoreNewer: The manifest or its copy is of a later format.
    """
    for either in (path, copy_path(path)):
        with suppress(OSError, StoreDamaged):
            _read(either)


def mend_manifest(path: Path, step: Step = no_step) -> None:
    """Make a manifest and its copy the same again: the manifest where it can be read.

    To be done before anything is removed that only one of the two names.

    Raises:
        StoreNewer: One of them is of a later format.
        OSError: The disk failed or is full.
    """
    good, bad = path, copy_path(path)
    if not _is_manifest(good):
        good, bad = bad, good
        if not _is_manifest(good):
            return
    content = good.read_bytes()
    if not bad.exists() or bad.read_bytes() != content:
        replace_durably(bad, content, step)


def _read(path: Path) -> Manifest:
    try:
        return _from_json(path, json.loads(path.read_bytes()))
    except _NOT_AS_WRITTEN as error:
        raise StoreDamaged(f"{path} is no manifest of a store: {error}") from None


def _is_manifest(path: Path) -> bool:
    try:
        _read(path)
    except (FileNotFoundError, StoreDamaged):
        return False
    return True


def _was_published(root: Path) -> bool:
    """Whether segments show that a store had a manifest: a crash before its first leaves none."""
    versions = (name.stem.rpartition("-")[2] for name in (root / "segments").glob("*-*"))
    return any(version.isdecimal() and int(version) > 1 for version in versions)


def _to_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": manifest.version,
        "segments": [
            [
                s.name,
                s.kind,
                s.rows,
                s.bytes,
                s.min_unix_nano,
                s.max_unix_nano,
                s.received_unix_nano,
            ]
            for s in manifest.segments
        ],
        "positions": {log: [at.number, at.offset] for log, at in manifest.positions.items()},
        "retired": [[old.name, old.since_unix_nano] for old in manifest.retired],
        "aside_requests": manifest.aside_requests,
        "aside_bytes": manifest.aside_bytes,
        "expired_rows": manifest.expired_rows,
        "odd_spans": dict(manifest.odd_spans),
        "aside_segments": manifest.aside_segments,
        "aside_rows": manifest.aside_rows,
    }


def _from_json(path: Path, document: Mapping[str, Any]) -> Manifest:
    written = int(document["format"])
    if written > FORMAT:
        raise StoreNewer(
            f"the store {path.parent} was written by a newer otx: its format is {written}, "
            f"and this one knows formats up to {FORMAT}",
            hint="use that otx, or another store with --store DIR",
        )
    return Manifest(
        version=int(document["version"]),
        segments=tuple(_segments(document["segments"])),
        positions={log: LogPosition(*at) for log, at in document["positions"].items()},
        retired=tuple(Retired(*old) for old in document["retired"]),
        aside_requests=int(document["aside_requests"]),
        aside_bytes=int(document["aside_bytes"]),
        expired_rows=int(document["expired_rows"]),
        # Not in the manifests of stores that are older than these counts.
        odd_spans={rule: int(count) for rule, count in document.get("odd_spans", {}).items()},
        aside_segments=int(document.get("aside_segments", 0)),
        aside_rows=int(document.get("aside_rows", 0)),
    )


def _segments(rows: Iterable[list[Any]]) -> Iterable[Segment]:
    for name, kind, *facts in rows:
        if Path(name).name != name or kind not in SEGMENT_KINDS:
            raise ValueError(f"segment {name!r} of kind {kind!r}")
        yield Segment(name, kind, *map(int, facts))
