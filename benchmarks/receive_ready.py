"""How long `otx receive` takes until it accepts: from the start of the process to `ready`.

Runs alternate with a bare interpreter, whose start is the least there is. Prints medians, the
least, and the aim of 200 ms.

    python benchmarks/receive_ready.py [--runs N]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

AIM_MS = 200


def until_ready_ms(store: str) -> float:
    """Wall time to the line that says that requests are accepted."""
    command = [sys.executable, "-m", "otx", "receive", "--store", store]
    started_s = time.perf_counter()
    with subprocess.Popen(
        [*command, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        taken_s = time.perf_counter() - started_s
        process.terminate()
        process.stderr.read()
    if not line.startswith("ready"):
        raise SystemExit(f"otx receive said: {line}")
    return 1e3 * taken_s


def bare_ms() -> float:
    """Wall time of an interpreter that does nothing."""
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return 1e3 * (time.perf_counter() - started_s)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    ready, bare = [], []
    for _ in range(runs):
        bare.append(bare_ms())
        with tempfile.TemporaryDirectory(prefix="otx-bench-") as store:
            ready.append(until_ready_ms(store))
    for name, figures in (("python -c pass", bare), ("otx receive, ready", ready)):
        print(f"{name:20} {statistics.median(figures):7.1f} ms, least {min(figures):.1f}")
    print(f"{'aim':20} {AIM_MS:7.1f} ms")


if __name__ == "__main__":
    main()
