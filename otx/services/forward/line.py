"""What waits for one destination: the kept logs behind its position, and the bound to that."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otx.store.forward_position import ForwardPosition, write_forward_position
from otx.store.kept_logs import kept_directories, stretches_left
from otx.store.log_format import LoggedRequest
from otx.store.log_position import LogPosition
from otx.store.log_reader import Stretch, iterate_requests

_PORTION_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of the log is kept for a destination that is behind."""

    age_ns: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A part of the log that was not passed on yet.

    Attributes:
        request: What it holds; None for a stretch that is damaged.
        end: Its end.
        size: Its bytes, header included.
    """

    log: str
    request: LoggedRequest | None
    end: LogPosition
    size: int


class WaitingLine:
    """Reads on from a destination's position. One thread passes things on; any may save."""

    def __init__(self, links: Path, file: Path, position: ForwardPosition) -> None:
        """Begin at a position.

        Args:
            links: The kept logs.
            file: Where the position is kept.
            position: Where to begin.
        """
        self._links = links
        self._file = file
        self._destination = position.destination
        self._positions = dict(position.positions)
        self._is_saved = file.exists()
        self._lock = threading.Lock()
        self._saving = threading.Lock()

    def waiting(self) -> Iterator[Waiting]:
        """All that may be sent now, in the order in which it was received.

        Raises:
            OSError: The log cannot be read.
        """
        for stretch in self._stretches():
            # A file is dropped once all have passed it, which may be while this is asked on.
            with suppress(FileNotFoundError):
                yield from _waiting_in(stretch)

    def size(self) -> int:
        """How many bytes wait."""
        return sum(stretch.size for stretch in self._stretches())

    def beyond(self, keep: Keep, now_unix_nano: int) -> Iterator[Waiting]:
        """The oldest of what waits, as far as a bound has no room or time for it."""
        size = self.size()
        for one in self.waiting():
            received = now_unix_nano if one.request is None else one.request.received_unix_nano
            if size <= keep.bytes and received >= now_unix_nano - keep.age_ns:
                return
            size -= one.size
            yield one

    def passed(self, waiting: Waiting) -> None:
        """Go on behind a part of the log; it is durable with the next `save`."""
        with self._lock:
            self._positions[waiting.log] = waiting.end
            self._is_saved = False

    def is_behind_us(self, waiting: Waiting) -> bool:
        """Whether a part of the log was passed on or given up already."""
        at = self._positions.get(waiting.log)
        return at is not None and waiting.end <= at

    def save(self) -> None:
        """Make the position durable.

        Raises:
            OSError: The disk failed or is full; the position before holds.
        """
        with self._saving:
            with self._lock:
                if self._is_saved:
                    return
                there = {directory.name for directory in kept_directories(self._links)}
                self._positions = {log: at for log, at in self._positions.items() if log in there}
                position = ForwardPosition(self._destination, dict(self._positions))
                self._is_saved = True
            try:
                write_forward_position(self._file, position)
            except OSError:
                self._is_saved = False
                raise

    def _stretches(self) -> list[Stretch]:
        with self._lock:
            positions = dict(self._positions)
        left = stretches_left(self._links, positions)
        return [stretch for stretch in left if stretch.size]


def _waiting_in(stretch: Stretch) -> Iterator[Waiting]:
    end = stretch.start
    for portion in iterate_requests(stretch, _PORTION_BYTES):
        for request in portion.requests:
            end = request.end
            at = LogPosition(stretch.number, end)
            yield Waiting(stretch.log, request, at, end - request.start)
        if portion.damaged:
            at = LogPosition(stretch.number, stretch.end)
            yield Waiting(stretch.log, None, at, stretch.end - end)
