"""What `otx receive --forward` spends on a span, and what it takes from those who send to it.

The real command receives over HTTP and forwards to another `otx receive`, which keeps nothing.
User and system time of the receiver, of the process that forwards and of the far end are read
from /proc, until all has arrived. Rounds of the ways alternate: without a destination, over HTTP,
over gRPC, to one that is dead. `acknowledged` is the rate that senders saw meanwhile, over the rate
without a destination; `left` is what that would be if forwarder and far end did nothing but take
their CPU time from the machine's cores, which all were busy. The first must not be lower.

    python -m benchmarks.receive_forward [--rounds N] [--requests N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.receive_speed import IN_FLIGHT, SPANS, cpu_s, request_body, send_all
from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.http_client import HttpClient
from otx.services.receive_process import ReceiverProcess

WAIT_S = 120
DEAD = "http://127.0.0.1:9"
"""The port of discard, where nobody listens."""


@dataclass(frozen=True)
class Figure:
    """What one round gave, for each span."""

    receiver_s: float
    forwarder_s: float
    far_end_s: float
    rate: float


def start(*arguments: str) -> ReceiverProcess:
    """The real command on free ports."""
    addresses = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", "receive", *addresses, *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    receiver = ReceiverProcess(process)
    receiver.wait_until_ready()
    return receiver


def forwarder_of(receiver: ReceiverProcess) -> int | None:
    """The process that forwards for a receiver; None where it has none."""
    for children in Path(f"/proc/{receiver.pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            if b"otx.services.forward" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


def wait_until_passed(store: str) -> None:
    """Wait until each destination has passed all that is in the log."""
    from otx.services.forward.places import left_behind
    from otx.store.layout import Layout

    ends_s = time.monotonic() + WAIT_S
    while left_behind(Layout(Path(store))):
        if time.monotonic() > ends_s:
            raise SystemExit("what was sent did not arrive")
        time.sleep(0.05)


def measure(body: bytes, requests: int, destination: str | None, sink: ReceiverProcess) -> Figure:
    """One round."""
    forward = ["--forward", destination] if destination else []
    with tempfile.TemporaryDirectory(prefix="otx-bench-") as store:
        receiver = start("--store", store, *forward)

        def spent_s() -> list[float]:
            pids = receiver.pid, forwarder_of(receiver), sink.pid
            return [cpu_s(pid) if pid else 0.0 for pid in pids]

        def pass_on(count: int) -> None:
            send_all(lambda: HttpClient(endpoint), body, count)
            rates.append(count * SPANS / (time.perf_counter() - started_s))
            if destination not in (None, DEAD):
                wait_until_passed(store)

        try:
            endpoint = resolve_endpoint(Signal.TRACES, {}, f"http://{receiver.http}")
            rates: list[float] = []
            started_s = time.perf_counter()
            pass_on(IN_FLIGHT)  # imports are not what is measured
            before_s, started_s = spent_s(), time.perf_counter()
            pass_on(requests)
            own_s, forwarder_s, far_end_s = (
                (after_s - one_s) / requests / SPANS
                for after_s, one_s in zip(spent_s(), before_s, strict=True)
            )
            return Figure(own_s, forwarder_s, far_end_s, rates[-1])
        finally:
            receiver.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=400)
    arguments = parser.parse_args()
    requests = arguments.requests // IN_FLIGHT * IN_FLIGHT
    body = request_body()
    sink = start("--store", "none")
    ways: dict[str, str | None] = {
        "no destination": None,
        "http/protobuf": f"http://{sink.http}",
        "grpc": sink.grpc,
        "dead": DEAD,
    }
    figures: dict[str, list[Figure]] = {name: [] for name in ways}
    try:
        for _ in range(arguments.rounds):
            for name, destination in ways.items():
                figures[name].append(measure(body, requests, destination, sink))
    finally:
        sink.stop()
    show(figures, f"{requests} requests of {SPANS} spans, {len(body)} B each")


def show(figures: dict[str, list[Figure]], what: str) -> None:
    """Print medians, and the rate beside the one that the CPU spent would leave."""

    def median(name: str, of: Callable[[Figure], float]) -> float:
        return statistics.median(map(of, figures[name]))

    cores = len(os.sched_getaffinity(0))
    print(f"{what}; {cores} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"{'to':16}{'receiver µs/span':>18}{'forwarder µs/span':>19}{'acknowledged':>14}{'left':>7}"
    )
    base = median("no destination", lambda one: one.rate)
    for name in figures:
        rate = median(name, lambda one: one.rate)
        spent = median(name, lambda one: one.forwarder_s + one.far_end_s)
        left = 1 / (1 + spent * base / cores)
        print(
            f"{name:16}{median(name, lambda one: one.receiver_s) * 1e6:18.2f}"
            f"{median(name, lambda one: one.forwarder_s) * 1e6:19.2f}{rate / base:14.2f}{left:7.2f}"
        )


if __name__ == "__main__":
    main()
