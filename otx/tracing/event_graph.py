"""What is known of the order of a trace's events, as a graph.

A span is two events, its start and its end: a span as a whole cannot be ordered with a child that
runs beside it. An edge says that one event happened before another (Lamport 1978), and by which
rule. Time alone makes no edge: it only tells, within one clock, whether a rule applies. Nor does
being the only root: nothing tells that a missing parent is not another root, an earlier one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from otx.tracing.answers import answer_edges
from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.edges import (
    LINK,
    MESSAGE,
    PARENT,
    SPAN,
    Edge,
    Event,
    end_of,
    start_of,
)
from otx.tracing.threads import thread_edges
from otx.tracing.timing import Timing

_OPERATION_KEYS = ("messaging.operation.type", "messaging.operation.name", "messaging.operation")


@dataclass(frozen=True, slots=True, eq=False)
class EventGraph:
    """The events of a trace and the edges between them; without circles.

    Attributes:
        trace: Whose events they are.
        extra: By target the edges that the tree does not imply.
        order: All events, each behind all that happened before it.
        broken: Edges that were left out because they closed a circle.
    """

    trace: Trace
    extra: Mapping[Event, Sequence[Edge]]
    order: Sequence[Event]
    broken: Sequence[Edge]

    def before(self, event: Event) -> Iterator[Edge]:
        """The edges into an event."""
        yield from _implied(self.trace, event)
        yield from self.extra.get(event, ())


def build_graph(trace: Trace, timing: Timing) -> EventGraph:
    """The graph of a trace's events.

    Args:
        trace: The trace.
        timing: Its times, clocks made to agree where that was possible.
    """
    extra: dict[Event, list[Edge]] = defaultdict(list)
    for edge in _edges(trace, timing):
        extra[edge.target].append(edge)
    broken: list[Edge] = []
    below = _largest_last(trace)
    order = _sorted(trace, extra, below)
    while len(order) < 2 * len(trace.spans):
        weakest = _weakest_on_circle(trace, extra, order)
        extra[weakest.target].remove(weakest)
        broken.append(weakest)
        order = _sorted(trace, extra, below)
    return EventGraph(trace, extra, order, broken)


def _edges(trace: Trace, timing: Timing) -> Iterator[Edge]:
    """What is known beside the tree."""
    yield from _links(trace, timing)
    yield from answer_edges(timing)
    yield from thread_edges(trace)


def _implied(trace: Trace, event: Event) -> Iterator[Edge]:
    """The edges of the tree: within a span, and from a parent to its child."""
    span = event // 2
    if event & 1:
        yield Edge(event - 1, event, SPAN)
        return
    parent = trace.parents[span]
    if parent != NO_PARENT:
        is_message = trace.spans[span].kind == "CONSUMER"
        yield Edge(start_of(parent), event, MESSAGE if is_message else PARENT)


def _links(trace: Trace, timing: Timing) -> Iterator[Edge]:
    """What is linked to began before the linking span ended; messages before it began.

    A link may be added at any time of a span's life (OpenTelemetry, trace API, Link).
    """
    numbers = {span.span_id: number for number, span in reversed(list(enumerate(trace.spans)))}
    for number, span in enumerate(trace.spans):
        for link in span.links:
            linked = numbers.get(link.span_id)
            if linked is None or linked == number or link.trace_id != span.trace_id:
                continue
            if _is_message(timing, linked, number):
                yield Edge(start_of(linked), start_of(number), MESSAGE)
            else:
                yield Edge(start_of(linked), end_of(number), LINK)


def _is_message(timing: Timing, linked: int, linking: int) -> bool:
    """Whether a span began with a message that it links to.

    One that waits for messages begins before they come, and links to them then.
    """
    producer, consumer = (timing.trace.spans[number] for number in (linked, linking))
    if producer.kind != "PRODUCER" or consumer.kind != "CONSUMER":
        return False
    operation = (consumer.attributes.get(key) for key in _OPERATION_KEYS)
    if any(said in ("receive", "poll") for said in operation):
        return False
    margin = timing.margin_ns(linked, linking)
    return margin is None or timing.starts[linked] + margin <= timing.starts[linking]


def _largest_last(trace: Trace) -> list[list[Event]]:
    """The starts of each span's children, by how many spans are below them."""
    sizes = [1] * len(trace.spans)
    for number in reversed(list(trace.downward())):
        parent = trace.parents[number]
        if parent != NO_PARENT:
            sizes[parent] += sizes[number]
    return [
        [2 * child for child in sorted(children, key=sizes.__getitem__)]
        for children in trace.children
    ]


def _sorted(
    trace: Trace, extra: Mapping[Event, Sequence[Edge]], below: Sequence[Sequence[Event]]
) -> list[Event]:
    """Events in an order that agrees with all edges; those on circles and behind are left out.

    Depth first, the largest subtree before the others, and a span's end last: so few lanes of the
    vector clocks change along a path (`otx.tracing.vector_clocks`).
    """
    count = 2 * len(trace.spans)
    after: list[list[Event]] = [[] for _ in range(count)]
    waits_for = [0] * count
    for target, edges in extra.items():
        waits_for[target] += len(edges)
        for edge in edges:
            after[edge.source].append(target)
    for number, parent in enumerate(trace.parents):
        waits_for[2 * number + 1] += 1
        waits_for[2 * number] += parent != NO_PARENT
    ready = [2 * number for number in range(len(trace.spans) - 1, -1, -1)]
    ready = [event for event in ready if not waits_for[event]]
    order = []
    while ready:
        event = ready.pop()
        order.append(event)
        follow = after[event]
        if not event & 1:
            follow = [event + 1, *follow, *below[event >> 1]]
        for target in follow:
            waits_for[target] -= 1
            if not waits_for[target]:
                ready.append(target)
    return order


def _weakest_on_circle(
    trace: Trace, extra: Mapping[Event, Sequence[Edge]], order: Sequence[Event]
) -> Edge:
    """Of one circle the edge to do without: an inferred one rather than a certain one."""
    stuck = set(range(2 * len(trace.spans))) - set(order)
    here = min(stuck)
    taken: dict[Event, Edge] = {}
    while here not in taken:
        edges = (*extra.get(here, ()), *_implied(trace, here))
        taken[here] = next(edge for edge in edges if edge.source in stuck)
        here = taken[here].source
    circle = [taken[here]]
    while circle[-1].source != here:
        circle.append(taken[circle[-1].source])
    # The tree has no circles, so that at least one edge here is an extra one.
    removable = [edge for edge in circle if edge in extra.get(edge.target, ())]
    return min(removable, key=lambda edge: (edge.rule.strength == "certain", edge.target))
