"""How a command that runs until it is stopped learns that it should stop.

The first INT or TERM asks for a clean end (exit 0 after draining); the second ends the process
at once with 130 or 143. The kernel's signals are read from a pipe by a thread of their own, so
that one that comes just before a blocking call is not missed, and the second one works however
busy the main thread is.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from otx.errors import ExitCode

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class StopSignal:
    """A context in which INT and TERM set a flag instead of ending the process.

    Signals can be taken over by the main thread only, so enter it there.

    Attributes:
        number: The signal that asked for the stop; None where none did.
    """

    def __init__(self) -> None:
        self.number: signal.Signals | None = None
        self._asked = threading.Event()
        self._before: dict[signal.Signals, signal._HANDLER] = {}
        self._former_wakeup = -1
        self._writer = -1
        self._thread: threading.Thread | None = None
        self._on_hangup: Callable[[], None] | None = None
        self._terminals: list[int] = []

    def __enter__(self) -> Self:
        reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._former_wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in _CODES:
            self._before[number] = signal.signal(number, _leave_to_the_pipe)
        self._thread = threading.Thread(
            target=self._listen, args=(reader,), name="signals", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_wakeup)
        os.close(self._writer)
        if self._thread is not None:
            self._thread.join()

    @property
    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked.is_set()

    def hear_hangup(self, then: Callable[[], None]) -> None:
        """Call something at every HUP, on the thread that reads signals; it must not raise.

        Where the terminal is gone HUP asks for a stop instead: nobody would ever press Ctrl-C.
        Call it from the main thread, within the context.
        """
        self._on_hangup = then
        self._terminals = [stream for stream in (1, 2) if os.isatty(stream)]
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, _leave_to_the_pipe)

    def ask(self) -> None:
        """Ask for a stop from within: a count is reached, a duration is over."""
        self._asked.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until a stop is asked for; whether it was."""
        return self._asked.wait(timeout_s)

    def _listen(self, reader: int) -> None:
        """Read signal numbers until the writing end is closed."""
        signalled = False
        with open(reader, "rb", buffering=0) as pipe:
            while received := pipe.read(1):
                if received[0] == signal.SIGHUP:
                    self._hung_up()
                if received[0] not in _CODES:
                    continue
                if signalled:
                    os._exit(_CODES[signal.Signals(received[0])])
                signalled = True
                self.number = signal.Signals(received[0])
                self._asked.set()

    def _hung_up(self) -> None:
        gone = [stream for stream in self._terminals if not os.isatty(stream)]
        for stream in gone:
            # Writing to a terminal that is gone fails, and there is still something to drain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        if gone:
            self._asked.set()
        elif self._on_hangup is not None:
            self._on_hangup()


def _leave_to_the_pipe(number: int, frame: FrameType | None) -> None:
    """Let the interpreter write the number to the wake-up descriptor, and do no more."""
