"""How a command that runs until it is stopped learns that it should stop.

The first INT or TERM asks for a clean end (exit 0 after draining); the second ends the process
at once with 130 or 143.
"""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Self

from otx.errors import ExitCode


class StopSignal:
    """A context in which INT and TERM set a flag instead of ending the process."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask for a stop from within: a count is reached, a duration is over."""
        self._asked.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until a stop is asked for; whether it was."""
        return self._asked.wait(timeout_s)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            os._exit(ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED)
        self._asked.set()
