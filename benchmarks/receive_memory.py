"""How much memory a receiver takes at full load, and its converter beside it.

The real command runs in a process of its own with a store, its converter in another. Requests of
1 000 spans come from this process as fast as they are acknowledged, a few in flight, for some
seconds over each transport, on receivers of their own; where more waits for the converter than
may, senders are told to come again, as ever. Prints the peak of each process (VmHWM of proc(5),
shared pages included) beside the aim for the receiver, 250 MiB.

    python benchmarks/receive_memory.py [--seconds S]
"""

import argparse
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.receive_speed import IN_FLIGHT, SPANS, request_body, start, ways
from otx.model.signal import Signal
from otx.otlp.exporter.client import Client, Outcome

AIM_MIB = 250
EVERY_S = 0.5


def peak_mib(pid: int) -> float:
    """The most a process had in memory so far; 0 for one that is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def children_of(pid: int) -> list[int]:
    """The processes that a process started, with any of its threads."""
    with suppress(subprocess.CalledProcessError):
        found = subprocess.check_output(["ps", "-o", "pid=", "--ppid", str(pid)], text=True)
        return [int(one) for one in found.split()]
    return []


def load(connect: Callable[[], Client], body: bytes, ends_s: float) -> int:
    """Send until then; how many requests were acknowledged."""
    accepted = [0] * IN_FLIGHT

    def run(number: int) -> None:
        with connect() as client:
            while time.monotonic() < ends_s:
                if client.send(Signal.TRACES, body, 30).outcome is Outcome.RETRY:
                    time.sleep(0.05)
                else:
                    accepted[number] += 1

    threads = [threading.Thread(target=run, args=(one,)) for one in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(accepted)


def measure(way: str, body: bytes, seconds: float) -> tuple[float, float, float]:
    """Peaks of receiver and converter in MiB, and spans a second."""
    with tempfile.TemporaryDirectory(prefix="otx-bench-") as store:
        receiver = start(store)
        is_over = threading.Event()
        converter = [0.0]

        def watch() -> None:
            while not is_over.wait(EVERY_S):
                converter[0] = max([converter[0], *map(peak_mib, children_of(receiver.pid))])

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            accepted = load(ways(receiver)[way], body, time.monotonic() + seconds)
            return peak_mib(receiver.pid), converter[0], accepted * SPANS / seconds
        finally:
            is_over.set()
            watching.join()
            receiver.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    seconds = parser.parse_args().seconds
    body = request_body()
    print(f"{'':10}{'receiver':>10}{'aim':>5}{'converter':>11}  MiB at most in {seconds:.0f} s")
    for way in ("http", "http gzip", "grpc", "grpc gzip"):
        receiver, converter, rate = measure(way, body, seconds)
        print(f"{way:10}{receiver:10.0f}{AIM_MIB:5}{converter:11.0f}  {rate:,.0f} spans/s")


if __name__ == "__main__":
    main()
