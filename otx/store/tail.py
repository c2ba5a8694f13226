"""The logs' unwritten tails as tables: what was acknowledged and is in no segment of rows yet.

A reader decodes each part of a log once and keeps it until a manifest covers it. It decodes at
most `TAIL_BYTES` of the logs, oldest first; with more than that waiting, the newest rows are not
visible until the converter has caught up, and `StoreLag.hidden_bytes` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from otx.otlp.column_groups import Table
from otx.store.decode import OFFSET_COLUMN, decode_requests
from otx.store.errors import StoreDamaged
from otx.store.layout import Layout
from otx.store.log_reader import Stretch, iterate_requests
from otx.store.manifest import Identity, Manifest, manifest_identity, read_manifest
from otx.store.pending import stretches_behind
from otx.store.row_tables import ROW_TABLES, RowKind

TAIL_BYTES = 64 * 1024 * 1024
_PORTION_BYTES = 8 * 1024 * 1024
_SNAPSHOT_TRIES = 200


@dataclass(frozen=True, slots=True)
class View:
    """What one look at a store found: a manifest and what of the logs lies behind it."""

    identity: Identity | None
    manifest: Manifest
    stretches: tuple[Stretch, ...]


def look(layout: Layout) -> View:
    """A manifest and the stretches behind it that belong together.

    A converter may publish and delete between any two system calls, so the look is repeated until
    the manifest was the same before and after.
    """
    view = None
    for _ in range(_SNAPSHOT_TRIES):
        identity = manifest_identity(layout.manifest)
        manifest = read_manifest(layout.manifest)
        view = View(identity, manifest, tuple(stretches_behind(layout, manifest)))
        if manifest_identity(layout.manifest) == identity:
            break
    assert view is not None  # noqa: S101 - the loop runs at least once
    return view


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A decoded portion of a log file: requests that end in `(start, end]`."""

    start: int
    end: int
    rows: Mapping[RowKind, Table]
    requests: tuple[tuple[int, int], ...]
    """Of each request, where it ends and when it was received."""

    def after(self, offset: int) -> "_Chunk | None":
        """What is left of it behind an offset; None where that is nothing."""
        if offset <= self.start:
            return self
        if offset >= self.end:
            return None
        rows = {
            kind: table.filter(pc.greater(table[OFFSET_COLUMN], offset))
            for kind, table in self.rows.items()
        }
        requests = tuple(one for one in self.requests if one[0] > offset)
        return _Chunk(offset, self.end, rows, requests)


@dataclass(frozen=True, slots=True)
class TailFacts:
    """What waits in the logs.

    Attributes:
        requests: Requests decoded by this reader and in no segment.
        bytes: Bytes of the logs in no segment.
        hidden_bytes: Those of them beyond what a reader decodes.
        oldest_unix_nano: When the oldest of the requests was received; 0 without any.
    """

    requests: int = 0
    bytes: int = 0
    hidden_bytes: int = 0
    oldest_unix_nano: int = 0


class LogTails:
    """The decoded tails of all logs of a store, brought up to date by `follow`."""

    def __init__(self, layout: Layout, tail_bytes: int = TAIL_BYTES) -> None:
        self._layout = layout
        self._tail_bytes = tail_bytes
        self._files: dict[tuple[str, int], list[_Chunk]] = {}
        self.facts = TailFacts()

    def follow(self) -> View:
        """Look at the store and decode what is new behind its manifest.

        Raises:
            StoreDamaged: A file that the manifest names is gone.
        """
        missing = ""
        for _ in range(_SNAPSHOT_TRIES):
            view = look(self._layout)
            try:
                self._decode(view)
            except FileNotFoundError as error:
                missing = str(error.filename)
                continue  # converted and dropped since the look: the next manifest covers it
            return view
        raise StoreDamaged(f"{missing} is gone, and the store's manifest still names it")

    def table(self, kind: RowKind) -> Table:
        """All decoded rows of one table, oldest writer first, without `OFFSET_COLUMN`."""
        parts = [chunk.rows[kind] for chunks in self._files.values() for chunk in chunks]
        plain = [part.drop_columns([OFFSET_COLUMN]) for part in parts]
        return pa.concat_tables([ROW_TABLES[kind].schema.empty_table(), *plain])

    def count(self, kind: RowKind) -> int:
        """How many decoded rows one table has."""
        return sum(len(chunk.rows[kind]) for chunks in self._files.values() for chunk in chunks)

    def _decode(self, view: View) -> None:
        left = self._tail_bytes
        hidden = 0
        files: dict[tuple[str, int], list[_Chunk]] = {}
        for stretch in view.stretches:
            known = self._files.get((stretch.log, stretch.number), [])
            chunks = [kept for chunk in known if (kept := chunk.after(stretch.start))]
            decoded_to = max([stretch.start, *(chunk.end for chunk in chunks)])
            left -= decoded_to - stretch.start
            if stretch.end > decoded_to and left > 0:
                fresh = _decoded(replace(stretch, start=decoded_to), left)
                chunks += fresh
                left -= sum(chunk.end - chunk.start for chunk in fresh)
                decoded_to = max([decoded_to, *(chunk.end for chunk in fresh)])
            if left <= 0:
                hidden += stretch.end - decoded_to
            files[stretch.log, stretch.number] = chunks
        self._files = files
        received = [at for chunks in files.values() for c in chunks for _, at in c.requests]
        self.facts = TailFacts(
            requests=len(received),
            bytes=sum(stretch.size for stretch in view.stretches),
            hidden_bytes=hidden,
            oldest_unix_nano=min(received, default=0),
        )


def _decoded(stretch: Stretch, limit_bytes: int) -> list[_Chunk]:
    """A stretch decoded portion by portion, until it ends or a limit is passed."""
    chunks: list[_Chunk] = []
    start = stretch.start
    for portion in iterate_requests(stretch, min(_PORTION_BYTES, limit_bytes)):
        if portion.requests:
            decoded = decode_requests(portion.requests)
            requests = tuple((one.end, one.received_unix_nano) for one in portion.requests)
            chunks.append(_Chunk(start, portion.end, decoded.rows, requests))
            limit_bytes -= portion.end - start
            start = portion.end
        if portion.damaged:
            # As the converter does: what is left of the stretch is no request and never will be.
            empty = decode_requests(()).rows
            chunks.append(_Chunk(start, stretch.end, empty, ()))
        if limit_bytes <= 0:
            break
    return chunks
