"""Bytes that calls in hand may take together; who finds none left waits, and then comes again.

The gRPC library tells a message's size when all of it is there. So a call takes what the largest
message needs before it asks for its own, and gives back what that did not need: a burst of small
ones waits for moments, and messages of the largest size cannot come all at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from otx.otlp.refusal import Reason, Refusal


class Share:
    """What one call has of a budget."""

    def __init__(self, budget: "Budget", size: int) -> None:
        self._budget = budget
        self._size = size

    def shrink(self, size: int) -> None:
        """Keep `size` bytes, or what it has where that is less."""
        spare = max(self._size - size, 0)
        self._size -= spare
        self._budget.give_back(spare)


class Budget:
    """So many bytes, in shares. Any thread may take one."""

    def __init__(self, size: int, wait_s: float) -> None:
        """Have all bytes free.

        Args:
            size: In bytes, of all shares together.
            wait_s: How long one waits for a share.
        """
        self._free = size
        self._wait_s = wait_s
        self._room = threading.Condition()

    @contextmanager
    def share(self, size: int) -> Iterator[Share]:
        """A share of `size` bytes, given back at the end.

        Raises:
            Refusal: `Reason.TOO_MUCH_AT_ONCE`: there was no room in time.
        """
        with self._room:
            if not self._room.wait_for(lambda: self._free >= size, self._wait_s):
                raise Refusal(Reason.TOO_MUCH_AT_ONCE, "too much is being received at once")
            self._free -= size
        taken = Share(self, size)
        try:
            yield taken
        finally:
            taken.shrink(0)

    def give_back(self, size: int) -> None:
        """Free what a share does not need."""
        with self._room:
            self._free += size
            self._room.notify_all()
