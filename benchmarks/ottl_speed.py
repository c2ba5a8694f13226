"""Spans a second through OTTL on one core, beside the Go reference's.

The input is batches of 1 000 spans with ten attributes each (tests/data/ottl/bench_batch.pb)
through ten mixed statements (bench_statements.json), one simple one, or none. Evaluation alone is
a batch in memory; file to file reads and writes as `otx ottl run` does, in one process. Where Go is
installed, the Collector's transform processor does the same in between, and of each the shortest
time counts: what the machine's other work did not touch. Elsewhere Go's figures are of another day.

Run: `python benchmarks/ottl_speed.py [BATCHES]`.
"""

import gc
import io
import json
import struct
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.__main__ import GC_THRESHOLD
from otx.model.signal import Signal
from otx.otlp.any_value import encode_key_value, value_of
from otx.otlp.pieces import read_pieces
from otx.ottl.batch import Batch
from otx.ottl.plan import Plan
from otx.ottl.plan_config import plan_of_config
from otx.ottl.report import Report
from otx.services.ottl_open import WorkForm
from otx.services.ottl_work import work
from tests.interop.ottl_reference.programs import NotToBeHad, Reference, reference
from tests.interop.ottl_reference.values import Json

Way: TypeAlias = Literal["evaluation", "protobuf", "json"]
Task: TypeAlias = tuple[Way, str]
"""What is timed, and through which statements."""

DATA = Path(__file__).parents[1] / "tests" / "data" / "ottl"
REQUEST = DATA / "bench_batch.pb"
SPANS = 1_000
SIMPLE = 'set(span.attributes["k"], "v") where span.kind == SPAN_KIND_SERVER'
CONFIGS: dict[str, Json] = {
    "none": {"transform": {"trace_statements": []}},
    "simple": {"transform": {"error_mode": "propagate", "trace_statements": [SIMPLE]}},
    "ten": json.loads((DATA / "bench_statements.json").read_text()),
}
GO_SPANS_A_SECOND: dict[Task, int] = {
    ("protobuf", "none"): 480_000,
    ("json", "none"): 168_000,
    ("evaluation", "simple"): 14_500_000,
    ("protobuf", "simple"): 440_000,
    ("json", "simple"): 170_000,
    ("evaluation", "ten"): 245_000,
    ("protobuf", "ten"): 130_000,
    ("json", "ten"): 85_000,
}
"""As this file once printed them, on the machine of docs/figures.md."""
TURNS = 5
ROUNDS = 3
"""In each turn, of each program; the shortest counts."""


@dataclass(frozen=True)
class Otx:
    """Our engine, in this process.

    Attributes:
        line: The request as a line of OTLP/JSON.
        batches: How many requests a round takes from file to file.
    """

    plans: dict[str, Plan]
    protobuf: bytes
    line: bytes
    batches: int

    def seconds_a_span(self, task: Task) -> float:
        """The shortest of a turn's rounds."""
        return min(self._round_s(task) for _ in range(ROUNDS))

    def _round_s(self, task: Task) -> float:
        way, name = task
        plan = self.plans[name]
        if way == "evaluation":
            return evaluate_s(plan, self.protobuf) / SPANS
        content = self.line if way == "json" else framed(self.protobuf)
        return file_to_file_s(plan, content * self.batches, way) / (SPANS * self.batches)


def evaluate_s(plan: Plan, body: bytes) -> float:
    """Seconds a batch, without reading and writing."""
    batch = Batch(Signal.TRACES, body)
    begun = time.perf_counter()
    plan.run(batch, Report())
    return time.perf_counter() - begun


def file_to_file_s(plan: Plan, content: bytes, form: WorkForm) -> float:
    """Seconds from the bytes of a file to the bytes of another."""
    begun = time.perf_counter()
    out = io.BytesIO()
    for piece in read_pieces(io.BytesIO(content), "bench"):
        out.write(work(plan, piece, form).out)
    return time.perf_counter() - begun


def decoded_whole_s(body: bytes) -> float:
    """Seconds a batch to decode every attribute and encode it again, as a program without care."""
    begun = time.perf_counter()
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                values = {one.key: value_of(one.SerializeToString()) for one in span.attributes}
                del span.attributes[:]
                for key, value in values.items():
                    span.attributes.add().MergeFromString(encode_key_value(key, value))
    request.SerializeToString()
    return time.perf_counter() - begun


def framed(body: bytes) -> bytes:
    """A request behind its length."""
    return struct.pack(">I", len(body)) + body


def json_line(body: bytes) -> bytes:
    """A protobuf request of traces as a line of OTLP/JSON."""
    piece = next(read_pieces(io.BytesIO(framed(body)), "bench"))
    return work(plan_of_config(CONFIGS["none"]), piece, "json").out + b"\n"


@dataclass(frozen=True)
class Go:
    """The reference, in a process of its own for each turn."""

    program: Reference
    cases: list[Json]

    def seconds_a_span(self) -> dict[Task, float]:
        """The shortest of a turn's rounds, of each task."""
        answers = self.program.run(self.cases)
        return {
            task: answer["ns_a_span"] / 1e9
            for task, answer in zip(GO_SPANS_A_SECOND, answers, strict=True)
        }


def go_case(task: Task, request: Path, batches: int) -> Json:
    """A task in the words of ottl_reference/speed; without statements Go has no processor."""
    way, name = task
    case: Json = {"way": way, "request": str(request), "rounds": ROUNDS}
    if name != "none":
        case["config"] = CONFIGS[name]
    return case | {"times": 1 if way == "evaluation" else batches}


def found_go(folder: Path, line: bytes, batches: int) -> Go | None:
    """The reference and what it is asked; where it cannot be had, that is said."""
    try:
        program = reference("speed")
    except NotToBeHad as reason:
        print(f"Go's figures are of another day and machine: {reason}")
        return None
    as_json = folder / "request.json"
    as_json.write_bytes(line)
    requests = {"json": as_json}
    cases = [go_case(task, requests.get(task[0], REQUEST), batches) for task in GO_SPANS_A_SECOND]
    return Go(program, cases)


def measure(otx: Otx, go: Go | None) -> None:
    """Take turns, and print the shortest time of each."""
    ours = dict.fromkeys(GO_SPANS_A_SECOND, float("inf"))
    theirs = dict(ours) if go else {task: 1 / rate for task, rate in GO_SPANS_A_SECOND.items()}
    for _ in range(TURNS):
        if go:
            theirs = {task: min(theirs[task], s) for task, s in go.seconds_a_span().items()}
        ours = {task: min(ours[task], otx.seconds_a_span(task)) for task in ours}
    print(f"{'':24}{'spans/s':>10}{'µs a span':>11}{'Go µs':>8}{'ratio':>7}")
    for (way, name), seconds in ours.items():
        go_seconds = theirs[way, name]
        print(
            f"{way + ', ' + name:24}{1 / seconds:10,.0f}{seconds * 1e6:11.1f}"
            f"{go_seconds * 1e6:8.2f}{seconds / go_seconds:7.2f}"
        )


def main() -> None:
    """Measure and print."""
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])  # as every command does
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    body = REQUEST.read_bytes()
    line = json_line(body)
    plans = {name: plan_of_config(config) for name, config in CONFIGS.items()}
    with tempfile.TemporaryDirectory() as folder:
        otx = Otx(plans, body, line, batches)
        measure(otx, found_go(Path(folder), line, batches))
    whole = min(decoded_whole_s(body) for _ in range(TURNS * ROUNDS)) / SPANS
    print(f"\nevery attribute decoded and encoded again: {whole * 1e6:.1f} µs a span")
    for name in ("none", "simple"):
        copied = min(otx.seconds_a_span(("protobuf", name)) for _ in range(TURNS))
        print(f"  only what {name} names, the rest copied: {whole / copied:.1f} times as fast")


if __name__ == "__main__":
    main()
