"""Many requests, each looked at complete and with losses, with and without the names of threads."""

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from random import Random
from typing import NamedTuple

from otx.tracing.assembly import assemble
from otx.tracing.event_graph import build_graph
from otx.tracing.skew import clock_skew
from otx.tracing.vector_clocks import vector_clocks
from tests.simulation.finding_judges import judge_clocks, judge_findings, judge_missing
from tests.simulation.observation import Observation, observe
from tests.simulation.order_judge import judge_order
from tests.simulation.request import Request
from tests.simulation.shown import Shown
from tests.simulation.tally import Tally
from tests.simulation.world import Runtime, World

SYSTEMS: Mapping[str, Sequence[Runtime]] = {
    "blocking": ("threads",),
    "event loops": ("loop",),
    "tasks": ("tasks",),
    "mixed": ("threads", "threads", "loop", "reactive"),
}
"""What kinds of process a system is made of."""


class View(NamedTuple):
    """How much is seen of a request of which system."""

    system: str
    names_threads: bool
    loses: bool


VIEWS = tuple(
    View(system, names, loses)
    for system, names, loses in product(SYSTEMS, (True, False), (False, True))
    if system != "event loops" or not names
)


def trials(count: int, workers: int = 1) -> dict[View, Tally]:
    """So many requests of each system, and what otx says of them.

    Args:
        count: How many; each has its own seed, from 0.
        workers: How many processes share the work.
    """
    total = {view: Tally() for view in VIEWS}
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for tallies in pool.map(_of_each_system, range(count), chunksize=50):
            for view, tally in tallies.items():
                total[view].add(tally)
    return total


def _of_each_system(seed: int) -> dict[View, Tally]:
    return {view: tally for system in SYSTEMS for view, tally in trial(seed, system).items()}


def trial(seed: int, system: str, *, is_rough: bool = False) -> dict[View, Tally]:
    """One request, seen each way, and what otx says of it.

    Args:
        seed: Of all that chance decides.
        system: What kind of system it runs in.
        is_rough: Whether context is lost, and deadlines are told by status codes.
    """
    random = Random(seed)
    request = Request(random, World(random, SYSTEMS[system]), is_rough=is_rough)
    request.run()
    tallies = {}
    for view in VIEWS:
        if view.system != system:
            continue
        # The same chance for each view, so that they differ in nothing else.
        eyes = Random(seed)
        seen = observe(eyes, request.records, loses=view.loses, names_threads=view.names_threads)
        tallies[view] = judge(eyes, seen, view.names_threads) if seen.spans else Tally()
    return tallies


def judge(random: Random, seen: Observation, names_threads: bool) -> Tally:
    """What otx says of what arrived, beside the truth."""
    trace = assemble(seen.spans)
    skew = clock_skew(trace)
    graph = build_graph(trace, skew.timing)
    records = [seen.records[span.span_id] for span in trace.spans]
    shown = Shown(records, names_threads=names_threads)
    tally = judge_order(random, records, graph, vector_clocks(graph), skew.timing, shown)
    tally.add(judge_clocks(trace, skew.timing, records))
    tally.add(judge_missing(trace, seen))
    tally.add(judge_findings(skew.timing, records))
    return tally
