"""What it costs to know how far clocks are apart: of one large trace, and of a whole store.

The trace is a tree of calls between hosts; the store is filled over an hour with requests through
five hosts of twenty, each clock off by up to a second. Run: `python benchmarks/trace_skew.py
[SPANS]`; the default is small, 1000000 is the size that is aimed for.
"""

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.model.telemetry import Span
from otx.model.units import NS_PER_S
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.reader import Store
from otx.store.upkeep import merge_small
from otx.store.wal import LogWriter
from otx.tracing.assembly import assemble
from otx.tracing.skew import clock_skew
from otx.tracing.skew_fleet import fleet_skew

START_UNIX_NANO = 1_790_000_000 * NS_PER_S
HOUR_NS = 3600 * NS_PER_S
HOSTS = 20
HOPS = 5
SPANS_A_REQUEST = 1000
TRACE_SPANS = 100_000


def large_trace(rng: random.Random) -> list[Span]:
    """A trace of calls between hosts, every other span a CLIENT."""
    offsets = [rng.randrange(NS_PER_S) for _ in range(HOSTS)]
    spans: list[Span] = []
    for number in range(TRACE_SPANS):
        parent = (number - 1) // 4
        host = (number * 7) % HOSTS if number % 2 else (parent * 7) % HOSTS
        start, length = number * 1000, (TRACE_SPANS - number) * 100_000
        spans.append(
            Span(
                trace_id="1" * 32,
                span_id=f"{number:016x}",
                parent_span_id=f"{parent:016x}" if number else "",
                name="work",
                kind="SERVER" if number % 2 else "CLIENT",
                service=f"service-{host}",
                start_unix_nano=START_UNIX_NANO + start + offsets[host],
                end_unix_nano=START_UNIX_NANO + start + length + offsets[host],
                resource={"host.name": f"host-{host}"},
            )
        )
    return spans


def request(rng: random.Random, offsets: list[int], at: int, spread_ns: int) -> bytes:
    """Calls from host to host, `HOPS` deep."""
    message = ExportTraceServiceRequest()
    groups = []
    for host in range(HOSTS):
        group = message.resource_spans.add()
        for key, text in (("service.name", f"service-{host % 8}"), ("host.name", f"host-{host}")):
            group.resource.attributes.add(key=key).value.string_value = text
        groups.append(group.scope_spans.add().spans)
    for _ in range(SPANS_A_REQUEST // (2 * HOPS)):
        trace_id, parent = rng.randbytes(16), b""
        start = at + rng.randrange(spread_ns)
        end = start + 200_000_000
        host = rng.randrange(HOSTS)
        for hop in range(2 * HOPS):
            span_id = rng.randbytes(8)
            span = groups[host].add(
                trace_id=trace_id,
                span_id=span_id,
                parent_span_id=parent,
                name="GET /item",
                kind=2 + hop % 2,
                start_time_unix_nano=start + offsets[host],
                end_time_unix_nano=end + offsets[host],
            )
            span.attributes.add(key="http.request.method").value.string_value = "GET"
            span.attributes.add(key="http.response.status_code").value.int_value = 200
            parent = span_id
            start += rng.randrange(10_000, 5_000_000)
            end -= rng.randrange(10_000, 5_000_000)
            host = rng.randrange(HOSTS) if hop % 2 else host
    return message.SerializeToString()


def fill(store_dir: Path, spans: int, rng: random.Random) -> None:
    """A store of so many spans over an hour, converted and merged."""
    requests = max(spans // SPANS_A_REQUEST, 1)
    step = HOUR_NS // requests
    offsets = [rng.randrange(NS_PER_S) for _ in range(HOSTS)]
    conversion = Conversion(Layout(store_dir))
    with LogWriter(store_dir) as log:
        for number in range(requests):
            at = START_UNIX_NANO + number * step
            log.append(Signal.TRACES, request(rng, offsets, at, step), at).result()
            if number % 40 == 0:
                conversion.convert()
    while conversion.convert():
        pass
    while merge_small(conversion, time.time_ns()):
        pass


def main(arguments: list[str]) -> None:
    """Print what both cost."""
    spans = int(arguments[0]) if arguments else 100_000
    rng = random.Random(5)
    trace = assemble(large_trace(rng))
    before, busy = time.perf_counter(), time.process_time()
    skew = clock_skew(trace)
    took, busy = time.perf_counter() - before, time.process_time() - busy
    print(f"shifts of a trace of {TRACE_SPANS:,} spans: {took:.2f} s, {busy:.2f} s of CPU")
    print(f"  {len(skew.bounds)} pairs, {len(skew.moved)} clocks moved")
    with tempfile.TemporaryDirectory() as directory:
        fill(Path(directory), spans, rng)
        start_rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        before, busy = time.perf_counter(), time.process_time()
        fleet = fleet_skew(Store(Path(directory)), 0, 60 * NS_PER_S)
        took, busy = time.perf_counter() - before, time.process_time() - busy
        rss = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start_rss) / 1024
        print(f"skew of a store of {spans:,} spans: {took:.2f} s, {busy:.2f} s of CPU")
        print(f"  {rss:.0f} MiB more at most")
        print(f"  {len(fleet.pairs)} pairs, {len(fleet.solution.shifts)} clocks known")


if __name__ == "__main__":
    main(sys.argv[1:])
