"""How senders learn that they should come to an end, and how long they still have."""

import math
import threading
import time


class Drain:
    """Begins once; then what waits may be sent for a while, and nothing is waited for."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._ends_s = math.inf

    def begin(self, grace_s: float) -> None:
        """Let what waits be sent for some seconds more; the earliest end holds."""
        self._ends_s = min(self._ends_s, time.monotonic() + grace_s)
        self._begun.set()

    @property
    def is_begun(self) -> bool:
        """Whether an end was asked for."""
        return self._begun.is_set()

    @property
    def left_s(self) -> float:
        """Seconds until nothing may be sent any more."""
        return max(0.0, self._ends_s - time.monotonic())

    def wait(self, timeout_s: float) -> bool:
        """Wait until an end is asked for; whether it was."""
        return self._begun.wait(timeout_s)
