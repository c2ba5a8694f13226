"""What one statement on one span costs: the whole process `otx ottl run -s … --in one_span.json`.

Runs alternate with `python -c pass` and `otx --version`, so that all see the same machine; CPU
time stands beside wall time, because neighbours move it less. Modules come from compiled caches, as
they do from the second run of an installation on. The aim is 120 ms.

    python benchmarks/ottl_start.py [--runs N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

AIM_MS = 120
OTX = str(Path(sys.executable).with_name("otx"))
STATEMENT = 'set(span.attributes["k"], "v") where span.kind == SPAN_KIND_SERVER'
SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "GET /cart",
    "kind": 2,
    "startTimeUnixNano": "1544712660000000000",
    "endTimeUnixNano": "1544712661000000000",
    "attributes": [{"key": "http.request.method", "value": {"stringValue": "GET"}}],
}


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU time of one run, in milliseconds."""
    before = getrusage(RUSAGE_CHILDREN)
    started_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    wall_s = time.perf_counter() - started_s
    after = getrusage(RUSAGE_CHILDREN)
    cpu_s = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return 1e3 * wall_s, 1e3 * cpu_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        one_span = Path(folder) / "one_span.json"
        one_span.write_text(
            json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}), encoding="utf-8"
        )
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "otx --version": [OTX, "--version"],
            "otx ottl run": [OTX, "ottl", "run", "-s", STATEMENT, "--in", str(one_span)],
        }
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(folder) / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for command in commands.values():
            measure(command, environment)
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                figures[name].append(measure(command, environment))
    show(figures)


def show(figures: dict[str, list[tuple[float, float]]]) -> None:
    """A row a command."""
    base = statistics.median(wall for wall, _ in figures["python -c pass"])
    print(f"{'command':18} {'wall ms':>8} {'least':>7} {'cpu ms':>7}  × python   (aim {AIM_MS} ms)")
    for name, pairs in figures.items():
        wall = statistics.median(wall for wall, _ in pairs)
        cpu = statistics.median(cpu for _, cpu in pairs)
        least = min(wall for wall, _ in pairs)
        print(f"{name:18} {wall:8.1f} {least:7.1f} {cpu:7.1f}  {wall / base:.2f}")


if __name__ == "__main__":
    main()
