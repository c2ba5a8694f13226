"""The write-ahead log: a request is acknowledged once it lies here durably.

Appending threads hand their bytes to one committing thread. It takes everything that has gathered
while the last fsync ran, writes it with one call, syncs once and resolves all the futures: the
slower the disk, the larger the groups, so that throughput does not depend on fsync's latency.

Other processes read the log while it is written. They may see only what was acknowledged, so the
end of the last durable group is published in the file `committed` (see `otx.store.log_reader`);
what a failed write or fsync left behind it is cut off, and said to end there by the next file's
header as well, before anything else is accepted.

What is durable waits for the converter. A writer that is faster than it, for long, would fill the
disk and let readers see ever older rows, so what waits is bounded too; beyond it senders are told
to come again, as they are when the queue is full.
"""

import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from otx.errors import MachineError
from otx.model.signal import Signal
from otx.model.units import format_size
from otx.store.backlog import Backlog, Waiting
from otx.store.durable import FileLock, sync_directory
from otx.store.errors import LogFailed, LogFull
from otx.store.kept_logs import keep_file, keep_log, keep_logs
from otx.store.layout import Layout
from otx.store.log_format import (
    FILE_HEADER_BYTES,
    FileHeader,
    encode_file_header,
    encode_record_header,
)
from otx.store.log_position import (
    COMMITTED_NAME,
    Committed,
    LogPosition,
    current_boot,
    encode_committed,
    encode_position,
    log_file_name,
)
from otx.store.manifest import refuse_newer

FsyncMode: TypeAlias = Literal["always", "interval"]

CAPACITY_BYTES = 256 * 1024 * 1024
BACKLOG_BYTES = 512 * 1024 * 1024
"""What may wait for the converter, which turns some 60 MiB a second into segments."""
FILE_BYTES = 64 * 1024 * 1024
SYNC_INTERVAL_S = 1.0
_IOV_MAX = 1024


@dataclass(frozen=True, slots=True)
class LogStats:
    """What one writer did so far.

    Attributes:
        appended: Requests made durable (with `interval`: written).
        bytes: Bytes of their bodies.
        refused: Requests turned away because the queue or the backlog was full.
        failed: Requests taken back because the disk failed.
        fsyncs: Times the disk was asked to make things durable.
        queued_bytes: Bytes that wait now.
    """

    appended: int = 0
    bytes: int = 0
    refused: int = 0
    failed: int = 0
    fsyncs: int = 0
    queued_bytes: int = 0


@dataclass(slots=True)
class _Queued:
    header: bytes
    body: bytes
    done: "Future[None]"

    @property
    def size(self) -> int:
        return len(self.header) + len(self.body)


class LogWriter:
    """One process's own log in a store. Any thread may append.

    The queue holds at most `capacity_bytes`, what is being written included, and what waits for the
    converter is at most `backlog_bytes`; beyond either `append` raises `LogFull` and counts.
    With `is_kept` its files outlive their conversion, for those who read them as
    `otx.store.kept_logs` says.

    Raises:
        MachineError: The store cannot be made or written.
        StoreNewer: It is of a later format, and left as it is.
    """

    def __init__(
        self,
        store_dir: Path,
        *,
        fsync: FsyncMode = "always",
        capacity_bytes: int = CAPACITY_BYTES,
        backlog_bytes: int = BACKLOG_BYTES,
        file_bytes: int = FILE_BYTES,
        is_kept: bool = False,
    ) -> None:
        layout = Layout(store_dir)
        refuse_newer(layout.manifest)
        layout.create()
        self._capacity_bytes = capacity_bytes
        self._backlog_bytes = backlog_bytes
        self._tally = threading.Condition()
        self._queue: deque[_Queued] = deque()
        self._queued_bytes = 0
        self._closing = False
        self._stats = LogStats()
        try:
            links = keep_logs(layout) if is_kept else None
            self._files = _LogFiles(layout.logs, file_bytes, fsync, links)
        except OSError as error:
            raise MachineError(
                f"cannot write to the store {store_dir}: {error.strerror}",
                hint="--store DIR or OTX_STORE picks another place",
            ) from None
        self._backlog = Backlog(layout.manifest, self._files.directory.name)
        self._thread = threading.Thread(target=self._commit_all, name="log-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def directory(self) -> Path:
        """Where this writer's log lies."""
        return self._files.directory

    def append(self, signal: Signal, body: bytes, received_unix_nano: int) -> "Future[None]":
        """Queue the protobuf bytes of one Export*ServiceRequest.

        The future resolves once they are durable and fails with `LogFailed` where they are not.

        Raises:
            LogFull: The queue is full, too much waits for the converter, or the log is closed.
        """
        item = _Queued(encode_record_header(signal, body, received_unix_nano), body, Future())
        with self._tally:
            try:
                self._check_room(item.size)
            except LogFull:
                self._count(refused=1)
                raise
            self._queue.append(item)
            self._queued_bytes += item.size
            self._tally.notify()
        return item.done

    def stats(self) -> LogStats:
        """What was done so far."""
        with self._tally:
            self._count()
            return self._stats

    def waiting(self) -> Waiting:
        """What the converter has still to do; its times are those of `time.monotonic`."""
        with self._tally:
            return self._backlog.look()

    def close(self) -> None:
        """Write and sync what waits, then give the log up to the converter."""
        with self._tally:
            self._closing = True
            self._tally.notify()
        self._thread.join()

    def _check_room(self, size: int) -> None:
        if self._closing or self._queued_bytes + size > self._capacity_bytes:
            raise LogFull("the write-ahead log is full", hint="send less, or a faster disk")
        coming = self._queued_bytes + size
        if self._backlog.known_bytes() + coming <= self._backlog_bytes:
            return
        # Only here, where it matters, is the manifest looked at: once in `backlog_bytes` while
        # the converter keeps up.
        waiting = self._backlog.look()
        if waiting.bytes + coming > self._backlog_bytes:
            raise LogFull(
                f"the converter is behind: {format_size(waiting.bytes)} wait in the log",
                hint="send less, or give otx another core",
            )

    def _commit_all(self) -> None:
        while True:
            with self._tally:
                waits = self._files.seconds_to_sync()
                self._tally.wait_for(lambda: bool(self._queue) or self._closing, waits)
                group = list(self._queue)
                self._queue.clear()
                if self._closing and not group:
                    break
            self._commit(group)
        self._files.close()

    def _commit(self, group: Sequence[_Queued]) -> None:
        """Make one group durable, or take it back as a whole."""
        failure: LogFailed | None = None
        try:
            self._files.write(group)
        except OSError as error:
            failure = LogFailed(f"cannot write the log: {error.strerror}", hint="see `df -h`")
        with self._tally:
            self._queued_bytes -= sum(item.size for item in group)
            if failure is None:
                self._backlog.wrote(self._files.end, time.monotonic())
                self._count(appended=len(group), size=sum(len(item.body) for item in group))
            else:
                self._count(failed=len(group))
        for item in group:
            if failure is None:
                item.done.set_result(None)
            else:
                item.done.set_exception(failure)

    def _count(self, appended: int = 0, size: int = 0, refused: int = 0, failed: int = 0) -> None:
        was = self._stats
        self._stats = LogStats(
            was.appended + appended,
            was.bytes + size,
            was.refused + refused,
            was.failed + failed,
            self._files.fsyncs,
            self._queued_bytes,
        )


class _LogFiles:
    """The files of one log, used by the committing thread alone."""

    def __init__(
        self, logs: Path, file_bytes: int, fsync: FsyncMode, links: Path | None = None
    ) -> None:
        self.fsyncs = 0
        self._file_bytes = file_bytes
        self._always = fsync == "always"
        self._synced_at = time.monotonic()
        self._unsynced = False
        self._descriptor = -1
        self._at = LogPosition(0, 0)
        # Made under a hidden name: once others see the directory, its lock is held.
        stamp = _stamp_after(logs, links)
        hidden = logs / f".{stamp:020d}-{os.getpid()}-{secrets.token_hex(4)}"
        hidden.mkdir()
        self.directory = hidden
        lock = FileLock(hidden / "lock")
        lock.acquire()
        self._lock = lock
        self._committed = os.open(hidden / COMMITTED_NAME, os.O_RDWR | os.O_CREAT, 0o644)
        os.pwrite(self._committed, encode_committed(Committed(self._at, current_boot())), 0)
        self._kept = None if links is None else keep_log(hidden, links, hidden.name[1:])
        self._open_next()
        self.directory = logs / hidden.name[1:]
        hidden.rename(self.directory)
        sync_directory(logs)

    @property
    def end(self) -> LogPosition:
        """Behind the last group that was written."""
        return self._at

    def seconds_to_sync(self) -> float | None:
        """How long the committing thread may sleep; None for until something comes."""
        if not self._unsynced:
            return None
        return max(0.0, self._synced_at + SYNC_INTERVAL_S - time.monotonic())

    def write(self, group: Sequence[_Queued]) -> None:
        """Write and, as the mode asks, sync a group; an empty one only syncs.

        Raises:
            OSError: Nothing of the group is or will be readable.
        """
        try:
            if self._descriptor < 0 or self._at.offset >= self._file_bytes:
                self._open_next()
            offset = self._write_out(group)
            if self._always or self.seconds_to_sync() == 0.0:
                self._sync()
            else:
                self._unsynced = True
        except OSError:
            self._abandon()
            raise
        self._at = LogPosition(self._at.number, offset)
        self._publish()

    def close(self) -> None:
        """Sync, close and unlock."""
        try:
            if self._descriptor >= 0 and self._unsynced:
                self._sync()
        finally:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            os.close(self._committed)
            self._lock.release()

    def _write_out(self, group: Sequence[_Queued]) -> int:
        """Append a group to the file; the offset behind it."""
        offset = self._at.offset
        step = _IOV_MAX // 2
        for first in range(0, len(group), step):
            parts = [part for it in group[first : first + step] for part in (it.header, it.body)]
            size = sum(map(len, parts))
            written = os.pwritev(self._descriptor, parts, offset)
            if written < size:
                _write_rest(self._descriptor, b"".join(parts)[written:], offset + written)
            offset += size
        return offset

    def _sync(self) -> None:
        os.fdatasync(self._descriptor)
        self.fsyncs += 1
        self._synced_at = time.monotonic()
        self._unsynced = False

    def _publish(self) -> None:
        os.pwrite(self._committed, encode_position(self._at), 0)

    def _open_next(self) -> None:
        """Go on in a new file, whose header says where this one ends."""
        if self._descriptor >= 0:
            self._sync()
            os.close(self._descriptor)
            self._descriptor = -1
        number = self._at.number + 1
        path = self.directory / log_file_name(number)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            header = encode_file_header(FileHeader(number, self._at.offset))
            _write_rest(descriptor, header, 0)
            os.fsync(descriptor)
            sync_directory(self.directory)
            if self._kept is not None:
                keep_file(path, self._kept)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self._descriptor = descriptor
        self._at = LogPosition(number, FILE_HEADER_BYTES)
        self._publish()

    def _abandon(self) -> None:
        """Cut what is not durable off the file, and never write to it again.

        After a failed fsync the kernel may have dropped dirty pages and called them clean, so a
        second fsync that works proves nothing.
        """
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        self._unsynced = False
        try:
            os.ftruncate(descriptor, self._at.offset)
        except OSError:
            return  # the next file's header says where this one ends
        finally:
            os.close(descriptor)


def _write_rest(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of some bytes, however little the kernel takes at a time."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest = rest[written:]
        offset += written


def _stamp_after(*places: Path | None) -> int:
    """When a log begins, and later than every log that is there: clocks are set back.

    Logs are read in the order of their names, which is that in which they were begun.
    """
    names = [path.name for place in places if place is not None for path in place.iterdir()]
    begun = [int(stamp) for name in names if (stamp := name.partition("-")[0]).isdecimal()]
    return max([time.time_ns(), *(one + 1 for one in begun)])
