"""When to try again: at once after a loss, then with growing pauses, never sooner than told.

The specification asks for exponential backoff with jitter, for Retry-After to be honoured, and
recommends 30 s as the smallest interval where a server is overloaded and names no time.
"""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

NS_PER_S = 1_000_000_000
FIRST_NS = NS_PER_S
LONGEST_NS = 300 * NS_PER_S
THROTTLED_NS = 30 * NS_PER_S
"""The least pause after 429, 503 or Unavailable without a time."""
LONGEST_TOLD_NS = 3600 * NS_PER_S
"""A server can keep an agent away for an hour, not for good."""
STEADY_NS = 10 * NS_PER_S
"""A connection that stood so long counts as one; a shorter one is a failed attempt."""


class Backoff:
    """Counts failed attempts; the clock and the randomness are the caller's."""

    def __init__(self, random: Callable[[], float]) -> None:
        """Take `random` for numbers in [0, 1)."""
        self._random = random
        self._failures = 0
        self._up_since_ns: int | None = None

    def up(self, now_ns: int) -> None:
        """The connection stands."""
        self._up_since_ns = now_ns

    def down(self, now_ns: int, *, told_ns: int | None = None, throttled: bool = False) -> int:
        """How many nanoseconds to wait after a loss or a failed attempt.

        Args:
            told_ns: What the server asked for by Retry-After or retry_info.
            throttled: It is overloaded, whether it named a time or not.
        """
        if self._up_since_ns is not None and now_ns - self._up_since_ns >= STEADY_NS:
            self._failures = 0
        self._up_since_ns = None
        pause_ns = self._pause_ns()
        self._failures += 1
        if told_ns is not None:
            told_ns = min(told_ns, LONGEST_TOLD_NS)
            return max(pause_ns, told_ns + round(told_ns * 0.1 * self._random()))
        if throttled:
            return max(pause_ns, round(THROTTLED_NS * (1 + 0.5 * self._random())))
        return pause_ns

    def _pause_ns(self) -> int:
        if not self._failures:
            return 0
        doubled_ns = min(FIRST_NS << min(self._failures - 1, 20), LONGEST_NS)
        return round(doubled_ns * (0.5 + 0.5 * self._random()))


def parse_retry_after(text: str | None, now_unix_ns: int) -> int | None:
    """Nanoseconds that a Retry-After header asks for: seconds, or a date (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:12]) * NS_PER_S, LONGEST_TOLD_NS)
    try:
        date = parsedate_to_datetime(text)
        unix_s = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0, round(unix_s * NS_PER_S) - now_unix_ns)
