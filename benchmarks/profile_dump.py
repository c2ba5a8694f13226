"""How long `otx dump` takes, in one process and as a command, beside `py-spy dump`.

Starts a Python program with busy, sleeping and locked threads, then measures, several times over
and turn about:
  work      from the first look at the threads to the last: symbols and entries are read in it
  dump      the same with what comes before: BPF loaded, the interpreter found
  process   the whole command
  py-spy    the whole command, without native frames and with them (`--native`), where there is one

py-spy stops the target while it reads; otx does not. Neither is given locals to read.

    python benchmarks/profile_dump.py [--runs N] [--threads N]
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

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


def timed_ms(act: Callable[[], object]) -> float:
    """Milliseconds that something takes."""
    began_s = time.perf_counter()
    act()
    return 1e3 * (time.perf_counter() - began_s)


def run(*words: str) -> Callable[[], object]:
    """Something that runs a command to its end."""
    return lambda: subprocess.run(words, check=True, capture_output=True)


def measure(pid: int, runs: int) -> dict[str, list[float]]:
    """Milliseconds of each, by name."""
    spy = shutil.which("py-spy")
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    def dump() -> None:
        found = take_dump(find_subject(pid), DumpOptions(), lambda text: None)
        note("work", found.took_ns / 1e6)

    for _ in range(runs):
        note("dump", timed_ms(dump))
        note("process", timed_ms(run(sys.executable, "-m", "otx", "dump", str(pid))))
        if spy:
            note("py-spy", timed_ms(run(spy, "dump", "--pid", str(pid))))
            note("py-spy --native", timed_ms(run(spy, "dump", "--native", "--pid", str(pid))))
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--threads", type=int, default=8)
    arguments = parser.parse_args()
    target = subprocess.Popen(
        [sys.executable, "-c", TARGET, str(arguments.threads)], stdout=subprocess.PIPE
    )
    try:
        assert target.stdout is not None
        target.stdout.readline()
        figures = measure(target.pid, arguments.runs)
    finally:
        target.kill()
        target.wait()
    print(f"{'part':16} {'median ms':>10} {'least':>8} {'most':>8}   ({arguments.runs} runs)")
    for name, values in figures.items():
        middle = statistics.median(values)
        print(f"{name:16} {middle:10.1f} {min(values):8.1f} {max(values):8.1f}")


if __name__ == "__main__":
    main()
