"""How fast a number grows, by the last seconds of it."""

from collections import deque

from otx.model.units import NS_PER_S

_WINDOW_NS = 3 * NS_PER_S


class Rate:
    """Growth a second over the last seconds."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self._seen: deque[tuple[int, int]] = deque()

    def after(self, now_unix_nano: int, count: int) -> float:
        """The rate, when at a time there were so many; 0 until that can be told."""
        if self._seen and now_unix_nano < self._seen[-1][0]:
            self._seen.clear()  # the clock was set back
        self._seen.append((now_unix_nano, count))
        while now_unix_nano - self._seen[0][0] > _WINDOW_NS:
            self._seen.popleft()
        then, before = self._seen[0]
        if now_unix_nano <= then:
            return 0.0
        return max(count - before, 0) * NS_PER_S / (now_unix_nano - then)
