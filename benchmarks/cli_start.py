"""What starting otx costs: `otx --version` and a small command beside `python -c pass`.

Runs of each command alternate, so that both see the same machine; CPU time (user and system)
stands beside wall time, because neighbours move it less. Prints medians and the ratio to bare
Python.

    python benchmarks/cli_start.py [--runs N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

OTX = str(Path(sys.executable).with_name("otx"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "otx --version": [OTX, "--version"],
    "otx --help": [OTX, "--help"],
    "otx config show": [OTX, "config", "show"],
}


def measure(command: list[str]) -> tuple[float, float]:
    """Wall and CPU time of one run, in milliseconds."""
    before = os.times()
    started_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - started_s
    after = os.times()
    cpu_s = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return 1e3 * wall_s, 1e3 * cpu_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            figures[name].append(measure(command))
    base = statistics.median(wall for wall, _ in figures["python -c pass"])
    print(f"{'command':18} {'wall ms':>8} {'least':>7} {'cpu ms':>7}  × python")
    for name, pairs in figures.items():
        wall = statistics.median(wall for wall, _ in pairs)
        cpu = statistics.median(cpu for _, cpu in pairs)
        least = min(wall for wall, _ in pairs)
        print(f"{name:18} {wall:8.1f} {least:7.1f} {cpu:7.1f}  {wall / base:.2f}")


if __name__ == "__main__":
    main()
