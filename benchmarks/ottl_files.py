"""Wall time of OTTL over one big file: `otx ottl run` beside the Go reference on all cores and one.

The file holds tests/data/ottl/bench_batch.pb (1 000 spans) as often as is asked for, as protobuf
behind lengths and as OTLP/JSON lines. otx splits the work over processes, the reference over
goroutines, and both write in order. Each runs as a process that reads and writes files, in turns;
the shortest time of each counts. Wall times mean something where nothing else runs: CPU times say
what they would be, shared out over the cores.

Run: `python benchmarks/ottl_files.py [BATCHES]`.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ottl_speed import CONFIGS, REQUEST, SPANS, framed, json_line
from benchmarks.processes import Cost, run_measured
from tests.interop.ottl_reference.programs import NotToBeHad, reference

BATCHES = 200
TURNS = 3
OTX = str(Path(sys.executable).with_name("otx"))
OTX_FORMATS = {"protobuf": "otlp", "json": "jsonl"}
SPELLING = 1e-5
"""By how much the outputs' sizes may differ: the same number has several spellings in JSON."""


@dataclass(frozen=True)
class Job:
    """A file to take through statements.

    Attributes:
        form: What it holds: protobuf or json.
        config: The file with the statements.
    """

    form: str
    source: Path
    config: Path

    def otx(self, out: Path) -> list[str]:
        """The command that does it with otx."""
        form = OTX_FORMATS[self.form]
        run = [OTX, "ottl", "run", "-f", str(self.config), "--in", str(self.source)]
        return [*run, "--format", form, "-o", str(out)]

    def go(self, program: Path, out: Path, *options: str) -> list[str]:
        """The command that does it with the reference."""
        files = ["-in", str(self.source), "-out", str(out), "-config", str(self.config)]
        return [str(program), "-form", self.form, *files, *options]


def commands(job: Job, program: Path | None, folder: Path) -> dict[Path, list[str]]:
    """What is run, by the file that it writes, which is named as its column is."""
    otx, go, go_one = folder / "otx", folder / "Go", folder / "Go, one core"
    if program is None:
        return {otx: job.otx(otx)}
    return {
        otx: job.otx(otx),
        go: job.go(program, go),
        go_one: job.go(program, go_one, "-cores", "1"),
    }


def shortest(runs: dict[Path, list[str]]) -> dict[str, Cost]:
    """Of each command the shortest of several runs, which take turns."""
    costs: dict[str, list[Cost]] = {out.name: [] for out in runs}
    for _ in range(TURNS):
        for out, command in runs.items():
            costs[out.name].append(run_measured(command, looks_at_memory=False))
    check_sizes([out.stat().st_size for out in runs])
    return {name: min(found, key=lambda cost: cost.wall_s) for name, found in costs.items()}


def check_sizes(sizes: Sequence[int]) -> None:
    """Whether all wrote as much: figures of different work are none."""
    assert max(sizes) - min(sizes) <= SPELLING * min(sizes), sizes


def show(title: str, costs: dict[str, Cost]) -> None:
    ours = costs["otx"]
    for name, cost in costs.items():
        wall, cpu = ours.wall_s / cost.wall_s, ours.cpu_s / cost.cpu_s
        times = f"{cost.wall_s:8.2f}{cost.cpu_s:8.2f}"
        print(f"{title:18}{name:14}{times}{wall:12.2f}{cpu:11.2f}", flush=True)


def reference_program() -> Path | None:
    """The reference; where it cannot be had, that is said."""
    try:
        return reference("speed").program
    except NotToBeHad as reason:
        print(f"no figures of Go: {reason}")
        return None


def main() -> None:
    """Measure and print."""
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else BATCHES
    body = REQUEST.read_bytes()
    program = reference_program()
    columns = f"{'wall s':>8}{'cpu s':>8}{'otx ÷ wall':>12}{'otx ÷ cpu':>11}"
    print(f"{batches * SPANS:,} spans".ljust(32) + columns)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for form, request in (("protobuf", framed(body)), ("json", json_line(body))):
            source = folder / "source"
            source.write_bytes(request * batches)
            for statements in ("ten", "simple"):
                config = folder / "config.json"
                config.write_text(json.dumps(CONFIGS[statements]))
                runs = commands(Job(form, source, config), program, folder)
                show(f"{form}, {statements}", shortest(runs))


if __name__ == "__main__":
    main()
