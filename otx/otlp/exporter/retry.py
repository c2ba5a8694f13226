"""How long to wait before a request is sent again."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_FIRST_S = 0.5
_FACTOR = 1.5
_MOST_S = 30.0
_SPREAD = 0.5
_LEAST_ASKED_S = 0.01
"""Who asks for less, or for a time that has passed, says only that it may be soon. To obey would
be a flood for somebody who has too much already."""


@dataclass(slots=True)
class Backoff:
    """Exponential backoff with jitter, which the exporter specification asks for.

    Attributes:
        give_up_after_s: Tries and waits in all, for one request.
        clock: Seconds that only go forward.
    """

    give_up_after_s: float
    rng: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.monotonic
    _next_s: float = _FIRST_S
    _waited_s: float = 0.0
    _began_s: float = 0.0

    def __post_init__(self) -> None:
        self._began_s = self.clock()

    def wait_s(self, asked_s: float | None) -> float | None:
        """Seconds to wait now; None to give up.

        Args:
            asked_s: What the destination asked for, which then holds if it is a time to come.
        """
        jitter = self.rng.uniform(1 - _SPREAD, 1 + _SPREAD)
        chosen_s = self._next_s * jitter
        if asked_s is not None and asked_s >= _LEAST_ASKED_S:
            chosen_s = asked_s
        self._next_s = min(self._next_s * _FACTOR, _MOST_S)
        spent_s = max(self._waited_s, self.clock() - self._began_s)
        if spent_s + chosen_s > self.give_up_after_s:
            return None
        self._waited_s += chosen_s
        return chosen_s
