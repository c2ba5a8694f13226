"""How many traces a store holds, counted seldom enough to be cheap.

A trace may be in any of a store's segments, so that counting reads the id of every span: a second
for ten million. While spans come in, what was counted last is shown until the time that counting
took is a twentieth of what has passed.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otx.store.reader import Store, StoreVersion

_REST = 20
"""How many times as long as counting took there is no counting after it."""


class TraceCount:
    """The number of traces in a store, and whether that may be another by now."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Count nothing yet.

        Args:
            now_s: A clock that only goes forward.
        """
        self._now_s = now_s
        self._count = 0
        self._counted: StoreVersion | None = None
        self._due_s = 0.0

    def of(self, store: "Store") -> int:
        """The number that was counted last, or now where it is time."""
        began_s = self._now_s()
        version = store.version()
        if version != self._counted and began_s >= self._due_s:
            self._count, self._counted = store.trace_count(), version
            ended_s = self._now_s()
            self._due_s = ended_s + _REST * (ended_s - began_s)
        return self._count

    def is_due(self, store: "Store") -> bool:
        """Whether the number is old and it is time to count again."""
        return self._now_s() >= self._due_s and store.version() != self._counted
