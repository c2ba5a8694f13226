"""What it costs to turn a store's rows back into OTLP requests, as `otx ottl … --store` does.

A store of the corpus' spans (323 bytes and nine attributes each) is written and converted, then
read from end to end as requests of 1 000 records, without anything that runs on them. Prints CPU
microseconds a span beside what parsing the same requests with the official messages costs, and the
most memory that reading took.

    python benchmarks/store_requests.py [--spans N]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.corpus import trace_request
from otx.model.signal import Signal
from otx.services.ottl_store import store_pieces
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.wal import LogWriter

SPANS = 2_000
START_UNIX_NANO = 1_790_000_000 * 10**9


def write(layout: Layout, spans: int) -> None:
    """A store of so many spans, all of them in segments."""
    with LogWriter(layout.root) as log:
        conversion = Conversion(layout)
        for seed in range(spans // SPANS):
            body = trace_request(seed, SPANS, START_UNIX_NANO + seed * 10**9, 10**9)
            log.append(Signal.TRACES, body, seed + 1).result()
            if seed % 50 == 49:
                conversion.convert()
        while conversion.convert():
            pass


def read(store_dir: Path) -> None:
    """Read the store in this process and print what it took."""
    before = time.process_time()
    bodies: list[bytes] = []
    for piece in store_pieces(Layout(store_dir), [Signal.TRACES]):
        bodies = [*bodies[:19], piece.data]
    took = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    begun = time.process_time()
    parsed = sum(
        len(scope.spans)
        for body in bodies
        for group in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in group.scope_spans
    )
    print(took, (time.process_time() - begun) / parsed, peak)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read(arguments.read)
        return
    spans = arguments.spans // SPANS * SPANS
    with tempfile.TemporaryDirectory(prefix="otx-bench-") as folder:
        write(Layout(Path(folder)), spans)
        command = [sys.executable, __file__, "--read", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    took, parse, peak = map(float, done.stdout.split())
    print(
        f"{spans:,} spans: {took / spans * 1e6:.1f} µs a span back to OTLP, {peak:.0f} MiB at most"
    )
    print(
        f"parsing the same requests: {parse * 1e6:.1f} µs a span; ratio {took / spans / parse:.1f}"
    )


if __name__ == "__main__":
    main()
