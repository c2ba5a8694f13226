"""Whether samples carry the right span, and what reading it costs: `otx profile` on `otx.context`.

Two tasks of asyncio and two threads of a Python program have spans of their own, each with work in
a function of its own. Prints the share of samples in such a function that carry the span, and the
BPF program's time for a sample beside that of the same program without the native part.

    python benchmarks/profile_context.py [--seconds N]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from otx.context.build import build
from otx.profile.session import ProfileSession, Target

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


def measure(native: Path, seconds: float) -> tuple[int, int, float]:
    """Samples in the functions, those of them with the right span, nanoseconds for a sample."""
    target = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        env={**os.environ, "OTX_CONTEXT_NATIVE": str(native)},
    )
    try:
        assert target.stdout is not None
        target.stdout.readline()
        inside = right = 0
        with ProfileSession(Target((target.pid,)), frequency_hz=HZ) as session:
            ends_s = time.monotonic() + seconds
            while time.monotonic() < ends_s:
                for sample in session.poll(0.1):
                    names = {frame.name for frame in sample.stack}
                    for number, name in enumerate(NAMES, 1):
                        inside += name in names
                        right += name in names and sample.span_id == f"{number:016x}"
            run_ns, samples = session.program_run_time_ns or 0, session.stats().samples
        return inside, right, run_ns / max(samples, 1)
    finally:
        target.kill()
        target.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        native = build(Path(folder))
        costs: dict[bool, list[float]] = {True: [], False: []}
        inside = right = 0
        for publishes in (True, False, True, False):
            path = native if publishes else Path(folder) / "missing"
            found, correct, cost_ns = measure(path, seconds / 2)
            costs[publishes].append(cost_ns)
            if publishes:
                inside, right = inside + found, right + correct
    print(f"samples in functions of spans {inside}, with the right span {right / inside:.3%}")
    with_ns, without_ns = min(costs[True]), min(costs[False])
    print(f"BPF program, a sample: {with_ns:.0f} ns with spans, {without_ns:.0f} ns without")


if __name__ == "__main__":
    main()
