"""Where the agent and its process write to: stderr, or a file that does not grow without end."""

import os
from datetime import UTC, datetime
from pathlib import Path

LARGEST_BYTES = 10 << 20
KEPT = 3
"""Files beside the newest: `.1` is the one before it."""


class LogFile:
    """Lines of the agent, and what its process writes as it is.

    A file is rotated by itself when it has `LARGEST_BYTES`, and opened again by `reopen` for those
    who rotate from outside.
    """

    def __init__(self, path: str, largest_bytes: int = LARGEST_BYTES) -> None:
        self._path = Path(path) if path else None
        self._largest_bytes = largest_bytes
        self._number = 2
        self._size = 0
        self.reopen()

    def line(self, text: str) -> None:
        """Write a line of the agent's own, with the time."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        first, *rest = text.splitlines() or [""]
        lines = [f"{now} otx agent: {first}", *(f"    {one}" for one in rest)]
        self.raw(("\n".join(lines) + "\n").encode())

    def raw(self, content: bytes) -> None:
        """Write bytes as they are. A full disk loses log lines, never the agent."""
        if self._path is not None and self._size + len(content) > self._largest_bytes:
            self._rotate(self._path)
        try:
            os.write(self._number, content)
            self._size += len(content)
        except OSError:
            return

    def reopen(self) -> None:
        """Open the file anew: it may have been moved away."""
        if self._path is None:
            return
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            number = os.open(self._path, flags, 0o640)
        except OSError:
            return
        if self._number != 2:
            os.close(self._number)
        self._number = number
        self._size = os.fstat(number).st_size

    def _rotate(self, path: Path) -> None:
        try:
            for age in range(KEPT, 0, -1):
                older = path.with_name(f"{path.name}.{age}")
                newer = path.with_name(f"{path.name}.{age - 1}") if age > 1 else path
                if newer.exists():
                    newer.replace(older)
        except OSError:
            return
        self.reopen()
