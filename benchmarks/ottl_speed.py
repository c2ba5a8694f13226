"""Spans a second through OTTL on one core, beside the Go reference's figures.

The input is the reference's: batches of 1 000 spans with ten attributes each
(tests/data/ottl/bench_batch.pb) through ten mixed statements (bench_statements.json) or one simple
one. Evaluation alone is a batch in memory; file to file reads and writes as `otx ottl run` does, in
one process. Go's figures were measured elsewhere, on one core of the same kind of machine.

Run: `python benchmarks/ottl_speed.py [BATCHES]`.
"""

import gc
import io
import json
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from otx.__main__ import GC_THRESHOLD
from otx.model.signal import Signal
from otx.otlp.pieces import read_pieces
from otx.ottl.plan import Plan, Report
from otx.ottl.plan_config import plan_of_config
from otx.ottl.records import Batch
from otx.services.ottl_work import WorkForm, work

DATA = Path(__file__).parents[1] / "tests" / "data" / "ottl"
SPANS = 1_000
SIMPLE = 'set(span.attributes["k"], "v") where span.kind == SPAN_KIND_SERVER'
GO_SPANS_A_SECOND = {
    ("evaluation", "simple"): 8_900_000,
    ("evaluation", "ten"): 118_000,
    ("protobuf", "none"): 208_000,
    ("protobuf", "simple"): 198_000,
    ("protobuf", "ten"): 75_000,
    ("json", "none"): 81_000,
    ("json", "simple"): 74_000,
    ("json", "ten"): 45_000,
}
ROUNDS = 5


def plans() -> dict[str, Plan]:
    ten = json.loads((DATA / "bench_statements.json").read_text())
    return {
        "none": plan_of_config({"transform": {"trace_statements": []}}),
        "simple": plan_of_config({"transform": {"trace_statements": [SIMPLE]}}),
        "ten": plan_of_config(ten),
    }


def best_s(run: Callable[[], object]) -> float:
    """The shortest of several runs: what the machine's other work did not touch."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return min(times)


def evaluate(plan: Plan, body: bytes) -> float:
    """Seconds a span, without reading and writing."""
    times = []
    for _ in range(ROUNDS * 3):
        batch = Batch(Signal.TRACES, body)
        begun = time.perf_counter()
        plan.run(batch, Report())
        times.append(time.perf_counter() - begun)
    return min(times) / SPANS


def file_to_file(plan: Plan, content: bytes, batches: int, form: WorkForm) -> float:
    """Seconds a span, from the bytes of a file to the bytes of another."""

    def run() -> None:
        out = io.BytesIO()
        for piece in read_pieces(io.BytesIO(content), "bench"):
            out.write(work(plan, piece, form).out)

    return best_s(run) / (SPANS * batches)


def main() -> None:
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])  # as every command does
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    body = (DATA / "bench_batch.pb").read_bytes()
    protobuf = (struct.pack(">I", len(body)) + body) * batches
    pieces = read_pieces(io.BytesIO(struct.pack(">I", len(body)) + body), "bench")
    json_line = work(plans()["none"], next(pieces), "json").out + b"\n"
    print(f"{'':24}{'spans/s':>10}{'µs a span':>11}{'Go µs':>8}{'ratio':>7}")
    for name, plan in plans().items():
        if name != "none":
            show("evaluation", name, evaluate(plan, body))
        show("protobuf", name, file_to_file(plan, protobuf, batches, "protobuf"))
        show("json", name, file_to_file(plan, json_line * batches, batches, "json"))


def show(way: str, name: str, seconds: float) -> None:
    go = 1 / GO_SPANS_A_SECOND[way, name]
    print(
        f"{way + ', ' + name:24}{1 / seconds:10,.0f}{seconds * 1e6:11.1f}"
        f"{go * 1e6:8.2f}{seconds / go:7.2f}"
    )


if __name__ == "__main__":
    main()
