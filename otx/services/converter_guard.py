"""Keeps a process running beside a receiver, and says so when it has to be started again."""

import subprocess
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

_HEALTHY_S = 60.0
"""A converter that lived this long did not fail for what failed the one before."""
_RETRY_S = 1.0
_LONGEST_RETRY_S = 60.0
_STOP_TIMEOUT_S = 20.0


def _terminate(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()


class ConverterGuard:
    """Starts the store's converter and starts it again when it dies.

    A context: on leaving, the converter drains what is in the log and ends. Everything is called
    from the thread that made the guard, because the converter ends with it.
    """

    def __init__(
        self,
        start: Callable[[], "subprocess.Popen[bytes]"],
        warn: Callable[[str], None],
        retry_s: float = _RETRY_S,
        name: str = "the converter",
        left: str = "what it left is converted next time",
        ask_to_end: Callable[["subprocess.Popen[bytes]"], None] = _terminate,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to start converters.

        Args:
            start: Starts one; it waits while another process converts.
            warn: Says what went wrong.
            retry_s: How long to wait after one has died; twice as long after each that follows
                soon, up to a minute.
            name: What is started, for people.
            left: What becomes of its work where it has to be killed.
            ask_to_end: Asks one to finish what it has to do and end.
            clock: Seconds that only go forward.
        """
        self._start = start
        self._warn = warn
        self._retry_s = retry_s
        self._name = name
        self._left = left
        self._ask_to_end = ask_to_end
        self._clock = clock
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
        self._ask_to_end(self._process)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._warn(f"{self._name} did not end in time; {self._left}")
            self._process.kill()
            self._process.wait()
        _close_input(self._process)

    def check(self) -> None:
        """Start a converter where none runs; cheap, and called about every second."""
        now = self._clock()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._ended(self._process, code, now)
        if self._process is None and now >= self._next_try_s:
            self._process = self._start()
            self._started_s = now

    def _ended(self, process: "subprocess.Popen[bytes]", code: int, now: float) -> None:
        _close_input(process)
        self._process = None
        self._failures = 1 if now - self._started_s > _HEALTHY_S else self._failures + 1
        wait_s = min(self._retry_s * 2 ** (self._failures - 1), _LONGEST_RETRY_S)
        self._next_try_s = now + wait_s
        self.restarts += 1
        again = f" in {wait_s:.0f} s" if self._failures > 1 else ""
        self._warn(f"{self._name} ended with {code}; it is started again{again}")


def _close_input(process: "subprocess.Popen[bytes]") -> None:
    """Close the pipe by which a converter sees that we live."""
    if process.stdin is not None:
        process.stdin.close()
