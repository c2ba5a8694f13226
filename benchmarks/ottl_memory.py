"""Whether a file that is larger than memory streams: peak memory over files of growing size.

The files are OTLP/JSON lines made of tests/data/ottl/bench_batch.pb, run through the ten statements
of bench_statements.json. What is aimed at: less than 150 MiB for all processes together, whatever
the size; 10 000 spans are 10 MiB.

    python benchmarks/ottl_memory.py [MIB …]
"""

import json
import sys
import tempfile
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.processes import run_measured
from otx.otlp.json_codec import write_message

DATA = Path(__file__).parents[1] / "tests" / "data" / "ottl"
SIZES_MIB = (10, 40, 160)
AIM_MIB = 150
OTX = str(Path(sys.executable).with_name("otx"))


def write_lines(path: Path, mib: int) -> None:
    """A file of so many MiB."""
    batch = ExportTraceServiceRequest.FromString((DATA / "bench_batch.pb").read_bytes())
    line = json.dumps(write_message(batch), separators=(",", ":")).encode() + b"\n"
    with path.open("wb") as file:
        for _ in range((mib << 20) // len(line)):
            file.write(line)


def main() -> None:
    """Measure and print."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES_MIB
    statements = str(DATA / "bench_statements.json")
    print(f"{'input MiB':>10}{'wall s':>8}{'cpu s':>8}{'MiB/s':>7}{'peak MiB':>10}   aim {AIM_MIB}")
    with tempfile.TemporaryDirectory() as folder:
        for mib in sizes:
            path = Path(folder) / "spans.jsonl"
            write_lines(path, mib)
            command = [OTX, "ottl", "run", "-f", statements, "--in", str(path), "--format", "jsonl"]
            cost = run_measured(command)
            rate = mib / cost.wall_s
            print(
                f"{mib:10}{cost.wall_s:8.1f}{cost.cpu_s:8.1f}{rate:7.1f}{cost.peak_mib:10.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
