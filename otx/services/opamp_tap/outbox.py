"""Events on their way to a screen or a file, which may be slower than the agents.

A terminal that is stopped, or a disk that hangs, must not stop the agents: what no longer fits is
not told, and counted.
"""

import threading
from collections import deque

from otx.services.opamp_tap.events import Event

MOST_EVENTS = 10_000
MOST_BYTES = 160 << 20
"""More than the largest message and its decoded form, so that one always fits."""
EVENT_BYTES = 512


class Outbox:
    """A queue with a limit; one thread puts, another takes."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._events: deque[Event] = deque()
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self.lost = 0

    def put(self, event: Event) -> None:
        """Add an event, or count it as lost."""
        size = _size(event)
        with self._changed:
            is_full = len(self._events) >= self._most_events
            if (
                self._is_closed
                or is_full
                or (self._events and self._bytes + size > self._most_bytes)
            ):
                self.lost += 1
                return
            self._events.append(event)
            self._bytes += size
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> Event | None:
        """The next event; None where none came in time, or none will come any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._is_closed, timeout_s)
            if not self._events:
                return None
            event = self._events.popleft()
            self._bytes -= _size(event)
            return event

    def close(self) -> None:
        """Take no more events; those that are there can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def is_done(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._is_closed and not self._events


def _size(event: Event) -> int:
    return EVENT_BYTES + 2 * len(event.data or b"")
