"""From the wire to disk: what otx and a Collector need a span, and what kill -9 takes of it.

Both receive OTLP over gRPC and write it down: `otx receive` into its store, until readers find the
spans in segments, its converter counted in (`till ack` is without it); the Collector by its otlp
receiver, batch processor and file exporter (protobuf), with their defaults. Its program is built
from benchmarks/peers/otelcol-file.yaml where Go and its modules are to be had; where they are not,
its part is left out and that is said. CPU is user and system time of the processes, from /proc;
rounds of the two alternate. Then each is killed while requests of 100 spans come in, and what was
acknowledged and is not there afterwards is counted: for otx in what a reader finds in the store,
for the Collector in its file.

    python benchmarks/receive_collector.py [--rounds N] [--requests N] [--kills N]
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from benchmarks.receive_memory import children_of
from benchmarks.receive_speed import IN_FLIGHT, SPANS, cpu_s, request_body, send_all, start
from otx.model.signal import Signal
from otx.otlp.exporter.client import Client, Outcome
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.grpc_client import GrpcClient
from otx.store.reader import Store
from otx.system.ports import is_free
from tests.interop.opamp_peers import NotToBeHad, built, load

CONFIGURATION = Path(__file__).parent / "peers" / "otelcol-file.yaml"
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.162.0"
PORT = 14417
SMALL_SPANS = 100
KILL_AFTER_S = 2.0
WAIT_S = 120.0
WARM_UP = 48
"""Requests that are sent before it counts: imports, caches, and the memory that a batch takes."""
EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Running:
    """A receiver that runs.

    Attributes:
        place: Where it takes gRPC.
        cpu_s: What its processes took so far; first the one that acknowledges.
        settle: Waits until what it acknowledged is written.
        kill: Ends it at once.
        span_ids: Those that it kept, to be asked when it is gone.
    """

    place: str
    cpu_s: Callable[[], list[float]]
    settle: Callable[[], None]
    kill: Callable[[], None]
    span_ids: Callable[[], set[bytes]]


@contextmanager
def otx(folder: Path) -> Iterator[Running]:
    """The real command with a store."""
    receiver = start(str(folder / "store"))

    def cost_s() -> list[float]:
        return [cpu_s(receiver.pid), *map(cpu_s, children_of(receiver.pid))]

    def settle() -> None:
        with closing(Store(folder / "store")) as store:
            wait_for(lambda: store.lag().bytes == 0)

    def span_ids() -> set[bytes]:
        with closing(Store(folder / "store")) as store:
            rows = store.query("SELECT span_id FROM spans").rows()
            return {bytes.fromhex(str(row[0])) for row in rows}

    def kill() -> None:
        if receiver.is_running:
            os.kill(receiver.pid, signal.SIGKILL)
            receiver.wait()

    try:
        yield Running(receiver.grpc, cost_s, settle, kill, span_ids)
    finally:
        kill()


@contextmanager
def collector(program: Path, folder: Path) -> Iterator[Running]:
    """A Collector that writes a file."""
    written = folder / "written.pb"
    config = folder / "collector.json"
    config.write_text(json.dumps(configuration(written)))
    process = subprocess.Popen([program, "--config", config], stderr=subprocess.DEVNULL)

    def settle() -> None:
        sizes = [-1]

        def is_still() -> bool:
            sizes.append(written.stat().st_size if written.exists() else 0)
            return len(set(sizes[-5:])) == 1  # batches wait for 0.2 s

        wait_for(is_still)

    def kill() -> None:
        process.kill()
        process.wait()

    try:
        wait_for(lambda: not is_free("127.0.0.1", PORT))
        yield Running(
            f"127.0.0.1:{PORT}",
            lambda: [cpu_s(process.pid)],
            settle,
            kill,
            lambda: set(ids_in(written)),
        )
    finally:
        kill()


def configuration(written: Path) -> dict[str, object]:
    """otlp, batch, file, with their defaults; protobuf as the quicker of the exporter's forms."""
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{PORT}"}}}},
        "processors": {"batch": {}},
        "exporters": {"file": {"path": str(written), "format": "proto"}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["file"]}
            },
        },
    }


def ids_in(written: Path) -> Iterator[bytes]:
    """Span ids of what the file exporter wrote, each message behind its length; no torn end."""
    data = written.read_bytes() if written.exists() else b""
    at = 0
    while at + 4 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        at += 4 + size
        if at > len(data):
            return
        yield from ids_of(TracesData.FromString(data[at - size : at]))


def ids_of(request: TracesData) -> Iterator[bytes]:
    """The span ids of a request."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield span.span_id


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards, whatever a converter that outlived a kill still writes."""
    with tempfile.TemporaryDirectory(prefix="otx-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: It does not.
    """
    ends_s = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > ends_s:
            raise TimeoutError
        time.sleep(EVERY_S)


def connect(place: str) -> Client:
    """A client over gRPC."""
    return GrpcClient(resolve_endpoint(Signal.TRACES, {}, place))


def cost_us(running: Running, body: bytes, requests: int) -> list[float]:
    """Microseconds of CPU a span, from the wire to disk, of each process."""
    send_all(lambda: connect(running.place), body, WARM_UP)
    running.settle()
    before_s = running.cpu_s()
    send_all(lambda: connect(running.place), body, requests)
    running.settle()
    spans = requests * SPANS
    return [
        (after - before) / spans * 1e6
        for after, before in zip(running.cpu_s(), before_s, strict=True)
    ]


def lost(running: Running) -> tuple[int, int]:
    """Spans that were acknowledged before it was killed, and those of them that are not there."""
    numbers = count(1)
    acknowledged: set[bytes] = set()

    def run() -> None:
        with connect(running.place) as client:
            while True:
                body = small_request(next(numbers))
                if client.send(Signal.TRACES, body, 5).outcome is not Outcome.ACCEPTED:
                    return
                acknowledged.update(ids_of(TracesData.FromString(body)))

    threads = [threading.Thread(target=run) for _ in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    time.sleep(KILL_AFTER_S)
    running.kill()
    for thread in threads:
        thread.join()
    return len(acknowledged), len(acknowledged - running.span_ids())


def small_request(number: int) -> bytes:
    """A request whose spans have ids that no other has."""
    request = TracesData()
    spans = request.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for one in range(SMALL_SPANS):
        spans.add(
            trace_id=struct.pack(">QQ", 1, number),
            span_id=struct.pack(">Q", number * SMALL_SPANS + one),
            name="GET /cart",
            start_time_unix_nano=now,
            end_time_unix_nano=now + 1000,
        )
    return request.SerializeToString()


def build(go: str, name: str, draft: Path) -> None:
    """Build the Collector."""
    folder = draft.with_suffix(".module")
    folder.mkdir()
    try:
        load([go, "install", BUILDER], folder, {"GOBIN": str(folder)})
        shutil.copy(CONFIGURATION, folder)
        load([str(folder / "builder"), "--config", CONFIGURATION.name], folder)
        (folder / name / name).replace(draft)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200, help="a multiple of four")
    parser.add_argument("--kills", type=int, default=2)
    arguments = parser.parse_args()
    sides: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {"otx": otx}
    try:
        program = built("otelcol-file", build)
        sides["Collector"] = lambda folder: collector(program, folder)
    except NotToBeHad as reason:
        print(f"without a Collector: {reason}")
    body = request_body()
    costs: dict[str, list[list[float]]] = {name: [] for name in sides}
    losses: dict[str, list[tuple[int, int]]] = {name: [] for name in sides}
    for _ in range(arguments.rounds):
        for name, side in sides.items():
            with temporary_folder() as folder, side(folder) as running:
                costs[name].append(cost_us(running, body, arguments.requests))
    for _ in range(arguments.kills):
        for name, side in sides.items():
            with temporary_folder() as folder, side(folder) as running:
                losses[name].append(lost(running))
    print(
        f"{'':10}{'µs a span':>10}{'(min-max)':>15}{'till ack':>9}  lost by kill -9 of acknowledged"
    )
    for name, found in costs.items():
        sums = [sum(one) for one in found]
        spread = f"({min(sums):.2f}-{max(sums):.2f})"
        first = statistics.median(one[0] for one in found)
        killed = ", ".join(f"{gone:,} of {all_of:,}" for all_of, gone in losses[name])
        print(f"{name:10}{statistics.median(sums):10.2f}{spread:>15}{first:9.2f}  {killed}")


if __name__ == "__main__":
    main()
