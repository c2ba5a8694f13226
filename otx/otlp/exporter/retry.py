"""How long to wait before a request is sent again."""

import random
from dataclasses import dataclass, field

_FIRST_S = 0.5
_FACTOR = 1.5
_MOST_S = 30.0
_SPREAD = 0.5


@dataclass(slots=True)
class Backoff:
    """Exponential backoff with jitter, which the exporter specification asks for.

    Attributes:
        give_up_after_s: Waiting in all, for one request.
    """

    give_up_after_s: float
    rng: random.Random = field(default_factory=random.Random)
    _next_s: float = _FIRST_S
    _waited_s: float = 0.0

    def wait_s(self, asked_s: float | None) -> float | None:
        """Seconds to wait now; None to give up.

        Args:
            asked_s: What the destination asked for, which then holds.
        """
        jitter = self.rng.uniform(1 - _SPREAD, 1 + _SPREAD)
        chosen_s = self._next_s * jitter if asked_s is None else asked_s
        self._next_s = min(self._next_s * _FACTOR, _MOST_S)
        if self._waited_s + chosen_s > self.give_up_after_s:
            return None
        self._waited_s += chosen_s
        return chosen_s
