"""How well programs are sampled that run for some milliseconds, and what that costs otx.

A shell runs a program again and again: C without frame pointers, and Python. Counted are stacks
that are not whole, and of those in CPython's evaluation loop such without a Python function. Then a
whole machine is sampled, waits included, while loops of the shortest programs run beside it: what
the ring had no room for is lost.

    python benchmarks/profile_short.py [--programs N] [--ms N] [--loops N]
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from otx.profile.choice import Choice
from otx.profile.launch import GatedCommand
from otx.profile.session import ProfileSession, SamplingOptions, Target
from tests.profile.unwind.programs import C_FLAGS, SHORT_C

SHORT_PY = """
import sys, time
def work():
    for i in range(2000): i * i
while time.process_time() < float(sys.argv[1]) / 1000: work()
"""
HZ = 199
CHURN_S = 8.0
_EVALUATES = "_PyEval_EvalFrameDefault"
"""Stands in a stack where no Python function could take its place."""


def sampled(name: str, program: str, count: int, cache_dir: Path) -> None:
    """Sample so many runs of a program, and print what their stacks lack."""
    script = f"i=0; while [ $i -lt {count} ]; do {program}; i=$((i + 1)); done"
    command = GatedCommand(["sh", "-c", script])
    evaluating = without = 0
    target, awaited = Target((command.pid,)), (command.pid,)
    began_s = time.monotonic()
    with ProfileSession(
        target, SamplingOptions(frequency_hz=HZ), await_exec=awaited, cache_dir=cache_dir
    ) as session:
        command.release()
        while not session.has_ended:
            for sample in session.poll(0.05):
                named = any(frame.kind == "python" for frame in sample.stack)
                nameless = not named and any(it.name == _EVALUATES for it in sample.stack)
                evaluating += named or nameless
                without += nameless
        session.end()
        stats = session.stats()
    command.wait()
    broken = 1 - stats.unwound_fully / max(stats.samples, 1)
    own_ms = stats.own_cpu_seconds / count * 1000
    share = stats.own_cpu_seconds / (time.monotonic() - began_s)
    print(
        f"{name:7} {stats.samples} samples, {broken:.1%} broken, {stats.lost} lost;"
        f" otx {own_ms:.1f} ms a program, {share:.1%} of a processor"
        + (f"; {without} of {evaluating} without Python functions" if evaluating else "")
    )


def churned(loops: int, cache_dir: Path) -> None:
    """Sample everything while programs come and go, and print what was lost."""
    loop = ["sh", "-c", "while :; do /bin/true; done"]
    running = [subprocess.Popen(loop, start_new_session=True) for _ in range(loops)]
    try:
        everything = Target((), choice=Choice(everything=True))
        with ProfileSession(
            everything, SamplingOptions(event="wall"), cache_dir=cache_dir
        ) as session:
            began_s = time.monotonic()
            while time.monotonic() < began_s + CHURN_S:
                session.poll(0.1)
            session.end()
            stats = session.stats()
            share = stats.own_cpu_seconds / (time.monotonic() - began_s)
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    print(
        f"--all --event wall, {loops} loops of /bin/true, load {os.getloadavg()[0]:.1f}:"
        f" {stats.samples} samples, {stats.lost} lost; otx {share:.1%} of a processor"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--programs", type=int, default=150, help="runs of each program")
    parser.add_argument("--ms", type=int, default=14, help="processor time of a run")
    parser.add_argument("--loops", type=int, default=3, help="shells that run /bin/true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code, program, script = folder / "short.c", folder / "short", folder / "short.py"
        code.write_text(SHORT_C)
        script.write_text(SHORT_PY)
        subprocess.run(["gcc", *C_FLAGS, code, "-o", program], check=True)
        programs = {
            "C": f"{program} {options.ms}",
            "Python": f"{sys.executable} -S {script} {options.ms}",
        }
        for language, words in programs.items():
            sampled(language, words, 2, folder)  # their tables are kept from then on
            sampled(language, words, options.programs, folder)
        churned(options.loops, folder)


if __name__ == "__main__":
    main()
