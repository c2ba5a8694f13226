"""What `otx send traces` spends on a span, in its own CPU time, against a sink in another process.

Full requests of 1000 spans go over HTTP, unless gRPC is named. `templates` is what the command
does: requests that are encoded once and moved as a whole. `encoded anew` makes each span of the
same requests through protobuf's messages, as a load generator on an SDK does at best. `send only`
posts the same bytes again and again: what is left when nothing is made up. Rounds of the ways
alternate; CPU time, so that the sink and a busy neighbour are not in the figure. Then the pace that
is held at some rates.

    python benchmarks/send_speed.py [--rounds N] [--requests N]
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import Source, make_source
from otx.services.send import REQUEST_RECORDS, SendOptions, send
from otx.services.send_report import SendReport

AIM = 2e6
MAX_REQUEST = 4 << 20
RATES = (10_000, 100_000, 500_000)
RATE_S = 2.0


class Again:
    """The same bytes again and again."""

    def __init__(self, source: Source) -> None:
        self.head = source.head
        self._made = source.next(time.time_ns(), REQUEST_RECORDS)

    def next(self, end_unix_nano: int, most_records: int) -> tuple[bytes, int]:
        """What the first call gave."""
        return self._made


class Anew:
    """The same spans, each made through protobuf's messages for every request."""

    def __init__(self, source: Source) -> None:
        self.head = source.head
        self._rng = random.Random(2)
        body, self._records = source.next(time.time_ns(), REQUEST_RECORDS)
        self._model = TracesData.FromString(body)

    def next(self, end_unix_nano: int, most_records: int) -> tuple[bytes, int]:
        """The spans with new ids and times."""
        data = TracesData()
        for resource in self._model.resource_spans:
            made = data.resource_spans.add()
            made.resource.CopyFrom(resource.resource)
            for scope in resource.scope_spans:
                spans = made.scope_spans.add(scope=scope.scope)
                spans.spans.extend(self._span(span, end_unix_nano) for span in scope.spans)
        return data.SerializeToString(), self._records

    def _span(self, model: Span, end_unix_nano: int) -> Span:
        span = Span(
            trace_id=self._rng.randbytes(16),
            span_id=self._rng.randbytes(8),
            parent_span_id=self._rng.randbytes(8),
            name=model.name,
            kind=model.kind,
            start_time_unix_nano=end_unix_nano - 1000,
            end_time_unix_nano=end_unix_nano,
            events=model.events,
            flags=model.flags,
        )
        for pair in model.attributes:
            value = pair.value.int_value or pair.value.string_value
            made = span.attributes.add(key=pair.key)
            if isinstance(value, int):
                made.value.int_value = value
            else:
                made.value.string_value = value
        return span


@contextmanager
def sink(*way: str) -> Iterator[str]:
    """HOST:PORT of a destination in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("sink.py")), *way]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.communicate()


def source(number: int = 0) -> Source:
    """What the command takes its spans from."""
    return make_source(Signal.TRACES, Shape(), random.Random(number), REQUEST_RECORDS, MAX_REQUEST)


def ways() -> dict[str, Callable[[], list[Source]]]:
    """How requests can be made."""
    return {
        "templates": lambda: [source()],
        "templates, 4 workers": lambda: [source(number) for number in range(4)],
        "templates, gRPC": lambda: [source()],
        "send only": lambda: [Again(source())],
        "encoded anew": lambda: [Anew(source())],
    }


def run(url: str, sources: list[Source], **options: float | int) -> tuple[SendReport, float]:
    """What came of sending, and its CPU time in seconds."""
    endpoint = resolve_endpoint(Signal.TRACES, {}, url)
    asked = SendOptions(Signal.TRACES, endpoint, **options)  # type: ignore[arg-type]
    before_s = time.process_time()
    report = send(asked, sources, print)
    assert report.accepted == report.sent
    return report, time.process_time() - before_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=400)
    arguments = parser.parse_args()
    costs: dict[str, list[float]] = {name: [] for name in ways()}
    seen: dict[str, list[float]] = {name: [] for name in ways()}
    size = 0.0
    load = os.getloadavg()[0]
    with sink() as http, sink("grpc") as grpc:
        for _ in range(arguments.rounds):
            for name, make in ways().items():
                requests = arguments.requests // (20 if name == "encoded anew" else 1)
                place = grpc if name.endswith("gRPC") else f"http://{http}"
                report, cpu_s = run(place, make(), count=requests * REQUEST_RECORDS)
                costs[name].append(cpu_s / report.accepted)
                seen[name].append(report.rate_per_s)
                size = report.sent_bytes / report.sent
        print(f"{size:.0f} B a span, {REQUEST_RECORDS} a request; load average {load:.1f}")
        anew_s = statistics.median(costs["encoded anew"])
        print(f"{'way':22} {'µs/span':>8} {'spans/s a core':>15} {'ratio':>6} {'seen spans/s':>13}")
        for name, of_way in costs.items():
            cost_s = statistics.median(of_way)
            print(
                f"{name:22} {cost_s * 1e6:8.2f} {1 / cost_s:15,.0f} {anew_s / cost_s:6.1f} "
                f"{statistics.median(seen[name]):13,.0f}"
            )
        print(f"aim: {AIM:,.0f} spans/s a core")
        for rate in RATES:
            report, cpu_s = run(
                f"http://{http}", [source()], rate_per_s=float(rate), duration_s=RATE_S
            )
            kept = "is not held" if report.is_below_rate else "is held"
            share = cpu_s / (report.elapsed_ns / 1e9)
            print(f"{rate:>9,}/s {kept}: {report.rate_per_s:,.0f}/s at {share:.0%} of a core")


if __name__ == "__main__":
    main()
