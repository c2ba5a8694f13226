"""Whether what `order` says of pairs of spans is so."""

from collections.abc import Iterator, Sequence
from random import Random

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.event_graph import EventGraph
from otx.tracing.order import Order, order
from otx.tracing.overlap import Overlap
from otx.tracing.timing import Timing
from otx.tracing.vector_clocks import VectorClocks
from tests.simulation.records import Record, began_before, ended_before, is_above
from tests.simulation.shown import Shown
from tests.simulation.tally import Tally

ANY_PAIRS, SIBLING_PAIRS, NEAR_PAIRS = 40, 20, 20


def judge_order(
    random: Random,
    records: Sequence[Record],
    graph: EventGraph,
    clocks: VectorClocks,
    timing: Timing,
    shown: Shown,
) -> Tally:
    """Ask for the order of pairs of spans.

    Args:
        random: Which pairs.
        records: The truth, by the numbers of the trace's spans.
        graph: Of the trace.
        clocks: Of the graph.
        timing: Of the trace.
        shown: What the spans show of the truth.
    """
    tally = Tally()
    overlap = Overlap(graph, timing)
    for one, other in pairs(random, graph.trace):
        answer = order(graph, clocks, timing, one, other, overlap)
        _judge(tally, answer, records[answer.first], records[answer.second], shown)
    return tally


def pairs(random: Random, trace: Trace) -> Iterator[tuple[int, int]]:
    """Pairs by chance: of any spans, of siblings, and of spans near to one another in the tree."""
    count = len(trace.spans)
    families = [one for one in trace.children if len(one) > 1]
    wanted: list[tuple[int, int]] = []
    for _ in range(ANY_PAIRS if count > 1 else 0):
        wanted.append((random.randrange(count), random.randrange(count)))
    for _ in range(SIBLING_PAIRS if families else 0):
        family = random.choice(families)
        wanted.append((random.choice(family), random.choice(family)))
    for _ in range(NEAR_PAIRS if count > 1 else 0):
        one = random.randrange(count)
        wanted.append((one, random.choice(_near(trace, one))))
    yield from ((one, other) for one, other in wanted if one != other)


def _near(trace: Trace, number: int) -> list[int]:
    """A span's parent, children, and what its parent has beside it and above."""
    parent = trace.parents[number]
    near = [number, *trace.children[number]]
    if parent != NO_PARENT:
        near += [parent, *trace.children[parent]]
        if trace.parents[parent] != NO_PARENT:
            near += trace.children[trace.parents[parent]]
    return near


def _judge(tally: Tally, answer: Order, one: Record, other: Record, shown: Shown) -> None:
    ended = [ended_before(one, other), ended_before(other, one)]
    above = [is_above(one, other), is_above(other, one)]
    is_right = True
    if answer.relation == "caused":
        is_right = began_before(one, other)
        tally.claim("order: caused", is_right)
        if answer.completed:
            # A server's end behind its answer leads to nothing, but may still have come first.
            had_ended = ended[0] or (one.is_late and one.end_ns <= other.start_ns)
            is_right = is_right and had_ended
            tally.claim("order: had ended", had_ended)
    elif answer.relation == "concurrent":
        is_right = not any(ended) and not any(above)
        tally.claim("order: concurrent", is_right)
    if not is_right:
        rules = "+".join(sorted({edge.rule.id for edge in answer.chain}))
        tally.why[f"wrong {answer.relation} {rules}"] += 1
    runs_beside = one.start_ns < other.end_ns and other.start_ns < one.end_ns
    if any(ended) or any(above):
        tally.fact("order: caused", answer.relation == "caused")
    elif runs_beside:
        tally.fact("order: concurrent", answer.relation != "unknown")
        if shown.run_beside(one, other):
            tally.fact("order: concurrent, as spans show", answer.relation != "unknown")
    else:
        # One had ended before the other began, and no message says so: nothing can be known.
        return
    if any(ended):
        tally.fact("order: had ended", answer.completed)
    is_shown = shown.ended_before(one, other) or shown.ended_before(other, one)
    if is_shown or any(above):
        tally.fact("order: caused, as spans show", answer.relation == "caused")
    if is_shown:
        tally.fact("order: had ended, as spans show", answer.completed)
    if answer.relation == "unknown":
        kind = "ended" if any(ended) else "above" if any(above) else "beside"
        reason = " ".join(word for word in answer.why.split() if word.isalpha())
        tally.why[f"unsaid {kind}: {reason}"] += 1
