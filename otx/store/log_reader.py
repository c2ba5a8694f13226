"""Reading logs that others write: how far one may, and what to make of a torn end.

A log is read as far as its file `committed` says, whether its writer lives or was killed: what
lies behind was never acknowledged, and its sender will come again. After a power cut `committed`
may be behind what was acknowledged; then the log is read to its end, and a record whose checksum
fails ends its file. A file that is followed by another ends where that one says.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from otx.store.durable import is_locked
from otx.store.layout import Layout
from otx.store.log_format import (
    FILE_HEADER_BYTES,
    FILE_SUFFIX,
    RECORD_HEADER_BYTES,
    LoggedRequest,
    decode_file_header,
    decode_records,
    record_length,
)
from otx.store.log_position import (
    COMMITTED_BYTES,
    COMMITTED_NAME,
    Committed,
    LogPosition,
    current_boot,
    decode_committed,
)

_HALF_WRITTEN_TRIES = 100


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one log file that may be read now: `[start, end)`.

    Attributes:
        is_final: Nothing will ever be added to the file.
    """

    directory: Path
    number: int
    path: Path
    start: int
    end: int
    is_final: bool

    @property
    def log(self) -> str:
        """The id of the log's writer."""
        return self.directory.name

    @property
    def size(self) -> int:
        """How many bytes wait in it."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Portion:
    """What was read of a stretch: whole requests up to `end`.

    Attributes:
        damaged: Whether what follows `end` in the stretch is torn or corrupt.
    """

    requests: Sequence[LoggedRequest]
    end: int
    damaged: bool


def log_directories(layout: Layout) -> list[Path]:
    """The logs of a store, oldest writer first."""
    try:
        with os.scandir(layout.logs) as entries:
            names = sorted(one.name for one in entries if not one.name.startswith("."))
    except FileNotFoundError:
        return []
    return [layout.logs / name for name in names]


def is_writing(directory: Path) -> bool:
    """Whether the writer of a log lives."""
    return is_locked(directory / "lock")


def committed_in(directory: Path) -> Committed | None:
    """What a log's writer says of itself; None where it never did."""
    for _ in range(_HALF_WRITTEN_TRIES):
        try:
            with (directory / COMMITTED_NAME).open("rb", buffering=0) as file:
                data = file.read(COMMITTED_BYTES)
        except FileNotFoundError:
            return None
        committed = decode_committed(data or b"")
        if committed is not None:
            return committed
        time.sleep(0)
    return None


def readable_stretches(directory: Path, start: LogPosition) -> list[Stretch]:
    """What of a log may be read from a position on, file by file.

    A file that vanishes meanwhile was converted; the caller compares manifests to notice.
    """
    living = is_writing(directory)
    committed = committed_in(directory)
    if living and committed is None:
        return []
    is_exact = committed is not None and (living or committed.boot == current_boot())
    limit = committed.position if committed is not None and is_exact else None
    try:
        names = sorted(path.name for path in directory.glob(f"*{FILE_SUFFIX}"))
    except FileNotFoundError:
        return []
    numbers = [int(name.removesuffix(FILE_SUFFIX)) for name in names]
    found = []
    for index, (name, number) in enumerate(zip(names, numbers, strict=True)):
        if number < start.number or (living and limit is not None and number > limit.number):
            continue
        path = directory / name
        follower = directory / names[index + 1] if index + 1 < len(names) else None
        end, ends_here = _end_of(path, number, follower, limit)
        is_final = ends_here or not living
        begin = max(start.offset if number == start.number else 0, FILE_HEADER_BYTES)
        if is_final or end > begin:
            found.append(Stretch(directory, number, path, begin, max(begin, end), is_final))
    return found


def read_portion(stretch: Stretch, limit_bytes: int) -> Portion:
    """The whole requests at the start of a stretch: about `limit_bytes`, but at least one.

    Raises:
        FileNotFoundError: The log was converted and dropped meanwhile.
    """
    with stretch.path.open("rb", buffering=0) as file:
        size = min(max(limit_bytes, RECORD_HEADER_BYTES), stretch.size)
        data = os.pread(file.fileno(), size, stretch.start)
        first = record_length(data)
        if first is not None and size < first <= stretch.size:
            size = first
            data = os.pread(file.fileno(), size, stretch.start)
    requests = list(decode_records(data, stretch.start))
    end = requests[-1].end if requests else stretch.start
    return Portion(requests, end, _is_damaged(stretch, data, end, is_short=len(data) < size))


def iterate_requests(stretch: Stretch, limit_bytes: int) -> Iterator[Portion]:
    """All whole requests of a stretch, `limit_bytes` at a time."""
    while stretch.start < stretch.end:
        portion = read_portion(stretch, limit_bytes)
        yield portion
        if portion.damaged or portion.end == stretch.start:
            return
        stretch = Stretch(
            stretch.directory,
            stretch.number,
            stretch.path,
            portion.end,
            stretch.end,
            stretch.is_final,
        )


def _is_damaged(stretch: Stretch, data: bytes, end: int, *, is_short: bool) -> bool:
    """Whether what was read stops before a record that should be whole.

    Args:
        stretch: What was read of.
        data: What was read.
        end: Where the last whole record ends.
        is_short: Whether the file ends before the stretch does.
    """
    rest = data[end - stretch.start :]
    if not rest:
        # All that was there is read; less than the stretch may be there after a power cut.
        return end == stretch.start and stretch.size > 0
    if is_short:
        return True
    claimed = record_length(rest)
    left = stretch.end - end
    if claimed is None:
        return len(rest) == left and left < RECORD_HEADER_BYTES
    return claimed > left or claimed <= len(rest)


def _end_of(
    path: Path, number: int, follower: Path | None, limit: LogPosition | None
) -> tuple[int, bool]:
    """Where a file ends for readers, and whether its follower says so."""
    if limit is not None and number > limit.number:
        return 0, False  # begun, but nothing in it was acknowledged
    if follower is not None:
        header = _header_of(follower)
        if header is not None and header[0] == number + 1:
            return header[1], True
    if limit is not None and number == limit.number:
        return limit.offset, False
    try:
        return path.stat().st_size, False
    except FileNotFoundError:
        return 0, False


def _header_of(path: Path) -> tuple[int, int] | None:
    try:
        with path.open("rb", buffering=0) as file:
            header = decode_file_header(file.read(FILE_HEADER_BYTES) or b"")
    except FileNotFoundError:
        return None
    return (header.number, header.previous_end) if header else None
