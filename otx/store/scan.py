"""A store read from end to end: every row and every kept request once, in bounded memory.

What is read is what was acknowledged when the scan began. All files of that moment are opened at
once: what a converter merges or drops meanwhile stays readable through its descriptor, so that a
scan may take as long as it likes beside writers. Rows come segment by segment, the one with the
earliest record first, each in the order of time; what waits in the logs comes last, in the order
in which it arrived.
"""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from otx.errors import MachineError
from otx.model.signal import Signal
from otx.otlp.column_groups import Table
from otx.otlp.shared_columns import kept_rows
from otx.store.damage import Health
from otx.store.decode import OFFSET_COLUMN, decode_requests
from otx.store.errors import MEND_HINT, StoreDamaged
from otx.store.layout import Layout
from otx.store.log_format import LoggedRequest
from otx.store.log_reader import Stretch, iterate_requests
from otx.store.manifest import Segment
from otx.store.older_rows import completed
from otx.store.row_tables import ROW_TABLES, RowKind
from otx.store.segment import open_rows, read_requests
from otx.store.tail import View, look

_PORTION_BYTES = 4 << 20
"""How much of a log is decoded at a time; at about eight times this in memory."""
_SPARE_FILES = 64
"""Descriptors that the rest of the process may need."""
_OPEN_TRIES = 100
_LOG = "the log"


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one table.

    Attributes:
        place: Where they lie, for messages: a segment's name, or `the log`.
    """

    table: Table
    place: str


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A request that is kept beside its rows, as it came."""

    request: LoggedRequest
    place: str


@contextmanager
def open_scan(layout: Layout, warn: Callable[[str], None] | None = None) -> Iterator["Scan"]:
    """Everything that a store holds now, open for as long as the context lasts.

    Args:
        layout: Where the store is.
        warn: Told of segments that are damaged or gone, which are then left out; without it they
            are an error.

    Raises:
        MachineError: Its files cannot be opened.
        StoreDamaged: A segment is damaged or gone, and there is nobody to be told.
    """
    health = Health(layout, warn or _refuse)
    with ExitStack() as opened:
        for _ in range(_OPEN_TRIES):
            view = health.readable_by_footers(look(layout))
            _allow_files(len(view.manifest.segments) + len(view.stretches))
            with ExitStack() as attempt:
                try:
                    scan = _opened(layout, view, attempt)
                except FileNotFoundError:
                    continue  # converted or merged since the look
                opened.push(attempt.pop_all())
            yield scan
            return
    raise MachineError(f"the store {layout.root} changes too fast to be read")


def _refuse(damaged: str) -> None:
    raise StoreDamaged(damaged, hint=MEND_HINT)


class Scan:
    """What a store held when the scan began."""

    def __init__(self, segments: list[tuple[Segment, Path]], stretches: list[Stretch]) -> None:
        """Take what is open.

        Args:
            segments: Each with the path of its open file.
            stretches: Of the logs, with the paths of their open files.
        """
        self._segments = sorted(segments, key=lambda one: (one[0].min_unix_nano, one[0].name))
        self._stretches = stretches

    def rows(self, kind: RowKind, since_unix_nano: int = 0, count: int = 1000) -> Iterator[Rows]:
        """The rows of a table, at most `count` at a time, none of them earlier than `since`.

        Raises:
            StoreDamaged: A segment cannot be read.
        """
        for segment, path in self._segments:
            if segment.kind == kind and segment.max_unix_nano >= since_unix_nano:
                for table in _tables(segment, kind, path, count):
                    yield from _later(Rows(table, segment.name), kind, since_unix_nano)
        for requests in self._waiting(ROW_TABLES[kind].signal):
            table = decode_requests(requests).rows[kind].drop_columns([OFFSET_COLUMN])
            for start in range(0, len(table), count):
                some = kept_rows(table.slice(start, count))
                yield from _later(Rows(some, _LOG), kind, since_unix_nano)

    def requests(self, signal: Signal, since_unix_nano: int = 0) -> Iterator[KeptRequest]:
        """The requests of profiles, none of them received earlier than `since`.

        Raises:
            StoreDamaged: A segment cannot be read.
        """
        for segment, path in self._segments:
            if segment.kind == "profiles" and segment.max_unix_nano >= since_unix_nano:
                for request in _requests(segment, path):
                    if request.signal is signal and request.received_unix_nano >= since_unix_nano:
                        yield KeptRequest(request, segment.name)
        for requests in self._waiting(signal):
            for request in requests:
                if request.received_unix_nano >= since_unix_nano:
                    yield KeptRequest(request, _LOG)

    def _waiting(self, signal: Signal) -> Iterator[list[LoggedRequest]]:
        """The requests of a signal that are in no segment, some at a time."""
        for stretch in self._stretches:
            for portion in iterate_requests(stretch, _PORTION_BYTES):
                found = [one for one in portion.requests if one.signal is signal]
                if found:
                    yield found


def _tables(segment: Segment, kind: RowKind, path: Path, count: int) -> Iterator[Table]:
    try:
        # Without Arrow's threads: a caller may fork workers while it reads.
        for batch in open_rows(path, kind).iter_batches(count, use_threads=False):
            yield completed(pa.Table.from_batches([batch]), kind)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(segment, error) from None


def _requests(segment: Segment, path: Path) -> list[LoggedRequest]:
    try:
        return read_requests(path)
    except (ValueError, OSError) as error:
        raise _damaged(segment, error) from None


def _damaged(segment: Segment, error: Exception) -> StoreDamaged:
    return StoreDamaged(f"the segment {segment.name} cannot be read: {error}", hint=MEND_HINT)


def _later(rows: Rows, kind: RowKind, since_unix_nano: int) -> Iterator[Rows]:
    """What of some rows is no earlier than a moment; nothing where that is none."""
    table = rows.table
    if since_unix_nano:
        since = pa.scalar(since_unix_nano, pa.timestamp("ns"))
        table = table.filter(pc.greater_equal(table[ROW_TABLES[kind].time], since))
    if len(table):
        yield Rows(table, rows.place)


def _opened(layout: Layout, view: View, opened: ExitStack) -> Scan:
    """The files of a look, open.

    Raises:
        FileNotFoundError: One is gone.
        MachineError: One cannot be opened.
    """
    segments = [
        (segment, _held(layout.segments / segment.name, opened))
        for segment in view.manifest.segments
    ]
    stretches = [replace(one, path=_held(one.path, opened)) for one in view.stretches]
    return Scan(segments, stretches)


def _held(path: Path, opened: ExitStack) -> Path:
    """A path that leads to a file for as long as it is open, whatever happens to its name."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise MachineError(f"cannot read {path}: {error.strerror}") from None
    opened.callback(os.close, descriptor)
    return Path(f"/proc/self/fd/{descriptor}")


def _allow_files(count: int) -> None:
    """Raise the limit on open files as far as is needed and may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
