"""Notices that what a receiver forwards comes back to it, by whatever names and ways.

Whoever forwards says in a header who it is, and whose requests it was sent lately: the ids of its
own receiver and of those before it. A receiver that finds its own id there would send on what it
has sent already, for ever, and refuses. So one receiver of a ring at least is refused by the next,
whatever its length. Ids are random and live as long as their process; other receivers ignore the
header, and what passes it on not (a Collector between two receivers) hides what came before.
"""

import re
import threading
import time
from collections.abc import Callable

from otx.otlp.refusal import Reason, Refusal

HEADER = "otx-forwarded-by"
"""Of HTTP and, as metadata, of gRPC."""
MOST_IDS = 64
"""Of a header that is read or written; beyond it those are forgotten that were silent longest."""
_REMEMBERED_S = 600.0
_ID = re.compile("[0-9a-f]{16}", re.ASCII)


class LoopGuard:
    """Who sends to a receiver that forwards. Called from any thread.

    Attributes:
        on_news: Called when somebody new was heard of, before the request is let in.
    """

    def __init__(self, own_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody.

        Args:
            own_id: 16 hex digits that no other receiver has.
            clock: Seconds.
        """
        self._own_id = own_id
        self._clock = clock
        self._heard: dict[str, float] = {}
        """When each of those before us was last heard of, the latest last."""
        self._lock = threading.Lock()
        self.on_news: Callable[[], None] = lambda: None

    def admit(self, header: str) -> None:
        """Let a request in that says who forwarded it; "" for one that says nothing.

        Raises:
            Refusal: `Reason.LOOP`.
        """
        if not header:
            return
        ids = _ID.findall(header[: 32 * MOST_IDS])[:MOST_IDS]
        if self._own_id in ids:
            others = len(ids) - 1
            way = f" by way of {others} other receiver{'s' * (others > 1)}" if others else ""
            raise Refusal(
                Reason.LOOP,
                f"what this receiver forwards would come back to it{way}, and go round for ever: "
                "take one --forward out of the ring",
            )
        now = self._clock()
        with self._lock:
            is_news = not self._heard.keys() >= set(ids)
            for one in ids:
                self._heard.pop(one, None)
                self._heard[one] = now
        if is_news:
            self.on_news()

    def header(self) -> str:
        """What to say with what is forwarded."""
        since = self._clock() - _REMEMBERED_S
        with self._lock:
            known = [one for one, heard in self._heard.items() if heard >= since]
            self._heard = {one: self._heard[one] for one in known[1 - MOST_IDS :]}
            return " ".join([self._own_id, *sorted(self._heard)])
