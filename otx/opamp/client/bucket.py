"""A limit on how often something is done: so many at once, then one each interval."""


class Bucket:
    """Tokens that come back with time; the clock is the caller's."""

    def __init__(self, burst: int, refill_ns: int) -> None:
        """Hold `burst` tokens; a used one is back after `refill_ns`."""
        self._burst = burst
        self._refill_ns = refill_ns
        self._full_at_ns = 0

    def ready_at_ns(self) -> int:
        """When a token can be taken; a time in the past means now."""
        return self._full_at_ns - (self._burst - 1) * self._refill_ns

    def take(self, now_ns: int) -> bool:
        """Take a token, if there is one."""
        if now_ns < self.ready_at_ns():
            return False
        self._full_at_ns = max(self._full_at_ns, now_ns) + self._refill_ns
        return True
