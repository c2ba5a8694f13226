"""What is known of the order of a trace's events, as a graph.

A span is two events, its start and its end: a span as a whole cannot be ordered with a child that
runs beside it. An edge says that one event happened before another (Lamport 1978), and by which
rule. Time alone makes no edge: it only tells, within one clock, whether a rule applies.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.domains import thread_of
from otx.tracing.timing import Timing

Strength: TypeAlias = Literal["certain", "inferred"]
Event: TypeAlias = int
"""Twice a span's number for its start, one more for its end."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Why one event happened before another.

    Attributes:
        id: What reports call it.
        strength: `certain` holds whenever the ids are right; `inferred` also wants the clocks and
            the instrumentation to be.
        why: The reason in words.
    """

    id: str
    strength: Strength
    why: str


SPAN = Rule("span", "certain", "a span starts before it ends")
PARENT = Rule("parent", "certain", "the child was made in its parent's context")
MESSAGE = Rule("message", "certain", "a message is sent before it is consumed")
LINK = Rule("link", "certain", "a link names a span that had begun by the linking span's end")
RETURN = Rule("return", "inferred", "the child ran in its parent's thread and ended within it")
RESPONSE = Rule("response", "inferred", "the server ended within its client's request")
THREAD = Rule("thread", "inferred", "one thread ran both, one after the other")
RULES = (SPAN, PARENT, MESSAGE, LINK, RETURN, RESPONSE, THREAD)


class Edge(NamedTuple):
    """One event before another, by a rule."""

    source: Event
    target: Event
    rule: Rule


def start_of(span: int) -> Event:
    """The event of a span's start."""
    return 2 * span


def end_of(span: int) -> Event:
    """The event of a span's end."""
    return 2 * span + 1


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
    for edge in (*_links(trace), *_returns(trace, timing), *_threads(trace)):
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


def _links(trace: Trace) -> Iterator[Edge]:
    """Linked spans began before the linking one ended; what a consumer links to, before it began.

    A link may be added at any time of a span's life (OpenTelemetry, trace API, Link).
    """
    numbers = {span.span_id: number for number, span in reversed(list(enumerate(trace.spans)))}
    for number, span in enumerate(trace.spans):
        for link in span.links:
            linked = numbers.get(link.span_id)
            if linked is None or linked == number or link.trace_id != span.trace_id:
                continue
            if span.kind == "CONSUMER" and trace.spans[linked].kind == "PRODUCER":
                yield Edge(start_of(linked), start_of(number), MESSAGE)
            else:
                yield Edge(start_of(linked), end_of(number), LINK)


def _returns(trace: Trace, timing: Timing) -> Iterator[Edge]:
    """Children that their parent waited for, as far as what they carry tells."""
    for number, parent in enumerate(trace.parents):
        if parent == NO_PARENT or not timing.is_within(number, parent):
            continue
        child, above = trace.spans[number], trace.spans[parent]
        if child.kind == "SERVER" and above.kind == "CLIENT":
            yield Edge(end_of(number), end_of(parent), RESPONSE)
        elif child.kind != "CONSUMER" and _same_thread(trace, number, parent):
            yield Edge(end_of(number), end_of(parent), RETURN)


def _same_thread(trace: Trace, one: int, other: int) -> bool:
    if trace.domains[one].process != trace.domains[other].process:
        return False
    thread = thread_of(trace.spans[one])
    return bool(thread) and thread == thread_of(trace.spans[other])


def _threads(trace: Trace) -> Iterator[Edge]:
    """Siblings that one thread ran, one after the other."""
    for siblings in (trace.roots, *trace.children, *(one.children for one in trace.missing)):
        if len(siblings) < 2:
            continue
        by_thread: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number in siblings:
            thread = thread_of(trace.spans[number])
            if thread:
                by_thread[trace.domains[number].process, thread].append(number)
        for numbers in by_thread.values():
            yield from _one_after_the_other(trace, numbers)


def _one_after_the_other(trace: Trace, numbers: Sequence[int]) -> Iterator[Edge]:
    """From each span that has ended to the next that starts; the rest follows from these."""
    ended: list[int] = []
    running: list[int] = []
    for number in numbers:  # by start
        start = trace.spans[number].start_unix_nano
        done = [one for one in running if trace.spans[one].end_unix_nano <= start]
        running = [one for one in running if trace.spans[one].end_unix_nano > start]
        ended += done
        if ended:
            yield from (Edge(end_of(one), start_of(number), THREAD) for one in ended)
            ended = []
        running.append(number)


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

    Depth first, the largest subtree before the others: so few lanes of the vector clocks change
    along a path (`otx.tracing.vector_clocks`).
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
            follow = [*follow, event + 1, *below[event >> 1]]
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
