"""Keeps a converter running beside a receiver, and says so when it has to be started again."""

import subprocess
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

MAX_FAILURES = 5
"""In a row; then the log is only written, and the next receiver or `otx store` converts it."""
_HEALTHY_S = 60.0
"""A converter that lived this long did not fail for what failed the one before."""
_RETRY_S = 1.0
_STOP_TIMEOUT_S = 20.0


class ConverterGuard:
    """Starts the store's converter and starts it again when it dies.

    A context: on leaving, the converter drains what is in the log and ends. Everything is called
    from the thread that made the guard, because the converter ends with it.
    """

    def __init__(
        self, start: Callable[[], "subprocess.Popen[bytes]"], warn: Callable[[str], None]
    ) -> None:
        """Prepare to start converters.

        Args:
            start: Starts one; it waits while another process converts.
            warn: Says what went wrong.
        """
        self._start = start
        self._warn = warn
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._next_try_s = 0.0
        self._failures = 0
        self.restarts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._warn("the converter did not end in time; what it left is converted next time")
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        """Start a converter where none runs; cheap, and called about every second."""
        now = time.monotonic()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._ended(code, now)
        if self._process is None and now >= self._next_try_s and self._failures < MAX_FAILURES:
            self._process = self._start()
            self._started_s = now

    def _ended(self, code: int, now: float) -> None:
        self._process = None
        self._next_try_s = now + _RETRY_S
        self._failures = 1 if now - self._started_s > _HEALTHY_S else self._failures + 1
        if self._failures >= MAX_FAILURES:
            self._warn(f"the converter ended {self._failures} times; what comes stays in the log")
            return
        self.restarts += 1
        self._warn(f"the converter ended with {code}; it is started again")
