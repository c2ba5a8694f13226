"""A dry run of 10 000 spans: `otx ottl run -f ten_statements.json --in spans.json`, start included.

The input is ten times the batch of tests/data/ottl/bench_batch.pb as OTLP/JSON, 11 MB: one
document, or a request a line as the Collector's file exporter writes it. Beside wall time, CPU time
and the peak memory of all processes stands what is aimed at: a second at most, better a third of
one, and less than 150 MiB.

    python benchmarks/ottl_dry_run.py [--runs N]
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.processes import run_measured
from otx.otlp.json_codec import write_message

DATA = Path(__file__).parents[1] / "tests" / "data" / "ottl"
BATCHES = 10
AIM_S, BEST_S, AIM_MIB = 1.0, 0.34, 150
OTX = str(Path(sys.executable).with_name("otx"))


def write_inputs(folder: Path) -> list[Path]:
    """The spans as one document, and as a request a line."""
    batch = ExportTraceServiceRequest.FromString((DATA / "bench_batch.pb").read_bytes())
    lines = folder / "spans.jsonl"
    line = json.dumps(write_message(batch), separators=(",", ":"))
    lines.write_text((line + "\n") * BATCHES, encoding="utf-8")
    document = folder / "spans.json"
    groups = json.loads(line)["resourceSpans"] * BATCHES
    document.write_text(
        json.dumps({"resourceSpans": groups}, separators=(",", ":")), encoding="utf-8"
    )
    return [document, lines]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    statements = str(DATA / "bench_statements.json")
    print(f"{'10 000 spans, 10 statements':28}{'wall s':>8}{'cpu s':>8}{'MiB':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for file in write_inputs(Path(folder)):
            command = [OTX, "ottl", "run", "-f", statements, "--in", str(file)]
            timed = [run_measured(command, looks_at_memory=False) for _ in range(runs)]
            best = min(timed, key=lambda one: one.wall_s)
            peak_mib = run_measured(command).peak_mib
            size = f"{file.name}, {file.stat().st_size >> 20} MiB"
            print(f"{size:28}{best.wall_s:8.2f}{best.cpu_s:8.2f}{peak_mib:7.0f}")
    print(f"{'aim (best)':28}{AIM_S:8.2f}{'':8}{AIM_MIB:7}   ({BEST_S} s)")


if __name__ == "__main__":
    main()
