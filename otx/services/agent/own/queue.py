"""Items that wait to be sent, bounded, in the order in which they came."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from otx.services.agent.own.destination import Destination, Fate

T = TypeVar("T")

LONGEST = 1_000
MOST_AT_ONCE = 256
GATHER_S = 1.0
"""What comes within it goes in one request."""
WAIT_S, LONGEST_WAIT_S = 5.0, 60.0
"""Before a request is sent again; doubled each time."""


class Queue(Generic[T]):
    """Sends items in batches once there is somewhere to send to.

    Attributes:
        lost: Items that were pushed out by newer ones, or that the receiver refused.
    """

    def __init__(
        self, destination: Destination, encode: Callable[[Sequence[T], int], bytes]
    ) -> None:
        """A queue.

        Args:
            destination: Of all items.
            encode: From items, and how many before them are lost, to a request.
        """
        self.lost = 0
        self._destination = destination
        self._encode = encode
        self._items: deque[T] = deque(maxlen=LONGEST)
        self._told_lost = 0
        self._is_sending = 0
        self._news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def put(self, item: T) -> None:
        """Add one; the oldest makes room where there are too many."""
        if len(self._items) == LONGEST:
            self.lost += 1
            self._is_sending = max(0, self._is_sending - 1)
        self._items.append(item)
        self._news.set()

    async def run(self, wait_s: float = WAIT_S) -> None:
        """Send until cancelled."""
        pause_s = wait_s
        while True:
            await self._destination.wait_aimed()
            if not self._items:
                self._news.clear()
                await self._news.wait()
                await asyncio.sleep(GATHER_S)
            if await self._send():
                pause_s = wait_s
            else:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_WAIT_S)

    async def flush(self) -> None:
        """Send what waits, once, where it can be sent at all."""
        while self._items and await self._send():
            pass

    async def _send(self) -> bool:
        """Send the oldest; whether they are off the queue."""
        async with self._one_at_a_time:
            return await self._send_oldest()

    async def _send_oldest(self) -> bool:
        batch = list(islice(self._items, MOST_AT_ONCE))
        if not batch:
            return True
        lost = self.lost
        self._is_sending = len(batch)
        fate = await self._destination.deliver(self._encode(batch, lost - self._told_lost))
        if fate is Fate.LATER:
            return False
        if fate is Fate.REFUSED:
            self.lost += self._is_sending
        else:
            self._told_lost = lost
        for _ in range(self._is_sending):
            self._items.popleft()
        return True
