"""The thread behind a feed: looks a few times a second at whatever the current screen shows.

So neither a key press waits for a query nor a query for a key press, and a burst of a million
spans is one message. A look that takes long makes the next one wait longer: looking never costs
more than a quarter of a core.
"""

import threading
import time
from collections.abc import Callable
from typing import ClassVar, Protocol

from otx.tui.snapshot import Changed, Interest, RecordKind, SearchFault, Snapshot

INTERVAL_S = 0.15
_REST = 3
"""How many times as long as a look took the feed rests after it."""
LONGEST_REST_S = 1.0
"""A look that hung for a minute, on a disk or a stopped machine, must not blind for three."""


class Looker(Protocol):
    """Looks once; used by one thread."""

    def look(self, interest: Interest) -> Snapshot:
        """What there is to see now; a fault is part of it."""


class LookingFeed:
    """A feed that looks by itself and says what has changed.

    Args:
        looker: What looks.
        first: What is looked at before anybody has asked.
        interval_s: Least time between two looks.
        longest_rest_s: The most that a long look makes the next one wait.

    Attributes:
        screens: The screens it has something for, by name.
    """

    screens: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        looker: Looker,
        first: Interest,
        interval_s: float = INTERVAL_S,
        longest_rest_s: float = LONGEST_REST_S,
    ) -> None:
        self._looker = looker
        self._longest_rest_s = longest_rest_s
        self._interval_s = interval_s
        self._interest = first
        self._asked = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, listener: Callable[[Changed], object]) -> None:
        """Begin to look; `listener` is called from the feed's thread."""
        self._thread = threading.Thread(target=self._run, args=(listener,), name="otx-feed")
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        """Stop looking; returns when nothing will be said any more."""
        self._closed.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join()

    def ask(self, interest: Interest) -> None:
        """Look at this from now on, and at once."""
        self._interest = interest
        self._asked.set()

    def check_search(self, text: str, kind: RecordKind) -> SearchFault | None:
        """What is wrong with a search expression; None where nothing is."""
        return None

    def _run(self, listener: Callable[[Changed], object]) -> None:
        last: Snapshot | None = None
        while not self._closed.is_set():
            self._asked.clear()
            began = time.monotonic()
            snapshot = self._looker.look(self._interest)
            if snapshot != last and not self._closed.is_set():
                last = snapshot
                listener(Changed(snapshot))
            took_s = time.monotonic() - began
            self._asked.wait(max(self._interval_s, min(_REST * took_s, self._longest_rest_s)))
