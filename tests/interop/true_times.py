"""Services that know when their spans began and ended in truth, and what is said beside that.

Every process on a machine reads one monotonic clock, whatever its SDK makes of the time of day.
"""

import json
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from otx.store.reader import Store
from otx.tracing.assembly import assemble
from otx.tracing.event_graph import build_graph
from otx.tracing.order import Order, order
from otx.tracing.overlap import Overlap
from otx.tracing.skew import clock_skew
from otx.tracing.vector_clocks import vector_clocks

TIMEOUT_S = 30


class TrueTime(NamedTuple):
    """When a span began and ended, by the machine's monotonic clock."""

    start_ns: int
    end_ns: int


class Service:
    """A program that prints `ready PORT`, and writes the truth where it is told when stdin closes.

    Attributes:
        url: Where it serves.
    """

    def __init__(self, command: Sequence[str], truth: Path, variables: Mapping[str, str]) -> None:
        self._truth = truth
        self._process = subprocess.Popen(
            command,
            env={**variables, "TRUTH": str(truth)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().split()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> dict[str, TrueTime]:
        """End it, its telemetry sent; the times of its spans by id."""
        self._process.communicate(timeout=TIMEOUT_S)
        times = json.loads(self._truth.read_text())
        return {span_id: TrueTime(*map(int, both)) for span_id, both in times.items()}

    def kill(self) -> None:
        """End it at once, if it still runs."""
        self._process.kill()
        self._process.communicate()


def ask(url: str) -> str:
    """The id of the trace that a request to the shop makes."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            body = answer.read()
    except urllib.error.HTTPError as failed:
        body = failed.read()
    return str(body.decode())[-32:]


def wrong_orders(
    store: Path, traces: Mapping[str, str], truth: Mapping[str, TrueTime]
) -> tuple[list[str], Counter[str]]:
    """What `order` says of any two spans that their true times refute, and how often it says what.

    Args:
        store: That has them.
        traces: Their ids by name.
        truth: The true times of their spans.
    """
    wrong = []
    said: Counter[str] = Counter()
    with closing(Store(store)) as reader:
        for name, trace_id in traces.items():
            trace = assemble(reader.trace(trace_id))
            timing = clock_skew(trace).timing
            graph = build_graph(trace, timing)
            clocks, overlap = vector_clocks(graph), Overlap(graph, timing)
            times = [truth[span.span_id] for span in trace.spans]
            for one in range(len(times)):
                for other in range(one):
                    found = order(graph, clocks, timing, one, other, overlap)
                    said[found.relation] += 1
                    said["completed"] += found.completed
                    if _is_wrong(found, times):
                        spans = [trace.spans[at].span_id for at in (found.first, found.second)]
                        wrong.append(f"{name}: {found.relation} {spans} {found.chain}")
    return wrong, said


def _is_wrong(found: Order, times: Sequence[TrueTime]) -> bool:
    first, second = times[found.first], times[found.second]
    if found.relation == "concurrent":
        return first.start_ns >= second.end_ns or second.start_ns >= first.end_ns
    if found.completed:
        return first.end_ns > second.start_ns
    return found.relation == "caused" and first.start_ns >= second.start_ns
