"""What sampling takes from a target: work done a CPU second, sampling on against off, in pairs.

One program with a 30-frame Python stack runs pinned to one processor and counts finished units of
work in shared memory; the profiler stays attached on another one. Windows with the timers on and
off follow each other in ABBA blocks in random order, so that slow changes of the machine cancel
out. Beside the frequencies stands a null, whose windows differ in nothing: a loss smaller than
the null's interval was not seen. Pairs in which the target had to wait for its processor for
more than half a window are left out and counted.

The high frequency shows what one sample costs, timer interrupt included; times 99 it is a better
estimate of the loss at 99 Hz than the direct measurement, whose noise is larger than the loss.

    python benchmarks/profile_overhead.py [--pairs N] [--window S] [--threads N]
"""

import argparse
import math
import mmap
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from otx.profile.paired import ORDERS, Loss, loss_of
from otx.profile.session import ProfileSession, SamplingOptions, Target

TARGET = """
import mmap, struct, sys, threading, time
with open(sys.argv[1], "r+b") as file:
    page = mmap.mmap(file.fileno(), 4096)
idle = threading.Event()
for _ in range(int(sys.argv[2])):
    threading.Thread(target=idle.wait, daemon=True).start()
def unit():
    x = 0
    for i in range(1000):
        x += i * i
    return x
def deep(n):
    if n:
        return deep(n - 1)
    print("ready", flush=True)
    units = 0
    while True:
        unit()
        units += 1
        cpu_ns = time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID)
        page[:16] = struct.pack("QQ", units, cpu_ns)
deep(27)
"""
SLOW_HZ, FAST_HZ = 99, 1999
SETTLE_S = 0.02
MAX_WAITING = 0.5


@dataclass
class Arm:
    """One experiment: what is switched on in its "on" windows, and each block's log ratios."""

    name: str
    switch: Callable[[bool], None]
    drain: Callable[[], None]
    blocks: list[list[float]] = field(default_factory=list)
    discarded: int = 0

    def loss(self) -> Loss | None:
        """The median loss with its interval; None where every pair was left out."""
        return loss_of(self.blocks)


@dataclass(frozen=True)
class Window:
    """What the target did in one window."""

    units_per_cpu_s: float
    waiting: float


def watch(pid: int, page: mmap.mmap, arm: Arm, on: bool, window_s: float) -> Window:
    """Let the target run for a window with the arm's switch on or off."""
    arm.switch(on)
    pause(SETTLE_S)
    units, cpu_ns = struct.unpack("QQ", page[:16])
    waited, began_s = run_delay_ns(pid), time.monotonic()
    while time.monotonic() - began_s < window_s:
        arm.drain()
        pause(0.05)
    later_units, later_cpu_ns = struct.unpack("QQ", page[:16])
    elapsed_s = time.monotonic() - began_s
    if later_cpu_ns == cpu_ns:
        return Window(0.0, 1.0)  # it had no processor at all
    return Window(
        1e9 * (later_units - units) / (later_cpu_ns - cpu_ns),
        (run_delay_ns(pid) - waited) / 1e9 / elapsed_s,
    )


def block(pid: int, page: mmap.mmap, arm: Arm, window_s: float) -> None:
    """ABBA or BAAB: two pairs, each kept unless the target had to wait in it."""
    order = random.choice(ORDERS)
    windows = [watch(pid, page, arm, on, window_s) for on in order]
    arm.switch(False)
    ratios = []
    for first in (0, 2):
        pair = dict(zip(order[first : first + 2], windows[first : first + 2], strict=True))
        if max(window.waiting for window in pair.values()) > MAX_WAITING:
            arm.discarded += 1
        else:
            ratios.append(math.log(pair[True].units_per_cpu_s / pair[False].units_per_cpu_s))
    if ratios:
        arm.blocks.append(ratios)


def run_delay_ns(pid: int) -> int:
    """How long the target's main thread has waited for its processor (schedstat, field 2)."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1])


def pause(seconds: float) -> None:
    """Leave the processor to others."""
    time.sleep(seconds)


def session_arm(session: ProfileSession) -> Arm:
    """An arm whose switch starts and stops a session's timers."""
    session.set_ticking(False)
    return Arm(f"{session.frequency_hz} Hz", session.set_ticking, lambda: drain(session))


def drain(session: ProfileSession) -> None:
    session.poll(0)


def report(arms: list[Arm], sessions: list[ProfileSession]) -> None:
    """Print each arm, then the estimate from the high frequency."""
    print(f"{'arm':8} {'loss %':>8} {'95 % interval':>20} {'pairs':>7} {'left out':>9}")
    losses = [arm.loss() for arm in arms]
    for arm, loss in zip(arms, losses, strict=True):
        if loss is None:
            print(f"{arm.name:8} too few pairs were kept: the machine is too busy")
            continue
        interval = f"{100 * loss.low:.2f} .. {100 * loss.high:.2f}"
        print(
            f"{arm.name:8} {100 * loss.median:8.2f} {interval:>20} {loss.pairs:7} {arm.discarded:9}"
        )
    if losses[-1] is not None:
        cost = losses[-1].scaled(1e6 / FAST_HZ)
        print(
            f"\na sample costs {cost.median:.1f} us ({cost.low:.1f} .. {cost.high:.1f}), all in;"
            f" at {SLOW_HZ} Hz that is {cost.median * SLOW_HZ * 1e-4:.3f} % of a busy core"
        )
    for session in sessions:
        stats = session.stats()
        print(
            f"{session.frequency_hz} Hz: {stats.samples} samples, lost {stats.lost},"
            f" not found {stats.not_found}, truncated {stats.truncated}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=60, help="pairs of windows an arm")
    parser.add_argument("--window", type=float, default=0.2, help="seconds a window")
    parser.add_argument("--threads", type=int, default=0, help="idle threads beside the busy one")
    options = parser.parse_args()
    processors = sorted(os.sched_getaffinity(0))
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(4096))
        file.flush()
        page = mmap.mmap(file.fileno(), 4096)
        target = subprocess.Popen(
            [sys.executable, "-c", TARGET, file.name, str(options.threads)], stdout=subprocess.PIPE
        )
        try:
            assert target.stdout is not None
            target.stdout.readline()
            os.sched_setaffinity(target.pid, {processors[0]})
            os.sched_setaffinity(0, set(processors[1:]) or set(processors))
            measure(target.pid, page, options.pairs, options.window)
        finally:
            target.kill()
            target.wait()


def measure(pid: int, page: mmap.mmap, pairs: int, window_s: float) -> None:
    """Run all arms by turns."""
    target = Target((pid,), children=False)
    with (
        ProfileSession(target, SamplingOptions(frequency_hz=SLOW_HZ)) as slow,
        ProfileSession(target, SamplingOptions(frequency_hz=FAST_HZ)) as fast,
    ):
        null = Arm("null", lambda on: slow.set_ticking(False), lambda: drain(slow))
        arms = [null, session_arm(slow), session_arm(fast)]
        for _ in range(pairs // 2):
            for arm in random.sample(arms, len(arms)):
                block(pid, page, arm, window_s)
        report(arms, [slow, fast])


if __name__ == "__main__":
    main()
