"""What connections cost a receiver that send nothing: its memory, and what others wait.

The real command runs in a process of its own with a store. In turn 1 000 connections of one kind
are opened to it and left alone: HTTP on which nothing was said, HTTP after one request, gRPC after
one call. Before and while they are open one client sends small requests, one after the other, and
the time until each is acknowledged, durable, is taken. Prints MiB of the receiver (resident, from
/proc) and the median and 99th percentile of acknowledgements, of all rounds together, beside the
aims: at most 30 MiB more, and the same 99th percentile.

    python benchmarks/receive_idle.py [--rounds N] [--connections N] [--requests N]
"""

import argparse
import http.client
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import grpc

from benchmarks.corpus import trace_request
from benchmarks.receive_speed import start
from otx.model.signal import Signal
from otx.otlp.exporter.client import Client
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.grpc_client import GrpcClient
from otx.otlp.exporter.http_client import HttpClient
from otx.otlp.wire import PROTOBUF, WIRE
from otx.services.receive_process import ReceiverProcess
from otx.system.open_files import allow_open_files

AIM_MIB = 30
SPARE_FILES = 200


@dataclass
class Found:
    """What all rounds of one kind came to."""

    more_mib: list[float] = field(default_factory=list)
    before_s: list[float] = field(default_factory=list)
    during_s: list[float] = field(default_factory=list)


def resident_mib(pid: int) -> float:
    """Memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def open_http(receiver: ReceiverProcess, body: bytes, opened: ExitStack) -> None:
    """A connection, and one request on it where there is a body."""
    connection = http.client.HTTPConnection(receiver.http, timeout=60)
    connection.connect()
    opened.callback(connection.close)
    if body:
        connection.request("POST", "/v1/traces", body, {"Content-Type": PROTOBUF})
        connection.getresponse().read()


def open_grpc(receiver: ReceiverProcess, body: bytes, opened: ExitStack) -> None:
    """A connection of its own, and one call on it."""
    # Channels of a process to one place share a connection otherwise.
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = opened.enter_context(grpc.insecure_channel(receiver.grpc, options))
    cast("Any", channel.unary_unary(WIRE[Signal.TRACES].grpc_method))(body, timeout=60)


def acknowledged_s(client: Client, body: bytes, requests: int) -> list[float]:
    """How long each of some requests took."""
    taken = []
    for _ in range(requests):
        began_s = time.perf_counter()
        client.send(Signal.TRACES, body, 30)
        taken.append(time.perf_counter() - began_s)
    return taken


def percentiles(taken_s: list[float]) -> str:
    """Median and 99th percentile in milliseconds."""
    cuts = statistics.quantiles(taken_s, n=100)
    return f"{cuts[49] * 1e3:8.2f}{cuts[98] * 1e3:8.2f}"


def measure(
    connect: Callable[[ReceiverProcess, ExitStack], None],
    transport: str,
    body: bytes,
    connections: int,
    requests: int,
    found: Found,
) -> None:
    """One round of one kind, with a receiver and a store of its own."""
    with tempfile.TemporaryDirectory(prefix="otx-bench-") as store, ExitStack() as opened:
        receiver = start(store)
        opened.callback(receiver.stop)
        place = receiver.grpc if transport == "grpc" else f"http://{receiver.http}"
        endpoint = resolve_endpoint(Signal.TRACES, {}, place)
        client: Client = GrpcClient(endpoint) if transport == "grpc" else HttpClient(endpoint)
        opened.enter_context(client)
        acknowledged_s(client, body, 100)  # imports and caches
        found.before_s += acknowledged_s(client, body, requests)
        before_mib = resident_mib(receiver.pid)
        for _ in range(connections):
            connect(receiver, opened)
        found.during_s += acknowledged_s(client, body, requests)
        found.more_mib.append(resident_mib(receiver.pid) - before_mib)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=500)
    arguments = parser.parse_args()
    allow_open_files(arguments.connections + SPARE_FILES)
    body = trace_request(1, 10, time.time_ns(), 10**9)
    ways: dict[str, tuple[Callable[[ReceiverProcess, ExitStack], None], str]] = {
        "http, silent": (lambda it, opened: open_http(it, b"", opened), "http"),
        "http, after one": (lambda it, opened: open_http(it, body, opened), "http"),
        "grpc, after one": (lambda it, opened: open_grpc(it, body, opened), "grpc"),
    }
    found = {name: Found() for name in ways}
    for _ in range(arguments.rounds):
        for name, (connect, transport) in ways.items():
            measure(
                connect, transport, body, arguments.connections, arguments.requests, found[name]
            )
    print(f"{'idle connections':18}{'MiB more':>9}{'aim':>5}  p50 and p99 before, during (ms)")
    for name in ways:
        one = found[name]
        more = statistics.median(one.more_mib)
        waits = f"{percentiles(one.before_s)}  {percentiles(one.during_s)}"
        print(f"{name:18}{more:9.1f}{AIM_MIB:5} {waits}")


if __name__ == "__main__":
    main()
