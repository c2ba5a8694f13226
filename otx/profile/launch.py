"""Starts a command so that its first instruction can be sampled.

The child waits at a gate until the profiler is attached, and only then becomes the command. A
second pipe, which the exec closes, carries the reason where there is no such command.
"""

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from otx.errors import UsageError

_DEFAULTED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)
"""Signals whose handling in this process is not the command's business."""

_OPEN = b"\0"


class GatedCommand:
    """A command that is about to run.

    Args:
        words: The program and its arguments, as a shell passes them.
        output: A descriptor for what it writes, and then it has nothing to read; None: this
            process's own streams.
    """

    def __init__(self, words: Sequence[str], output: int | None = None) -> None:
        self._words = list(words)
        self._status: int | None = None
        gate_out, self._gate = os.pipe()
        self._failure, failure_in = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(self._words, output, gate_out, failure_in, (self._gate, self._failure))
        os.close(gate_out)
        os.close(failure_in)

    def release(self) -> None:
        """Let it run.

        Raises:
            UsageError: There is no such command, or it cannot be run.
        """
        os.write(self._gate, _OPEN)
        os.close(self._gate)
        with os.fdopen(self._failure, "rb") as failure:
            reason = failure.read().decode("utf-8", "replace")
        if reason:
            self.wait()
            raise UsageError(f"cannot run {self._words[0]}: {reason}")

    def poll(self) -> int | None:
        """The exit code, 128 and the signal's number where one ended it; None while it runs."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid == self.pid:
                self._status = status
        return self._code()

    def wait(self) -> int:
        """The exit code, once it has ended."""
        while self._status is None:
            pid, status = os.waitpid(self.pid, 0)
            if pid == self.pid:
                self._status = status
        code = self._code()
        return 0 if code is None else code

    def forward(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def abandon(self) -> None:
        """End it where it never was to run: the gate is closed without a word."""
        os.close(self._gate)
        os.close(self._failure)
        self.wait()

    def _code(self) -> int | None:
        if self._status is None:
            return None
        code = os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else 128 - code


def _become(
    words: list[str], output: int | None, gate: int, failure: int, others: tuple[int, int]
) -> NoReturn:
    """In the child: wait for the gate, then exec. Nothing here may return or raise."""
    try:
        for descriptor in others:
            os.close(descriptor)
        for number in _DEFAULTED:
            signal.signal(number, signal.SIG_DFL)
        if os.read(gate, 1) != _OPEN:
            os._exit(0)
        if output is not None:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for stream in (1, 2):
                os.dup2(output, stream)
        os.execvp(words[0], words)  # noqa: S606, it is what the user asked for
    except OSError as error:
        os.write(failure, (error.strerror or "unknown").encode())
    finally:
        sys.stderr.flush()
        os._exit(127)
