"""What is done with requests beside the road that keeps them: shown, copied to a file.

It may be what the user is after (`--print jsonl` into a file), so nothing is left out in silence:
room for a request is reserved before it is taken, and where there is none the sender is told to
come again.
"""

import queue
import threading
from collections.abc import Callable

from otx.otlp.decode import Request

CAPACITY_BYTES = 64 << 20


class Beside:
    """Hands acknowledged requests on, one after the other, on a thread of its own.

    At most `CAPACITY_BYTES` of request bodies wait; beyond it `reserve` says no.

    Attributes:
        is_behind: What a sender is told when there is no room.
    """

    def __init__(self, hand_on: Callable[[Request], None], name: str, is_behind: str) -> None:
        """Start the thread.

        Args:
            hand_on: Called with each request; it must not raise.
            name: The thread's.
            is_behind: See the attribute.
        """
        self.is_behind = is_behind
        self._hand_on = hand_on
        self._lock = threading.Lock()
        self._reserved_bytes = 0
        self._queue: queue.SimpleQueue[tuple[Request, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def reserve(self, size: int) -> bool:
        """Keep room for a request of some bytes; False when there is none now."""
        with self._lock:
            if self._reserved_bytes and self._reserved_bytes + size > CAPACITY_BYTES:
                return False
            self._reserved_bytes += size
            return True

    def release(self, size: int) -> None:
        """Give room back."""
        with self._lock:
            self._reserved_bytes -= size

    def put(self, request: Request, reserved: int) -> None:
        """Hand on a request for which room was reserved: so many bytes, which are given back."""
        self._queue.put((request, reserved))

    def close(self) -> None:
        """Hand on what waits and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (waiting := self._queue.get()) is not None:
            request, reserved = waiting
            try:
                self._hand_on(request)
            finally:
                self.release(reserved)
