"""What a command writes while a screen has the terminal: held, and written when that is free again.

Of more than 64 KiB the last are kept, and how much is missing before them is said: a command may
write for hours. What it writes later passes through.
"""

import os
import threading
from collections import deque
from types import TracebackType
from typing import Self

from otx.environment import Environment
from otx.model.units import format_size

LIMIT = 64 << 10
_CHUNK = 16 << 10
_PATIENCE_S = 1.0
"""How long the end of the output is waited for when the command has ended: what it has started
may hold the pipe for ever."""


class HeldOutput:
    """A pipe for a command's output; entering it, once the command is forked, begins to read.

    Attributes:
        writer: The pipe's end for the command.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._reader, self.writer = os.pipe()
        self._held: deque[bytes] = deque()
        self._size = self._dropped = 0
        self._is_held = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="command-output", daemon=True)

    def __enter__(self) -> Self:
        os.close(self.writer)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
        self._thread.join(_PATIENCE_S)

    def release(self) -> None:
        """Write what was held, and from now on whatever comes."""
        with self._lock:
            self._is_held = False
            if self._dropped:
                self._write(f"[{format_size(self._dropped)} of output are left out]\n".encode())
            while self._held:
                self._write(self._held.popleft())
            self._dropped = 0

    def _read(self) -> None:
        with os.fdopen(self._reader, "rb", buffering=0) as pipe:
            while chunk := pipe.read(_CHUNK):
                with self._lock:
                    if self._is_held:
                        self._hold(chunk)
                    else:
                        self._write(chunk)

    def _hold(self, chunk: bytes) -> None:
        self._held.append(chunk)
        self._size += len(chunk)
        while self._size - len(self._held[0]) >= LIMIT:
            oldest = len(self._held.popleft())
            self._size -= oldest
            self._dropped += oldest

    def _write(self, data: bytes) -> None:
        self._environment.stdout.buffer.write(data)
        self._environment.stdout.buffer.flush()
