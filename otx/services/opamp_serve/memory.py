"""When the server collects garbage: a pause is a late answer for every agent.

Looking through everything that ten thousand connections hold takes CPython most of a second. What
lives long is therefore taken out of the collector's sight soon after it came (`gc.freeze`), the
youngest are collected little and often, and everything is looked at only when so many connections
have ended that there is something to find, or after some hours.
"""

import gc

YOUNG = (1_000, 10, 1_000_000_000)
"""Thresholds of the three generations; the oldest is left to `Housekeeping`."""
FEW = 500
"""Connections that came, from which on they are taken out of sight."""
MANY = 5_000
"""Connections that ended, from which on everything is looked at."""
LONG_S = 6 * 3600


class Housekeeping:
    """Collects for a server, told once a second how many connections came and went."""

    def __init__(self, now_s: float) -> None:
        self._frozen_at = 0
        self._swept_at = 0
        self._swept_s = now_s

    def settle(self) -> None:
        """Begin, when everything is imported and loaded."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(*YOUNG)

    def tick(self, opened: int, closed: int, now_s: float) -> str:
        """Do what is due, given all connections so far; what was done: "", "freeze" or "sweep"."""
        is_late = now_s - self._swept_s > LONG_S
        if is_late or closed - self._swept_at >= max(MANY, 2 * (opened - closed)):
            self._swept_at, self._frozen_at, self._swept_s = closed, opened, now_s
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            return "sweep"
        if opened - self._frozen_at >= FEW:
            self._frozen_at = opened
            gc.freeze()
            return "freeze"
        return ""
