"""How long `otx dump` takes, in one process and as a command, beside `py-spy dump`.

Starts a Python program with busy, sleeping and locked threads, then measures, several times over
and turn about:
  dump      everything in one process: BPF loaded, the interpreter found, symbols and unwind entries
            read, the threads looked at and read
  process   the whole command
  py-spy    the whole command, without native frames and with them (`--native`), where there is one

py-spy stops the target while it reads; otx does not. Neither is given locals to read.

    python benchmarks/profile_dump.py [--runs N] [--threads N]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.processes import as_installed, running
from otx.profile.dump.subject import find_subject
from otx.profile.dump.take import DumpOptions, take_dump

TARGET = """
import sys, threading, time
lock = threading.Lock()
lock.acquire()
def locked():
    with lock: pass
def busy():
    while True: sum(range(1000))
for number in range(int(sys.argv[1])):
    work = (time.sleep, locked)[number % 2]
    threading.Thread(target=work, args=(1000,)[: number % 2 == 0], daemon=True).start()
print("ready", flush=True)
busy()
"""


def timed_ms(act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds that something takes, and those of a processor, its children's among them."""
    began_s, before_s = time.perf_counter(), _processor_s()
    act()
    return 1e3 * (time.perf_counter() - began_s), 1e3 * (_processor_s() - before_s)


def _processor_s() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def run(*words: str, environment: dict[str, str] | None = None) -> Callable[[], object]:
    """Something that runs a command to its end."""
    return lambda: subprocess.run(words, check=True, capture_output=True, env=environment)


def measure(pid: int, runs: int, folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of each, by name; in a folder is what Python compiled."""
    spy = shutil.which("py-spy")
    figures: dict[str, list[tuple[float, float]]] = {}

    def note(name: str, act: Callable[[], object]) -> None:
        figures.setdefault(name, []).append(timed_ms(act))

    dump = run(sys.executable, "-m", "otx", "dump", str(pid), environment=as_installed(folder))
    options = DumpOptions(cache_dir=folder / "cache")
    dump()  # compiles, and puts symbols in order
    for _ in range(runs):
        note("dump", lambda: take_dump(find_subject(pid), options, lambda text: None))
        note("process", dump)
        if spy:
            note("py-spy", run(spy, "dump", "--pid", str(pid)))
            note("py-spy --native", run(spy, "dump", "--native", "--pid", str(pid)))
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--threads", type=int, default=8)
    arguments = parser.parse_args()
    target = (sys.executable, "-c", TARGET, str(arguments.threads))
    with running(*target) as pid, tempfile.TemporaryDirectory() as folder:
        figures = measure(pid, arguments.runs, Path(folder))
    print(f"{'part':16} {'median ms':>10} {'least':>8} {'processor ms':>13} {'least':>8}")
    for name, values in figures.items():
        walls, processors = zip(*values, strict=True)
        print(
            f"{name:16} {statistics.median(walls):10.1f} {min(walls):8.1f}"
            f" {statistics.median(processors):13.1f} {min(processors):8.1f}"
        )


if __name__ == "__main__":
    main()
