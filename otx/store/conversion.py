"""From logs to segments, one manifest at a time.

Every step before the manifest's rename only adds files that nobody knows of; every step after it
only removes files that nobody needs. A crash anywhere leaves either the old manifest and all of
the log behind it, or the new one: no request is lost and none is there twice.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from otx.otlp.column_groups import Table
from otx.otlp.odd_columns import count_oddities
from otx.otlp.shared_columns import written_bytes
from otx.store.decode import OFFSET_COLUMN, decode_requests
from otx.store.durable import Step, no_step, replace_durably
from otx.store.layout import Layout
from otx.store.log_format import FILE_SUFFIX, LoggedRequest
from otx.store.log_position import LOG_START, LogPosition
from otx.store.log_reader import Stretch, is_writing, log_directories, read_portion
from otx.store.manifest import Manifest, Segment, mend_manifest, read_manifest, write_manifest
from otx.store.pending import is_converted, stretches_behind
from otx.store.row_tables import ROW_KINDS, RowKind
from otx.store.segment import merge_rows, write_requests, write_rows
from otx.store.segment_index import Warn, index_names, no_warning

BATCH_BYTES = 16 * 1024 * 1024
"""How much of the logs becomes one segment; at about eight times this in memory."""
_PORTION_BYTES = 8 * 1024 * 1024
"""How much of them is decoded at a time."""
_HELD_BYTES = 160 * 1024 * 1024
"""How much memory rows of one batch take before it is written, however few bytes they came from."""


@dataclass(slots=True)
class _Harvest:
    """What was read of the logs for one manifest."""

    positions: dict[str, LogPosition]
    rows: dict[RowKind, list[Table]] = field(
        default_factory=lambda: {kind: [] for kind in ROW_KINDS}
    )
    kept: list[LoggedRequest] = field(default_factory=list)
    bytes: int = 0
    held_bytes: int = 0
    aside_requests: int = 0
    aside_bytes: int = 0
    odd_spans: Counter[str] = field(default_factory=Counter)

    def is_full(self, batch_bytes: int) -> bool:
        """Whether it is enough for a manifest, by what was read or by what that became."""
        return self.bytes >= batch_bytes or self.held_bytes >= _HELD_BYTES


class Conversion:
    """Turns what waits in a store's logs into segments. Used under the converter lock alone.

    Attributes:
        manifest: The manifest as it is on disk.
        step: Called before every step that changes the disk.
        warn: Told of what readers will have to do without.
        passed_over: Segments that cannot be read, with which nothing is done.
    """

    def __init__(self, layout: Layout, step: Step = no_step, warn: Warn = no_warning) -> None:
        self.layout = layout
        self.step = step
        self.warn = warn
        self.passed_over: set[Segment] = set()
        layout.create()
        self.manifest = read_manifest(layout.manifest)
        mend_manifest(layout.manifest, step)
        self._remove_strangers()

    def waiting_bytes(self) -> int:
        """How much of the logs can be converted now."""
        return sum(stretch.size for stretch in self._stretches())

    def convert(self, batch_bytes: int = BATCH_BYTES) -> int:
        """Convert about `batch_bytes` of the logs, oldest writer first; the bytes that it took.

        Raises:
            OSError: The disk failed or is full; nothing changed for readers.
        """
        stretches = self._stretches()
        harvest = _Harvest(dict(self.manifest.positions))
        for stretch in stretches:
            self._reap(stretch, harvest, batch_bytes)
            if harvest.is_full(batch_bytes):
                break
        if harvest.positions != self.manifest.positions:
            self._publish(harvest)
        self._drop_converted(stretches)
        return harvest.bytes

    def usable(self) -> list[Segment]:
        """The segments that can be merged and indexed."""
        return [one for one in self.manifest.segments if one not in self.passed_over]

    def next_name(self, kind: str) -> str:
        """A segment name that no file has: the version of the manifest that will name it first."""
        return f"{kind}-{self.manifest.version + 1:012d}"

    def publish(self, manifest: Manifest) -> None:
        """Make a changed manifest the next version that readers see."""
        following = replace(manifest, version=self.manifest.version + 1)
        write_manifest(self.layout.manifest, following, self.step)
        self.manifest = following

    def _stretches(self) -> list[Stretch]:
        return list(stretches_behind(self.layout, self.manifest))

    def _reap(self, stretch: Stretch, harvest: _Harvest, batch_bytes: int) -> None:
        """Read and decode a stretch, or as much of it as a batch still takes."""
        start = stretch.start
        while start < stretch.end and not harvest.is_full(batch_bytes):
            rest = replace(stretch, start=start)
            portion = read_portion(rest, min(batch_bytes - harvest.bytes, _PORTION_BYTES))
            self._decode(portion.requests, stretch, harvest)
            harvest.bytes += portion.end - start
            start = portion.end
            if portion.damaged:
                self._set_aside(replace(stretch, start=start), harvest)
                harvest.bytes += stretch.end - start
                start = stretch.end
        harvest.positions[stretch.log] = LogPosition(stretch.number, start)

    def _decode(
        self, requests: Sequence[LoggedRequest], stretch: Stretch, harvest: _Harvest
    ) -> None:
        if not requests:
            return
        decoded = decode_requests(requests)
        for kind, rows in decoded.rows.items():
            if len(rows):
                harvest.rows[kind].append(rows.drop_columns([OFFSET_COLUMN]))
                harvest.held_bytes += written_bytes(rows)
        harvest.odd_spans.update(count_oddities(decoded.rows["spans"]))
        harvest.kept += decoded.kept
        for bad in decoded.bad:
            harvest.aside_requests += 1
            self._set_aside(replace(stretch, start=bad.start, end=bad.end), harvest)

    def _set_aside(self, damaged: Stretch, harvest: _Harvest) -> None:
        """Keep bytes that are no request where a person can look at them."""
        with damaged.path.open("rb") as file:
            file.seek(damaged.start)
            data = file.read(damaged.size)
        name = f"{damaged.log}-{damaged.number}-{damaged.start}.bin"
        replace_durably(self.layout.aside / name, data, self.step)
        harvest.aside_bytes += len(data)

    def _publish(self, harvest: _Harvest) -> None:
        left = [s for s in self.manifest.segments if not is_converted(s, harvest.positions)]
        segments = [*left, *self._write(harvest)]
        there = {directory.name for directory in log_directories(self.layout)}
        there |= {segment.name for segment in left}
        self.publish(
            replace(
                self.manifest,
                segments=tuple(segments),
                positions={log: at for log, at in harvest.positions.items() if log in there},
                aside_requests=self.manifest.aside_requests + harvest.aside_requests,
                aside_bytes=self.manifest.aside_bytes + harvest.aside_bytes,
                odd_spans=Counter(self.manifest.odd_spans) + harvest.odd_spans,
            )
        )

    def _write(self, harvest: _Harvest) -> list[Segment]:
        directory, step = self.layout.segments, self.step
        written = [
            write_rows(
                directory, self.next_name(kind), kind, merge_rows(tables), step, warn=self.warn
            )
            for kind, tables in harvest.rows.items()
            if tables
        ]
        if harvest.kept:
            name = self.next_name("profiles")
            written.append(write_requests(directory, name, harvest.kept, step))
        return written

    def _drop_converted(self, stretches: Sequence[Stretch]) -> None:
        """Remove files whose end the manifest has reached, and dead logs without any."""
        raw = {segment.name for segment in self.manifest.of_kind("raw")}
        for stretch in stretches:
            if stretch.path.parent == self.layout.segments:
                is_done = stretch.path.name not in raw
            else:
                at = self.manifest.positions.get(stretch.log, LOG_START)
                is_done = stretch.is_final and at >= LogPosition(stretch.number, stretch.end)
            if is_done:
                self.step("remove log file")
                stretch.path.unlink(missing_ok=True)
        for directory in log_directories(self.layout):
            if not is_writing(directory) and not any(directory.glob(f"*{FILE_SUFFIX}")):
                self.step("remove log")
                shutil.rmtree(directory)

    def _remove_strangers(self) -> None:
        """Remove what a crash left behind in `segments/`."""
        known = self.manifest.file_names()
        known |= {index for name in known for index in index_names(name)}
        for path in self.layout.segments.iterdir():
            if path.name not in known:
                self.step("remove stranger")
                path.unlink()
