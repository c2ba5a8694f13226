"""What `otx receive` spends on a span from the socket to the durable log, in CPU time.

The real command runs in a process of its own, with its converter in another; requests of 1000
spans and 12 resources come from this process, a few in flight. The server's own user and system
time are read from /proc, so neither the client nor a busy neighbour is in the figure. Rounds of
the ways alternate. Prints spans a second and core beside the aim, and what a request's check takes
with no server around it: `check only` by the library of `native/`, `parse only` by the official
messages, as where there is no library or it is in doubt. `look for odd` is the part of parsing that
looks at spans for what to tell their sender, and `look at all` what that would be if all spans of a
request were looked at.

    python benchmarks/receive_speed.py [--rounds N] [--requests N]
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otx.model.signal import Signal
from otx.otlp.compression import compress
from otx.otlp.decode import decode_request, parse_protobuf, parse_request
from otx.otlp.exporter.client import Client, Outcome
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.grpc_client import GrpcClient
from otx.otlp.exporter.http_client import HttpClient
from otx.otlp.oddity import span_cautions
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.traces import TraceSource
from otx.otlp.wire import records_by_scope
from otx.services.receive_process import ReceiverProcess

SPANS = 1_000
SERVICES = 12
IN_FLIGHT = 4
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
EXTRA_ATTRIBUTES = {
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101",
    "client.address": "203.0.113.77",
    "thread.name": "worker-17",
    "code.function.name": "shop.handlers.Handler.handle",
}
"""Bring a span to nine attributes and 400 bytes, about what instrumented services send."""
AIMS = {"http": 0.8e6, "grpc": 0.5e6}


def request_body() -> bytes:
    """One request as an SDK or a Collector batches it: a resource for each service."""
    shape = Shape(services=SERVICES, depth=4, attributes=EXTRA_ATTRIBUTES)
    source = TraceSource(shape, random.Random(42))
    grouped = TracesData()
    places = {}
    spans = 0
    while spans < SPANS:
        body, count = source.next(time.time_ns(), SPANS - spans)
        spans += count
        for resource_spans in TracesData.FromString(body).resource_spans:
            service = resource_spans.resource.attributes[0].value.string_value
            if service not in places:
                places[service] = grouped.resource_spans.add()
                places[service].resource.CopyFrom(resource_spans.resource)
                places[service].scope_spans.add()
            for scope in resource_spans.scope_spans:
                places[service].scope_spans[0].spans.extend(scope.spans)
    return grouped.SerializeToString()


def cpu_s(pid: int) -> float:
    """User and system time of a process, its children's not counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def start(store: str) -> ReceiverProcess:
    """The real command on free ports."""
    command = [sys.executable, "-m", "otx", "receive", "--store", store]
    process = subprocess.Popen(
        [*command, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    receiver = ReceiverProcess(process)
    receiver.wait_until_ready()
    return receiver


def send_all(connect: Callable[[], Client], body: bytes, requests: int) -> None:
    """Send so many requests, a few in flight; each must be acknowledged."""

    def run() -> None:
        with connect() as client:
            for _ in range(requests // IN_FLIGHT):
                while client.send(Signal.TRACES, body, 30).outcome is Outcome.RETRY:
                    time.sleep(0.05)

    threads = [threading.Thread(target=run) for _ in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ways(receiver: ReceiverProcess) -> dict[str, Callable[[], Client]]:
    """How requests can be sent to a receiver."""
    http = resolve_endpoint(Signal.TRACES, {}, f"http://{receiver.http}")
    grpc = resolve_endpoint(Signal.TRACES, {}, receiver.grpc)
    return {
        "http": lambda: HttpClient(http),
        "http gzip": lambda: HttpClient(http, "gzip"),
        "grpc": lambda: GrpcClient(grpc),
        "grpc gzip": lambda: GrpcClient(grpc, "gzip"),
    }


def check_only(check: Callable[[], object], times: int) -> float:
    """CPU seconds a span to check and count a request with no server around it."""
    before = time.process_time()
    for _ in range(times):
        check()
    return (time.process_time() - before) / times / SPANS


def look(body: bytes, at_once: int, times: int) -> float:
    """CPU seconds a span to look for odd spans, in portions of a request."""
    # Parsed before, so that one long stretch is timed: the clock of CPU time may be coarse.
    requests = [
        records_by_scope(Signal.TRACES, parse_protobuf(Signal.TRACES, body)) for _ in range(times)
    ]
    before_s = time.process_time()
    for groups in requests:
        for first in range(0, len(groups), at_once):
            span_cautions(groups[first : first + at_once])
    return (time.process_time() - before_s) / times / SPANS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    arguments = parser.parse_args()
    body = request_body()
    packed = len(compress(body, "gzip"))
    print(
        f"{len(body) / SPANS:.0f} B a span, {packed / SPANS:.0f} with gzip; {IN_FLIGHT} in flight"
    )
    checks: dict[str, Callable[[], object]] = {
        "check only": lambda: decode_request(Signal.TRACES, body, "protobuf"),
        "parse only": lambda: parse_request(Signal.TRACES, body),
    }
    figures: dict[str, list[float]] = {name: [] for name in checks}
    figures |= {"look for odd": [], "look at all": []}
    rates: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        for name, check in checks.items():
            figures[name].append(check_only(check, 100))
        figures["look for odd"].append(look(body, SERVICES, 100))
        # A service's part of a request is small enough to be looked at whole.
        figures["look at all"].append(look(body, 1, 100))
        with tempfile.TemporaryDirectory(prefix="otx-bench-") as store:
            receiver = start(store)
            try:
                for name, connect in ways(receiver).items():
                    before_s, started_s = cpu_s(receiver.pid), time.perf_counter()
                    send_all(connect, body, arguments.requests)
                    spans = arguments.requests // IN_FLIGHT * IN_FLIGHT * SPANS
                    figures.setdefault(name, []).append((cpu_s(receiver.pid) - before_s) / spans)
                    rates.setdefault(name, []).append(spans / (time.perf_counter() - started_s))
            finally:
                receiver.stop()
    print(f"{'way':12} {'µs/span':>8} {'spans/s a core':>15} {'aim':>9} {'seen spans/s':>13}")
    for name, costs in figures.items():
        cost_s = statistics.median(costs)
        aim = f"{AIMS[name]:,.0f}" if name in AIMS else ""
        seen = f"{statistics.median(rates[name]):,.0f}" if name in rates else ""
        print(f"{name:12} {cost_s * 1e6:8.2f} {1 / cost_s:15,.0f} {aim:>9} {seen:>13}")


if __name__ == "__main__":
    main()
