"""How soon another process sees what was acknowledged, at steady rates of spans and above them.

A sender process appends to the log at the asked rate and says after each acknowledgement how many
spans there are; a converter runs beside it; this process asks the store again and again. The lag
of an answer is how long ago the oldest span it lacks was acknowledged. `max` sends as fast as the
log takes: faster than a converter converts, so that the bound of what may wait comes to bear.

Run: `python benchmarks/store_visible.py [--seconds S] [SPANS_A_SECOND|max ...]`.
"""

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path

from benchmarks.corpus import trace_request
from otx.model.signal import Signal
from otx.store.converter import start_converter
from otx.store.errors import LogFull
from otx.store.reader import Store
from otx.store.wal import LogWriter

SPANS_A_REQUEST = 500
DISTINCT = 40
IN_HAND = 8
COME_AGAIN_S = 0.1


def send(store_dir: Path, rate: float, duration_s: float) -> None:
    """Append at a rate; print the time and the number of spans after each acknowledgement."""
    start = time.time_ns()
    bodies = [trace_request(seed, SPANS_A_REQUEST, start, 10**9) for seed in range(DISTINCT)]
    acknowledged = 0
    with LogWriter(store_dir) as log:
        in_hand: deque[Future[None]] = deque()
        begun = time.monotonic()
        number = 0
        while time.monotonic() - begun < duration_s:
            due = begun if math.isinf(rate) else begun + number * SPANS_A_REQUEST / rate
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                in_hand.append(log.append(Signal.TRACES, bodies[number % DISTINCT], time.time_ns()))
            except LogFull:
                time.sleep(COME_AGAIN_S)
                continue
            number += 1
            while in_hand and (in_hand[0].done() or len(in_hand) >= IN_HAND):
                in_hand.popleft().result()
                acknowledged += SPANS_A_REQUEST
                print(time.monotonic_ns(), acknowledged, flush=True)
        print("refused", log.stats().refused, flush=True)


def watch(store_dir: Path, rate: float, duration_s: float) -> None:
    converter = start_converter(store_dir)
    command = [sys.executable, "-m", "benchmarks.store_visible", "--send", str(store_dir)]
    said = store_dir / "said"
    with said.open("w") as file:
        sender = subprocess.Popen([*command, "--seconds", str(duration_s), str(rate)], stdout=file)
    store = Store(store_dir)
    answers: list[tuple[int, int, float, int, int]] = []
    try:
        while sender.poll() is None:
            before = time.monotonic_ns()
            (spans,) = next(iter(store.query("SELECT count(*) FROM spans").rows()))
            after = time.monotonic_ns()
            waiting = store.lag()
            answers.append(
                (after, spans, (after - before) / 1e6, waiting.bytes, waiting.hidden_bytes)
            )
            time.sleep(0.05)
    finally:
        sender.kill()
        sender.wait()
        converter.communicate()
    *lines, last = said.read_text().splitlines()
    report(answers, [tuple(map(int, line.split())) for line in lines], last)


def report(
    answers: list[tuple[int, int, float, int, int]],
    acknowledged: list[tuple[int, ...]],
    refused: str,
) -> None:
    lags = []
    for at, spans, *_ in answers:
        missing = next((when for when, count in acknowledged if count > spans), at)
        lags.append(max(at - missing, 0) / 1e6)
    took = [milliseconds for _, _, milliseconds, _, _ in answers]
    achieved = acknowledged[-1][1] / ((acknowledged[-1][0] - acknowledged[0][0]) / 1e9)
    waited = max(waiting for *_, waiting, _ in answers) / 2**20
    hidden = max(hidden for *_, hidden in answers) / 2**20
    print(f"{achieved:,.0f} spans/s acknowledged, {len(answers)} looks, {refused}")
    print(f"  lag      p50 {statistics.median(lags):6.0f} ms   max {max(lags):6.0f} ms")
    print(f"  a look   p50 {statistics.median(took):6.0f} ms   max {max(took):6.0f} ms")
    print(f"  waiting for the converter at most {waited:.0f} MiB, hidden at most {hidden:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rates", nargs="*", default=["50000", "100000", "200000", "max"])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--send", type=Path)
    known = parser.parse_args()
    rates = [math.inf if rate in ("max", "inf") else float(rate) for rate in known.rates]
    if known.send:
        send(known.send, rates[0], known.seconds)
        return
    for rate in rates:
        print("as fast as it takes:" if math.isinf(rate) else f"{rate:,.0f} spans/s asked for:")
        with tempfile.TemporaryDirectory() as directory:
            watch(Path(directory), rate, known.seconds)


if __name__ == "__main__":
    main()
