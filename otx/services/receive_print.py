"""Shows requests as they come, beside the road that keeps them.

What is printed may be what the user is after (`--print jsonl` into a file), so nothing is left
out in silence: room for a request is reserved before it is taken, and where there is none the
sender is told to come again.
"""

import queue
import threading
from collections.abc import Callable

from otx.otlp.decode import Request, parse_protobuf
from otx.otlp.encode import to_json

CAPACITY_BYTES = 64 << 20


class Printer:
    """Writes acknowledged requests as OTLP JSON, on a thread of its own.

    At most `CAPACITY_BYTES` of request bodies wait; beyond it `reserve` says no.
    """

    def __init__(
        self, write: Callable[[str], None], *, indent: bool, on_closed: Callable[[], None]
    ) -> None:
        """Start printing.

        Args:
            write: Writes one piece of text that ends in no newline.
            indent: For people: each request over many lines.
            on_closed: Called once when nobody reads any more (a closed pipe).
        """
        self._write = write
        self._indent = indent
        self._on_closed = on_closed
        self._lock = threading.Lock()
        self._reserved_bytes = 0
        self._queue: queue.SimpleQueue[tuple[Request, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="print", daemon=True)
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
        """Print a request for which room was reserved: so many bytes, which are given back."""
        self._queue.put((request, reserved))

    def close(self) -> None:
        """Print what waits and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while (waiting := self._queue.get()) is not None:
            request, reserved = waiting
            try:
                if is_open:
                    self._print(request)
            except BrokenPipeError:
                is_open = False
                self._on_closed()
            finally:
                self.release(reserved)

    def _print(self, request: Request) -> None:
        message = parse_protobuf(request.signal, request.body)
        self._write(to_json(message, indent=self._indent).decode())
