"""What of a store is not rows yet: the logs behind a manifest, and what an older otx left raw.

Format 1 of a store kept requests of metrics and profiles in segments of the log's own format. They
are read as if they were logs that nobody writes to any more, each under its own name, so that
readers show their rows before a converter has made them and the converter makes them the way it
makes all others: once, a portion at a time, by one manifest each.
"""

from collections.abc import Iterator, Mapping

from otx.store.layout import Layout
from otx.store.log_format import FILE_HEADER_BYTES
from otx.store.log_position import LOG_START, LogPosition
from otx.store.log_reader import Stretch, log_directories, readable_stretches
from otx.store.manifest import Manifest, Segment

_RAW_NUMBER = 1
"""The number of the one file that a raw segment is as a log."""


def stretches_behind(layout: Layout, manifest: Manifest) -> Iterator[Stretch]:
    """Everything that may be read and is in no segment of rows, oldest writer first."""
    for segment in manifest.of_kind("raw"):
        yield _raw_stretch(layout, segment, manifest.positions.get(segment.name, LOG_START))
    for directory in log_directories(layout):
        yield from readable_stretches(directory, manifest.positions.get(directory.name, LOG_START))


def is_converted(segment: Segment, positions: Mapping[str, LogPosition]) -> bool:
    """Whether all of a raw segment is rows."""
    end = LogPosition(_RAW_NUMBER, segment.bytes)
    return segment.kind == "raw" and positions.get(segment.name, LOG_START) >= end


def _raw_stretch(layout: Layout, segment: Segment, at: LogPosition) -> Stretch:
    path = layout.segments / segment.name
    start = max(at.offset, FILE_HEADER_BYTES)
    return Stretch(path, _RAW_NUMBER, path, start, max(start, segment.bytes), is_final=True)
