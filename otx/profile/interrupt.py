"""What a timer interrupt costs whom it interrupts, measured on this thread.

The BPF program times itself, but not the interrupt that runs it: entering the kernel, the timer's
and the event's bookkeeping, and the way back, which in virtual machines is most of a sample's cost.
So this thread looks at the clock without pause while an event of the same kind ticks for it: what
takes the processor away shows as a gap between two looks. How often the event ticked is known from
the processor time this thread had; other programs' turns are longer gaps, and whatever else the
kernel does is a shorter one, so of the gaps between, the longest are the event's: as many as ticks.

The event ticks a thousand times a second. More often, it is cheaper than it will be for a target,
because what it needs is in the caches still (17 µs against 27 on one machine at 4 and at 1 kHz).
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from otx.errors import MachineError
from otx.model.units import NS_PER_S
from otx.profile.perf_event import open_own_clock

Ticking = Callable[[int], AbstractContextManager[None]]

_RATE_HZ = 1_000
_WINDOW_NS, _MOST_WINDOWS = 10_000_000, 20
_ENOUGH_NS = 30_000_000
_LEAST_TICKS = 8
_LEAST_NS, _MOST_NS = 2_000, 200_000
"""Two looks are 0.1 µs apart; what takes longer than 0.2 ms is another program."""


@contextmanager
def own_clock(frequency_hz: int) -> Iterator[None]:
    """Have an event tick for this thread; nothing is attached to it.

    Raises:
        OSError: The kernel refuses.
    """
    event = open_own_clock(frequency_hz)
    try:
        yield
    finally:
        os.close(event)


class InterruptGauge:
    """Measures what a timer interrupt costs, a moment at a time.

    Whoever looks has other things to do: processes that live for a tenth of a second are to be
    named while they do. So each `look` takes 10 ms, and three to twenty of them are needed.

    Args:
        ticking: Has this thread interrupted so often meanwhile.
    """

    def __init__(self, ticking: Ticking = own_clock) -> None:
        self._ticking = ticking
        self._gaps: list[int] = []
        self._had_ns = 0
        self._windows_left = _MOST_WINDOWS
        self._cost_ns: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether enough was seen, or looking on is of no use."""
        return self._had_ns >= _ENOUGH_NS or not self._windows_left

    @property
    def cost_ns(self) -> int | None:
        """The median cost in nanoseconds; None where it could not be seen, or not yet."""
        return self._cost_ns

    def look(self) -> None:
        """See what takes the processor away from this thread for 10 ms."""
        self._windows_left -= 1
        try:
            with self._ticking(_RATE_HZ):
                began_ns = time.thread_time_ns()
                self._gaps += gaps_between_looks(time.perf_counter_ns, _WINDOW_NS)
                self._had_ns += time.thread_time_ns() - began_ns
        except (OSError, MachineError):
            self._windows_left = 0
        if self.is_done:
            self._cost_ns = cost_of(self._gaps, self._had_ns * _RATE_HZ // NS_PER_S)


def gaps_between_looks(clock_ns: Callable[[], int], window_ns: int) -> list[int]:
    """The times between two looks at a clock that were longer than looks take."""
    gaps: list[int] = []
    last_ns = clock_ns()
    ends_ns = last_ns + window_ns
    while last_ns < ends_ns:
        now_ns = clock_ns()
        if now_ns - last_ns > _LEAST_NS:
            gaps.append(now_ns - last_ns)
        last_ns = now_ns
    return gaps


def cost_of(gaps: Sequence[int], ticks: int) -> int | None:
    """The median cost of so many ticks among gaps; None where too few were seen."""
    events = sorted((gap for gap in gaps if gap <= _MOST_NS), reverse=True)[:ticks]
    return round(statistics.median(events)) if len(events) >= _LEAST_TICKS else None
