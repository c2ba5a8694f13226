"""How soon another process sees what was acknowledged, at a steady rate of spans.

A sender process appends to the log at the asked rate and says after each acknowledgement how many
spans there are; a converter runs beside it; this process asks the store again and again. The lag
of an answer is how long ago its newest visible span was acknowledged.

Run: `python benchmarks/store_visible.py [SPANS_A_SECOND] [SECONDS]`.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.corpus import trace_request
from otx.model.signal import Signal
from otx.store.converter import start_converter
from otx.store.reader import Store
from otx.store.wal import LogWriter

SPANS_A_REQUEST = 500
DISTINCT = 40


def send(store_dir: Path, rate: float, duration_s: float) -> None:
    """Append at a rate; print the time and the number of spans after each acknowledgement."""
    start = time.time_ns()
    bodies = [trace_request(seed, SPANS_A_REQUEST, start, 10**9) for seed in range(DISTINCT)]
    with LogWriter(store_dir) as log:
        begun = time.monotonic()
        for number in range(int(rate * duration_s / SPANS_A_REQUEST)):
            due = begun + number * SPANS_A_REQUEST / rate
            time.sleep(max(0.0, due - time.monotonic()))
            log.append(Signal.TRACES, bodies[number % DISTINCT], time.time_ns()).result()
            print(time.monotonic_ns(), (number + 1) * SPANS_A_REQUEST, flush=True)


def watch(store_dir: Path, rate: float, duration_s: float) -> None:
    converter = start_converter(store_dir)
    command = [sys.executable, "-m", "benchmarks.store_visible", "--send", str(store_dir)]
    sender = subprocess.Popen(
        [*command, str(rate), str(duration_s)], stdout=subprocess.PIPE, text=True
    )
    store = Store(store_dir)
    answers: list[tuple[int, int, float, int]] = []
    try:
        while sender.poll() is None:
            before = time.monotonic_ns()
            (spans,) = next(iter(store.query("SELECT count(*) FROM spans").rows()))
            after = time.monotonic_ns()
            answers.append((after, spans, (after - before) / 1e6, store.lag().bytes))
            time.sleep(0.05)
        assert sender.stdout is not None
        acknowledged = [tuple(map(int, line.split())) for line in sender.stdout]
    finally:
        sender.kill()
        sender.communicate()
        converter.communicate()
    lags = []
    for at, spans, _, _ in answers:
        missing = [when for when, count in acknowledged if count > spans and when <= at]
        lags.append((at - missing[0]) / 1e6 if missing else 0.0)
    took = [milliseconds for _, _, milliseconds, _ in answers]
    achieved = acknowledged[-1][1] / ((acknowledged[-1][0] - acknowledged[0][0]) / 1e9)
    print(f"{achieved:,.0f} spans/s acknowledged for {duration_s:.0f} s, {len(answers)} looks")
    print(f"lag      p50 {statistics.median(lags):6.0f} ms   max {max(lags):6.0f} ms")
    print(f"a look   p50 {statistics.median(took):6.0f} ms   max {max(took):6.0f} ms")
    print(f"waiting for the converter, at most: {max(b for *_, b in answers) / 2**20:.1f} MiB")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--send"]:
        send(Path(arguments[1]), float(arguments[2]), float(arguments[3]))
        return
    rate = float(arguments[0]) if arguments else 50_000.0
    duration_s = float(arguments[1]) if len(arguments) > 1 else 10.0
    with tempfile.TemporaryDirectory() as directory:
        watch(Path(directory), rate, duration_s)


if __name__ == "__main__":
    main(sys.argv[1:])
