"""What rules on what arrives cost a receiver, in CPU time a span.

The real command runs in a process of its own, without a store, and takes the batch that the OTTL
benchmarks use (1 000 spans of ten attributes, tests/data/ottl/bench_batch.pb) over gRPC: with no
`--transform`, with one simple statement, with ten mixed ones, and with a filter of one condition
that drops nothing. The figures are the receiver's own user and system time from /proc; rounds of
the ways alternate. Beside them stands what the Collector needs for the same ten, otlp receiver to
nop exporter, measured elsewhere on one core of the same kind of machine.

    python benchmarks/receive_transform.py [--rounds N] [--requests N]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.receive_speed import SPANS, cpu_s, send_all
from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.grpc_client import GrpcClient
from otx.services.receive_process import ReceiverProcess

DATA = Path(__file__).parents[1] / "tests" / "data" / "ottl"
SIMPLE = 'set(span.attributes["k"], "v") where span.kind == SPAN_KIND_SERVER'
COLLECTOR_TEN_US = 10.99


def rules() -> dict[str, object]:
    """A configuration for each way; None for none."""
    return {
        "none": None,
        "one statement": {"transform": {"trace_statements": [SIMPLE]}},
        "ten statements": json.loads((DATA / "bench_statements.json").read_text()),
        "one condition": {"filter": {"trace_conditions": ['span.name == "nothing"']}},
    }


def start(config: object, folder: Path) -> ReceiverProcess:
    """The real command on free ports, with rules or without."""
    command = [sys.executable, "-m", "otx", "receive", "--store", "none"]
    command += ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    if config is not None:
        file = folder / "rules.json"
        file.write_text(json.dumps(config))
        command += ["--transform", str(file)]
    receiver = ReceiverProcess(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    receiver.wait_until_ready()
    return receiver


def cost_us(config: object, body: bytes, requests: int) -> float:
    """Microseconds of CPU time a span."""
    with tempfile.TemporaryDirectory(prefix="otx-bench-") as folder:
        receiver = start(config, Path(folder))
        try:
            endpoint = resolve_endpoint(Signal.TRACES, {}, receiver.grpc)
            send_all(lambda: GrpcClient(endpoint), body, 8)  # imports and caches
            before_s = cpu_s(receiver.pid)
            send_all(lambda: GrpcClient(endpoint), body, requests)
            return (cpu_s(receiver.pid) - before_s) / (requests * SPANS) * 1e6
        finally:
            receiver.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=100, help="a multiple of four")
    arguments = parser.parse_args()
    body = (DATA / "bench_batch.pb").read_bytes()
    figures: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        for name, config in rules().items():
            figures.setdefault(name, []).append(cost_us(config, body, arguments.requests))
    none = statistics.median(figures["none"])
    print(f"{'rules':16}{'µs a span':>10}{'more':>8}{'spans/s a core':>16}")
    for name, costs in figures.items():
        cost = statistics.median(costs)
        print(f"{name:16}{cost:10.2f}{cost - none:8.2f}{1e6 / cost:16,.0f}")
    ratio = statistics.median(figures["ten statements"]) / COLLECTOR_TEN_US
    print(f"ten statements in the Collector: {COLLECTOR_TEN_US} µs a span; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
