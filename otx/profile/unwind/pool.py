"""Stretches of a BPF array: which are taken, which are free, which rest before they are free.

BPF programs read the array while it is changed. What is given back may still be read by a program
that found it a moment before, and what it found is remembered until the second or so ends in
which it did (bpf/rules_found.h), so it rests for longer before anything else is put there.
"""

from collections import deque
from collections.abc import Callable, Iterable

REST_NS = 1_200_000_000
"""More than 2^NEEDED_SHIFT of bpf/unwind.h."""


class StretchPool:
    """Hands out stretches of `size` elements, first fit.

    Args:
        clock_ns: A monotonic clock.
    """

    def __init__(self, size: int, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._free = [(0, size)]
        self._resting: deque[tuple[int, int, int]] = deque()

    def take(self, count: int) -> int | None:
        """The first element of `count` free ones in a row; None where there are none."""
        self._wake()
        for index, (first, length) in enumerate(self._free):
            if length >= count:
                if length == count:
                    del self._free[index]
                else:
                    self._free[index] = (first + count, length - count)
                return first
        return None

    def will_fit(self, count: int) -> bool:
        """Whether there will be so many in a row once what was given back has rested."""
        resting = ((first, length) for _, first, length in self._resting)
        return any(length >= count for _, length in _joined([*self._free, *resting]))

    def give_back(self, first: int, count: int) -> None:
        """Let a stretch rest, then be free."""
        if count:
            self._resting.append((self._clock_ns() + REST_NS, first, count))

    def _wake(self) -> None:
        now_ns = self._clock_ns()
        woken = False
        while self._resting and self._resting[0][0] <= now_ns:
            _, first, count = self._resting.popleft()
            self._free.append((first, count))
            woken = True
        if woken:
            self._free = _joined(self._free)


def _joined(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches in order, neighbours as one."""
    joined: list[tuple[int, int]] = []
    for first, count in sorted(stretches):
        if joined and sum(joined[-1]) == first:
            joined[-1] = (joined[-1][0], joined[-1][1] + count)
        else:
            joined.append((first, count))
    return joined
