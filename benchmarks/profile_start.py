"""How soon `otx profile` samples: its parts in one process, and the whole from exec to a sample.

Starts a busy Python program, then measures, several times over:
  load      opening, verifying and attaching the BPF programs
  session   the same with the target looked at and the timers started: sampling has begun
  first     from there to the first sample in hand, with names
  process   from the start of a new Python process to the first sample's own time stamp

Unwind tables come from a cache, as they do in every run but the first.

    python benchmarks/profile_start.py [--runs N]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import as_installed, running
from otx.profile.sampler import CpuSampler
from otx.profile.session import ProfileSession, Target

BUSY = "def hot():\n  for _ in range(1000): pass\nprint('ready', flush=True)\nwhile 1: hot()"
CHILD = """
import sys
from pathlib import Path
from otx.profile.session import ProfileSession, Target
with ProfileSession(Target((int(sys.argv[1]),)), cache_dir=Path(sys.argv[2])) as session:
    while not (samples := session.poll(0.1)):
        pass
    print(samples[0].time_unix_nano)
"""


def measure_in_process(pid: int, cache: Path) -> dict[str, float]:
    """Milliseconds of each part."""
    began_s = time.perf_counter()
    with CpuSampler():
        load_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    with ProfileSession(Target((pid,)), cache_dir=cache) as session:
        session_s = time.perf_counter() - began_s
        while not session.poll(0.1):
            pass
        first_s = time.perf_counter() - began_s - session_s
    return {"load": 1e3 * load_s, "session": 1e3 * session_s, "first": 1e3 * first_s}


def measure_process(pid: int, cache: Path) -> float:
    """Milliseconds from the start of a process to the moment its first sample was taken."""
    began_ns = time.time_ns()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(pid), str(cache)],
        env=as_installed(cache),
        check=True,
        capture_output=True,
        text=True,
    )
    return (int(done.stdout) - began_ns) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    figures: dict[str, list[float]] = {}
    with running(sys.executable, "-c", BUSY) as pid, tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        with ProfileSession(Target((pid,)), cache_dir=cache) as first:
            while first.is_building_tables:
                first.poll(0)
        measure_process(pid, cache)  # compiles
        for _ in range(runs):
            for name, value in measure_in_process(pid, cache).items():
                figures.setdefault(name, []).append(value)
            figures.setdefault("process", []).append(measure_process(pid, cache))
    print(f"{'part':10} {'median ms':>10} {'least':>8} {'most':>8}   ({runs} runs)")
    for name, values in figures.items():
        middle = statistics.median(values)
        print(f"{name:10} {middle:10.1f} {min(values):8.1f} {max(values):8.1f}")


if __name__ == "__main__":
    main()
