"""What `otx.context` costs a program: attaching spans, running in contexts, tasks taking turns.

Each is measured in a process of its own without and with it, in turns, so that both see the same
machine; the least of the rounds stands, in microseconds.

    python benchmarks/context_cost.py [--rounds N]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from otx.context.build import build

WITHOUT = ""
WITH = """
from otx.context import current, runtime
assert not current.unavailable(), current.unavailable()
runtime.install()
"""
PROGRAM = """
import asyncio, contextvars, time
from opentelemetry import context, trace
{setup}
span = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=False))
outer = context.Context()

def attach(count):
    for _ in range(count):
        context.detach(context.attach(trace.set_span_in_context(span, outer)))

def run(count):
    inside = contextvars.copy_context()
    for _ in range(count):
        inside.run(nothing)

def nothing():
    pass

async def turn():
    for _ in range(10):
        await asyncio.sleep(0)

async def turns(count):
    await asyncio.gather(*(turn() for _ in range(count // 10)))

def measured(work, count):
    began = time.perf_counter()
    work(count)
    return (time.perf_counter() - began) / count * 1e6

tasks = lambda count: asyncio.run(turns(count))
print(measured(attach, 20000), measured(run, 50000), measured(tasks, 20000))
"""
NAMES = ("attach and detach", "Context.run", "a turn of a task")


def measure(setup: str, native: Path) -> tuple[float, ...]:
    """Microseconds of each kind, once."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(setup=setup)],
        env={**os.environ, "OTX_CONTEXT_NATIVE": str(native)},
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(map(float, done.stdout.split()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        native = build(Path(folder))
        pairs = [(measure(WITHOUT, native), measure(WITH, native)) for _ in range(rounds)]
    print(f"{'µs':20} {'without':>8} {'with':>8} {'more':>8}")
    for number, name in enumerate(NAMES):
        before = min(without[number] for without, _ in pairs)
        after = min(with_it[number] for _, with_it in pairs)
        print(f"{name:20} {before:8.2f} {after:8.2f} {after - before:8.2f}")


if __name__ == "__main__":
    main()
