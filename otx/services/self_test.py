"""`otx profile --self-test`: what sampling takes from a program on this machine, proven.

A known program runs on one processor, otx on another. Three experiments take turns: one at the
usual rate, one at a rate so high that its cost stands out of the noise, and a null that switches
nothing (`otx.profile.paired`). The cost of a sample is told by the high rate; what may be claimed
of the usual one is the upper end of its interval, and only if the null saw nothing.
"""

import math
import mmap
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from otx.errors import MachineError
from otx.model.units import NS_PER_S
from otx.profile.paired import CONFIDENCE, ORDERS, Block, Loss, loss_of
from otx.profile.session import ProfileSession, SamplingOptions, Target
from otx.services.self_test_target import COUNTED

AMPLIFIED_HZ = 1_999
_WINDOW_S, _SETTLE_S, _DRAIN_S = 0.2, 0.02, 0.05
_MOST_WAITING = 0.8
"""A pair is left out where the target waited for its processor most of a window: what is left of
one says little. Short of that its interval says how little, since work is counted by CPU time."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the experiments found.

    Attributes:
        frequency_hz: The rate that is claimed for.
        null: What was lost where nothing was switched; None where too few pairs were left.
        direct: What was lost at the rate.
        amplified: What was lost at `AMPLIFIED_HZ`.
        left_out: Pairs in which the target had to wait.
        samples: Samples that were taken, at both rates.
        lost: Samples that were lost.
        calibrated_cost_ns: What a sample costs by the figures of `target_overhead`.
    """

    frequency_hz: int
    null: Loss | None
    direct: Loss | None
    amplified: Loss | None
    left_out: int
    samples: int
    lost: int
    calibrated_cost_ns: int | None

    @property
    def scaled(self) -> Loss | None:
        """What is lost at the rate, told by the high one."""
        if self.amplified is None:
            return None
        return self.amplified.scaled(self.frequency_hz / AMPLIFIED_HZ)

    @property
    def sample_cost_ns(self) -> Loss | None:
        """What a sample costs the target, in nanoseconds."""
        return self.amplified and self.amplified.scaled(NS_PER_S / AMPLIFIED_HZ)

    @property
    def bound(self) -> float | None:
        """The share that sampling takes less than; None where nothing may be claimed."""
        return self.scaled.high if self.scaled is not None and not self.why_not else None

    @property
    def why_not(self) -> str:
        """Why nothing may be claimed; "" where something may."""
        if self.null is None or self.amplified is None:
            return "too few pairs of windows: the target had to wait for its processor"
        if not self.null.covers_nothing:
            return "the null, which switches nothing, lost or gained: the machine is too busy"
        if self.samples == 0:
            return "nothing was sampled"
        return ""

    @property
    def claim(self) -> str:
        """What may be said of this machine."""
        if self.bound is None:
            return f"nothing may be claimed: {self.why_not}"
        return (
            f"at {self.frequency_hz} Hz sampling takes less than {self.bound:.2%} of a busy"
            f" thread's time ({CONFIDENCE:.0%} confidence)"
        )


@dataclass
class _Experiment:
    """A switch, and what was found with it."""

    switch: Callable[[bool], None]
    drain: Callable[[], None]
    blocks: list[Block] = field(default_factory=list)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Window:
    units_per_cpu_s: float
    waiting: float


def run_self_test(
    frequency_hz: int,
    duration_s: float,
    cache_dir: Path | None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> SelfTest:
    """Run the experiments for so long.

    Raises:
        MachineError: This machine won't sample, or has one processor only.
    """
    with _running_target() as (pid, page):
        target = Target((pid,), children=False)
        usually = SamplingOptions(frequency_hz=frequency_hz)
        often = SamplingOptions(frequency_hz=AMPLIFIED_HZ)
        with (
            ProfileSession(target, usually, cache_dir=cache_dir) as usual,
            ProfileSession(target, often, cache_dir=cache_dir) as amplified,
        ):
            null = _Experiment(lambda on: usual.set_ticking(False), lambda: _drain(usual))
            direct, high = _experiment(usual), _experiment(amplified)
            experiments = [null, direct, high]
            ends_s = time.monotonic() + duration_s
            while time.monotonic() < ends_s and not is_stopped():
                for experiment in random.sample(experiments, len(experiments)):
                    _add_block(pid, page, experiment)
            stats = usual.stats(), amplified.stats()
            return SelfTest(
                frequency_hz,
                loss_of(null.blocks),
                loss_of(direct.blocks),
                loss_of(high.blocks),
                sum(one.left_out for one in experiments),
                sum(one.samples for one in stats),
                sum(one.lost for one in stats),
                stats[1].sample_cost_ns,
            )


@contextmanager
def _running_target() -> Iterator[tuple[int, mmap.mmap]]:
    """The known program on one processor, this one on the others."""
    processors = os.sched_getaffinity(0)
    first = min(processors)
    if len(processors) == 1:
        raise MachineError(
            "the self-test needs two processors: one for its target, one for otx",
            hint="taskset and cgroups may leave less than the machine has",
        )
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(mmap.PAGESIZE))
        file.flush()
        program = (sys.executable, "-m", "otx.services.self_test_target")
        words = [*program, file.name, str(os.getpid())]
        target = subprocess.Popen(words, stdout=subprocess.PIPE)  # noqa: S603, it is ours
        try:
            if target.stdout is not None:
                target.stdout.readline()  # it is ready
            os.sched_setaffinity(target.pid, {first})
            os.sched_setaffinity(0, processors - {first})
            with mmap.mmap(file.fileno(), mmap.PAGESIZE) as page:
                yield target.pid, page
        finally:
            os.sched_setaffinity(0, processors)
            target.kill()
            target.communicate()


def _experiment(session: ProfileSession) -> _Experiment:
    session.set_ticking(False)
    return _Experiment(session.set_ticking, lambda: _drain(session))


def _drain(session: ProfileSession) -> None:
    session.poll(0)


def _add_block(pid: int, page: mmap.mmap, experiment: _Experiment) -> None:
    order = random.choice(ORDERS)
    windows = [_watch(pid, page, experiment, on) for on in order]
    experiment.switch(False)
    ratios = []
    for first in (0, 2):
        pair = dict(zip(order[first : first + 2], windows[first : first + 2], strict=True))
        if max(window.waiting for window in pair.values()) > _MOST_WAITING:
            experiment.left_out += 1
        else:
            ratios.append(math.log(pair[True].units_per_cpu_s / pair[False].units_per_cpu_s))
    if ratios:
        experiment.blocks.append(ratios)


def _watch(pid: int, page: mmap.mmap, experiment: _Experiment, on: bool) -> _Window:
    """Let the target run for a window with the switch on or off."""
    experiment.switch(on)
    time.sleep(_SETTLE_S)
    units, cpu_ns = COUNTED.unpack(page[: COUNTED.size])
    waited_ns, began_s = _run_delay_ns(pid), time.monotonic()
    while time.monotonic() - began_s < _WINDOW_S:
        experiment.drain()
        time.sleep(_DRAIN_S)
    later_units, later_cpu_ns = COUNTED.unpack(page[: COUNTED.size])
    if later_cpu_ns == cpu_ns or later_units == units:
        return _Window(0.0, 1.0)  # it had no processor at all
    return _Window(
        NS_PER_S * (later_units - units) / (later_cpu_ns - cpu_ns),
        (_run_delay_ns(pid) - waited_ns) / NS_PER_S / (time.monotonic() - began_s),
    )


def _run_delay_ns(pid: int) -> int:
    """How long the target has waited for its processor (schedstat of proc(5), its second field)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
