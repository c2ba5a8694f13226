"""Whether samples carry the right span, and what reading it costs: `otx profile` on `otx.context`.

Two tasks of asyncio and two threads of a Python program have spans of their own, each with work in
a function of its own. Prints the share of samples in such a function that carry the span, and the
BPF program's time for a sample, in turns with the span read and without.

    python benchmarks/profile_context.py [--seconds N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from otx.context.build import build
from otx.profile.context.finder import ContextFinder
from otx.profile.records import TargetFlags
from otx.profile.sampler import CpuSampler
from otx.profile.session import ProfileSession, SamplingOptions, Target

PROGRAM = """
import asyncio, threading
from otx.context import current

def burn():
    for _ in range(3000): pass
def alpha(): burn()
def beta(): burn()
def gamma(): burn()
def delta(): burn()

def thread(work, number):
    while True:
        with current.span(1, number):
            for _ in range(20): work()

async def task(work, number):
    while True:
        with current.span(1, number):
            for _ in range(20):
                work()
                await asyncio.sleep(0)

async def main():
    threading.Thread(target=thread, args=(gamma, 3), daemon=True).start()
    print("ready", flush=True)
    await asyncio.gather(task(alpha, 1), task(beta, 2), asyncio.to_thread(thread, delta, 4))

asyncio.run(main())
"""
NAMES = ("alpha", "beta", "gamma", "delta")
HZ = 499
TURN_S = 0.25
ALL = 1 << 20


def truth(pid: int, seconds: float) -> tuple[int, int]:
    """Samples in the functions, and those of them with the right span."""
    inside = right = 0
    with ProfileSession(Target((pid,)), SamplingOptions(frequency_hz=HZ)) as session:
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            for sample in session.poll(0.1):
                names = {frame.name for frame in sample.stack}
                for number, name in enumerate(NAMES, 1):
                    inside += name in names
                    right += name in names and sample.span_id == f"{number:016x}"
    return inside, right


def costs(pid: int, seconds: float) -> tuple[float, float]:
    """Nanoseconds of the BPF program for a sample, with the span read and without; medians.

    Python frames and tables are left out, so that the rest is small beside what is measured.
    """
    places: dict[int, bytes | None] = {}
    ContextFinder(places.__setitem__, time.monotonic_ns).look([pid])
    assert places[pid]
    found: dict[bool, list[float]] = {True: [], False: []}
    with CpuSampler() as sampler:
        sampler.watch(pid, TargetFlags(0))
        sampler.start(HZ * 4)
        for turn in range(round(seconds / TURN_S)):
            reads = turn % 2 == 0
            sampler.set_context_place(pid, places[pid] if reads else None)
            list(sampler.read(ALL))
            before_ns = sampler.run_time_ns() or 0
            time.sleep(TURN_S)
            after_ns = sampler.run_time_ns() or 0
            found[reads].append((after_ns - before_ns) / max(len(list(sampler.read(ALL))), 1))
    return statistics.median(found[True]), statistics.median(found[False])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        target = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdout=subprocess.PIPE,
            env={**os.environ, "OTX_CONTEXT_NATIVE": str(build(Path(folder)))},
        )
        try:
            assert target.stdout is not None
            target.stdout.readline()
            inside, right = truth(target.pid, seconds / 2)
            with_ns, without_ns = costs(target.pid, seconds / 2)
        finally:
            target.kill()
            target.wait()
    print(f"samples in functions of spans {inside}, with the right span {right / inside:.3%}")
    print(f"BPF program, a sample: {with_ns:.0f} ns with its span, {without_ns:.0f} ns without")


if __name__ == "__main__":
    main()
