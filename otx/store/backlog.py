"""How much of one writer's log waits for the converter, and since when.

The writer knows what it wrote and when, the manifest says how far the converter came. Between them
lies what a reader sees late and what a disk must hold, so it is what a bound has to be put on.
"""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from otx.store.errors import StoreDamaged
from otx.store.log_format import FILE_HEADER_BYTES
from otx.store.log_position import LOG_START, LogPosition
from otx.store.manifest import Identity, manifest_identity, read_manifest

_MARK_BYTES = 1024 * 1024
_MARK_S = 0.25
"""How exactly the moment of writing is remembered, while there is room for as many marks."""
_MARKS = 4096


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits of a log.

    Attributes:
        bytes: Bytes in no segment yet.
        since_s: When the oldest of them was written, by the clock that `wrote` was told; None
            where nothing waits.
    """

    bytes: int = 0
    since_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Mark:
    """When the byte at a distance from the log's beginning was written."""

    begin: int
    at_s: float


class Backlog:
    """The distance between a log's writer and the converter. Not thread-safe.

    Distances are counted in bytes of records since the log began, over all its files.
    """

    def __init__(self, manifest: Path, log: str) -> None:
        """Watch one log.

        Args:
            manifest: The store's manifest.
            log: The log's name in it.
        """
        self._manifest = manifest
        self._log = log
        self._identity: Identity | None = None
        self._written = 0
        self._converted = 0
        self._file = 0
        self._starts: dict[int, int] = {}
        self._marks: deque[_Mark] = deque()
        self._coarseness = 1

    def wrote(self, end: LogPosition, at_s: float) -> None:
        """Take note that the log now ends at a position, which never goes back."""
        if end.number != self._file:
            self._file = end.number
            self._starts[end.number] = self._written
        begin = self._written
        self._written = self._distance(end)
        if self._written > begin:
            self._mark(begin, at_s)

    def known_bytes(self) -> int:
        """What waited when last looked, and what was written since: never too little."""
        return self._written - self._converted

    def look(self) -> Waiting:
        """What waits now; reads the manifest where it has changed."""
        # One that cannot be read is its converter's to complain of; meanwhile nothing is converted.
        with suppress(OSError, StoreDamaged):
            identity = manifest_identity(self._manifest)
            if identity != self._identity:
                self._identity = identity
                self._reached(read_manifest(self._manifest).positions.get(self._log, LOG_START))
        if self._written == self._converted:
            self._marks.clear()
            self._coarseness = 1
            return Waiting()
        return Waiting(self.known_bytes(), self._marks[0].at_s if self._marks else None)

    def _mark(self, begin: int, at_s: float) -> None:
        if self._marks:
            last = self._marks[-1]
            near = begin - last.begin < _MARK_BYTES * self._coarseness
            if near and at_s - last.at_s < _MARK_S * self._coarseness:
                return
        if len(self._marks) == _MARKS:
            self._coarseness *= 2
            self._marks = deque(islice(self._marks, 0, None, 2))
        self._marks.append(_Mark(begin, at_s))

    def _distance(self, position: LogPosition) -> int:
        if position.number > self._file:
            return self._written  # a file that was opened and holds no record yet
        start = self._starts.get(position.number)
        return 0 if start is None else start + max(position.offset - FILE_HEADER_BYTES, 0)

    def _reached(self, position: LogPosition) -> None:
        self._converted = max(self._converted, self._distance(position))
        for old in [number for number in self._starts if number < position.number]:
            del self._starts[old]
        while len(self._marks) > 1 and self._marks[1].begin <= self._converted:
            self._marks.popleft()
