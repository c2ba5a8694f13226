"""What sampling costs its target, and how it is kept below a bound.

A sample costs what its timer interrupt costs, calibrated once on this machine (`interrupt.py`), and
what the BPF program took, which it measures itself while it runs. The target's processor time is
known by the samples themselves: each stands for the time from one to the next. So the share that
sampling takes is the same however busy the target is, and needs nobody to switch it off and on.
What is not in it is what a sample pushes out of caches; `otx profile --self-test` sees that too.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from otx.model.units import NS_PER_S
from otx.profile.interrupt import InterruptGauge

DEFAULT_BOUND = 0.01
_CALIBRATE_AFTER_NS = 300_000_000
"""Before it there are other things to do: tables, names, interpreters."""
_JUDGE_AFTER_NS = 2 * NS_PER_S
"""Samples of the first moments cost more than the rest."""
_LEAST_SAMPLES = 20
_MARGIN = 0.9
"""Of the bound, what a lowered rate may cost: it is not to be lowered again for a trifle."""


class Pace(Protocol):
    """What samples (`backends.Sampler`).

    Attributes:
        has_period: Whether each sample stands for the time from one tick to the next.
    """

    has_period: ClassVar[bool]

    def programs_ns(self) -> int | None:
        """What programs took that come with no tick, all in; None where it is not known."""

    def set_frequency(self, frequency_hz: int) -> None:
        """Sample so often from now on."""

    def run_time_ns(self) -> int:
        """What the sampling program took so far."""

    def ticking(self, frequency_hz: int) -> AbstractContextManager[None]:
        """Have the calling thread interrupted as a target is, so often."""


class Gauge(Protocol):
    """What measures the rest of a sample's cost (`interrupt.InterruptGauge`)."""

    @property
    def is_done(self) -> bool:
        """Whether looking on is of no use."""

    @property
    def cost_ns(self) -> int | None:
        """What was found; None where it could not be seen, or not yet."""

    def look(self) -> None:
        """Measure for a moment."""


class CostKeeper:
    """Reckons a session's cost, and lowers its rate where that is above the bound.

    Args:
        pace: What samples.
        gauge: What measures an interrupt's cost.
        frequency_hz: How often it samples, to begin with.
        bound: The greatest share of the target's processor time; None for none.
        on_lowered: Told in words that the rate was lowered, and why.
        clock_ns: A monotonic clock.
    """

    def __init__(
        self,
        pace: Pace,
        gauge: Gauge,
        frequency_hz: int,
        bound: float | None,
        on_lowered: Callable[[str], None],
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.frequency_hz = frequency_hz
        self._pace = pace
        self._gauge = gauge
        self._bound = bound
        self._on_lowered = on_lowered
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._samples = 0
        self._target_ns = 0

    @property
    def mean_period_ns(self) -> int:
        """The processor time that a sample stands for, on average."""
        return self._target_ns // self._samples if self._samples else self._period_ns

    def look(self, samples: int) -> None:
        """Take over how many samples there were so far, and lower the rate where it costs too much.

        Args:
            samples: Those taken, also such as were lost.
        """
        self._target_ns += (samples - self._samples) * self._period_ns
        self._samples = samples
        elapsed_ns = self._clock_ns() - self._began_ns
        if samples < _LEAST_SAMPLES or elapsed_ns < _CALIBRATE_AFTER_NS:
            return
        if not self._gauge.is_done:
            self._gauge.look()
        cost_ns = self.sample_cost_ns()
        if self._bound is None or elapsed_ns < _JUDGE_AFTER_NS:
            return
        if cost_ns is not None and cost_ns * self.frequency_hz > self._bound * NS_PER_S:
            self._lower(cost_ns, self._bound)

    def finish(self) -> None:
        """Know the cost now, where sampling has ended before there was time for that."""
        while self._samples and not self._gauge.is_done:
            self._gauge.look()

    def sample_cost_ns(self) -> int | None:
        """What a sample costs the target; None where it is not known, or not yet."""
        interrupt_ns = self._gauge.cost_ns
        if interrupt_ns is None or not self._samples:
            return None
        return interrupt_ns + self._pace.run_time_ns() // self._samples

    def overhead(self) -> float | None:
        """The share of the target's processor time so far; None where it is not known."""
        cost_ns = self.sample_cost_ns()
        return None if cost_ns is None else cost_ns / self.mean_period_ns

    def _lower(self, cost_ns: int, bound: float) -> None:
        before_hz = self.frequency_hz
        allowed_hz = max(1, int(_MARGIN * bound * NS_PER_S / cost_ns))
        if allowed_hz >= before_hz:
            return  # once a second is the least
        self.frequency_hz = allowed_hz
        self._pace.set_frequency(allowed_hz)
        self._on_lowered(
            f"a sample costs the target {cost_ns / 1000:.1f} µs, which at {before_hz} Hz is"
            f" {cost_ns * before_hz / NS_PER_S:.2%} of its time: from now on {allowed_hz} Hz"
        )

    @property
    def _period_ns(self) -> int:
        return NS_PER_S // self.frequency_hz


class ProgramCost:
    """What an event costs that comes when the target does something: what its programs took.

    Args:
        programs_ns: That, so far; None where the kernel does not tell.
        frequency_hz: How often timers tick, where there are any.
        clock_ns: A monotonic clock.
    """

    def __init__(
        self,
        programs_ns: Callable[[], int | None],
        frequency_hz: int,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.frequency_hz = frequency_hz
        self.mean_period_ns = NS_PER_S // frequency_hz
        self._programs_ns = programs_ns
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()

    def look(self, samples: int) -> None:
        """Such an event keeps within its bound by itself (`pace.py`)."""

    def finish(self) -> None:
        """All is known all the time."""

    def sample_cost_ns(self) -> int | None:
        """Not known: most of the cost is in what is not sampled."""
        return None

    def overhead(self) -> float | None:
        """The share of one core so far; None where it is not known."""
        programs_ns = self._programs_ns()
        elapsed_ns = max(self._clock_ns() - self._began_ns, 1)
        return None if programs_ns is None else programs_ns / elapsed_ns


def open_cost(
    pace: Pace, frequency_hz: int, bound: float | None, on_lowered: Callable[[str], None]
) -> CostKeeper | ProgramCost:
    """What reckons the cost of a session from now on; see `CostKeeper`."""
    if pace.has_period:
        gauge = InterruptGauge(pace.ticking)
        return CostKeeper(pace, gauge, frequency_hz, bound, on_lowered)
    return ProgramCost(pace.programs_ns, frequency_hz)
