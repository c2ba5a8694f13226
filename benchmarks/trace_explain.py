"""What it takes to explain a trace: the whole of it, and each part on its own.

One trace of nested calls between services, a thirtieth of them failing, of 1 000 and of 100 000
spans; least CPU time of several runs, which neighbours move less than wall time (nothing here
waits). Reading spans from a store is not counted.

    python benchmarks/trace_explain.py [--spans N…] [--runs N] [--shape calls|deep|wide|failing]
"""

import argparse
import gc
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, TypeVar

from otx.__main__ import GC_THRESHOLD
from otx.model.telemetry import Attributes, Span
from otx.output import Painter
from otx.tracing.assembly import assemble
from otx.tracing.critical_path import CriticalPath, critical_path
from otx.tracing.error_story import error_story
from otx.tracing.explain.compose import explain
from otx.tracing.explain.lines import ExplanationText
from otx.tracing.finding import Finding
from otx.tracing.path_time import Part, path_parts, shares
from otx.tracing.patterns.catalog import PATTERNS
from otx.tracing.patterns.scene import Scene, scene_of
from otx.tracing.self_time import self_times_ns
from otx.tracing.skew import clock_skew
from otx.tracing.slack import slack_ns
from otx.tracing.waits import Waits, waits_of
from otx.tracing.what_if import WaitModel, best_savings

P = ParamSpec("P")
T = TypeVar("T")
SERVICES = ("frontend", "cart", "checkout", "payment", "currency", "catalog", "email", "search")
AIMS_MS = {1_000: 50.0, 100_000: 5_000.0}
NOW_UNIX_NANO = 10**12


def parent_of(shape: str, number: int, rng: random.Random) -> int:
    """The number of a span's parent, by the shape of the trace."""
    if shape == "deep":
        return number - 1
    if shape == "wide":
        return 0
    return rng.randrange(max(0, number - 40) // 2, number)


def make_trace(count: int, shape: str) -> list[Span]:
    """Spans that lie within their parents, every second a server in the next service.

    Those of one resource share it, as they do from wherever they are read.
    """
    rng = random.Random(count)
    resources: dict[tuple[str, str], Attributes] = {}
    times = [(0, 10**10)]
    spans = []
    for number in range(count):
        parent = parent_of(shape, number, rng) if number else 0
        begin, end = times[parent]
        if number:
            start = begin + rng.randrange(max((end - begin) // 2, 1))
            length = max((end - start) * rng.randrange(200, 999) // 1_000, 1)
            times.append((start, min(start + length, end)))
        service, host = SERVICES[(number // 2) % len(SERVICES)], f"node-{number % 8}"
        resource: Attributes = {"host.name": host, "service.name": service}
        spans.append(
            Span(
                "t",
                f"{number:016x}",
                f"{parent:016x}" if number else "",
                f"GET /{number % 17}",
                "SERVER" if number % 2 == 0 else "CLIENT",
                service,
                times[number][0],
                times[number][1],
                status="ERROR" if shape == "failing" or rng.random() < 1 / 30 else "UNSET",
                attributes={
                    "server.address": SERVICES[number % 5],
                    "url.path": f"/{number % 17}/{number}",
                    "http.request.method": "GET",
                },
                resource=resources.setdefault((service, host), resource),
            )
        )
    rng.shuffle(spans)
    return spans


class Stopwatch:
    """Milliseconds a part, least of several runs."""

    def __init__(self) -> None:
        self.least_ms: dict[str, float] = {}

    def timed(self, name: str, part: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """The result of a part, and its time kept."""
        started_s = time.process_time()
        result = part(*given, **named)
        taken_ms = 1e3 * (time.process_time() - started_s)
        self.least_ms[name] = min(taken_ms, self.least_ms.get(name, taken_ms))
        return result


def measure(spans: list[Span], runs: int) -> dict[str, float]:
    """Milliseconds a part."""
    watch = Stopwatch()
    for _ in range(runs):
        watch.timed("the whole", explained, spans)
        trace = watch.timed("assembly", assemble, spans)
        timing = watch.timed("clock skew", clock_skew, trace).timing
        waits = watch.timed("waits", waits_of, timing)
        path = watch.timed("critical path", critical_path, waits)
        parts = watch.timed("kinds of time", path_parts, path, waits)
        watch.timed("shares", shares, parts, waits)
        watch.timed("self times", self_times_ns, timing)
        watch.timed("slack", slack_ns, waits, path.root)
        watch.timed("what if", halved, waits, path, parts)
        story = watch.timed("error story", error_story, timing, path)
        scene = watch.timed("scene", scene_of, waits, path, story.failed)
        for find in PATTERNS:
            watch.timed(find.__name__.removeprefix("find_").replace("_", " "), found, find, scene)
    return watch.least_ms


def explained(spans: list[Span]) -> list[str]:
    """The lines of `otx trace explain`."""
    explanation = explain(assemble(spans), NOW_UNIX_NANO)
    return ExplanationText(explanation, Painter(wants_colour=False), 120).lines()


def halved(waits: Waits, path: CriticalPath, parts: Sequence[Part]) -> list[Finding]:
    """The best savings, with the making of their model."""
    return best_savings(WaitModel(waits, path.root), parts)


def found(find: Callable[[Scene], Iterable[Finding]], scene: Scene) -> list[Finding]:
    """All that a pattern says."""
    return list(find(scene))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, nargs="*", default=[1_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--shape", default="calls", choices=["calls", "deep", "wide", "failing"])
    arguments = parser.parse_args()
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])  # as every command does
    for count in arguments.spans:
        figures = measure(make_trace(count, arguments.shape), arguments.runs)
        aim = f"(aim {AIMS_MS[count]:.0f} ms)" if count in AIMS_MS else ""
        whole = figures.pop("the whole")
        print(f"{count} spans, {arguments.shape}: {whole:.1f} ms {aim}")
        for name, ms in figures.items():
            print(f"  {name:16} {ms:9.2f} ms")


if __name__ == "__main__":
    main()
