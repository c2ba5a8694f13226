"""Clocks agree with the graph, and stay small."""

import math

from hypothesis import given

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.edges import Event
from otx.tracing.event_graph import EventGraph, build_graph
from otx.tracing.timing import raw_timing
from otx.tracing.vector_clocks import vector_clocks
from tests.tracing.graphs import traces


def graph_of(spans: list[Span]) -> EventGraph:
    trace = assemble(spans)
    return build_graph(trace, raw_timing(trace))


def reached(graph: EventGraph) -> dict[Event, set[Event]]:
    """By event all that happened before it, found without clocks."""
    above: dict[Event, set[Event]] = {}
    for event in graph.order:
        above[event] = set()
        for edge in graph.before(event):
            above[event] |= above[edge.source] | {edge.source}
    return above


@given(traces())
def test_clocks_agree_with_reachability(spans: list[Span]) -> None:
    graph = graph_of(spans)
    clocks = vector_clocks(graph)
    above = reached(graph)
    events = range(2 * len(graph.trace.spans))
    for one in events:
        for other in events:
            assert clocks.happened_before(one, other) == (one in above[other])


@given(traces())
def test_happened_before_is_a_strict_partial_order(spans: list[Span]) -> None:
    graph = graph_of(spans)
    before = vector_clocks(graph).happened_before
    events = range(2 * len(graph.trace.spans))
    for one in events:
        assert not before(one, one)
        for other in events:
            assert not (before(one, other) and before(other, one))
            if before(one, other):
                assert all(before(one, last) for last in events if before(other, last))


@given(traces())
def test_lamport_order_agrees_with_the_clocks(spans: list[Span]) -> None:
    graph = graph_of(spans)
    clocks = vector_clocks(graph)
    events = range(2 * len(graph.trace.spans))
    for one in events:
        for other in events:
            if clocks.happened_before(one, other):
                assert clocks.lamport[one] < clocks.lamport[other]


def test_clocks_of_deep_and_wide_traces_grow_with_processes() -> None:
    def span(number: int, parent: int) -> Span:
        service = f"service {number % 10}"
        parent_id = str(parent) if parent >= 0 else ""
        return Span("t", str(number), parent_id, "n", "INTERNAL", service, number, 10_000)

    count = 3_000
    most = 10 * (math.log2(count) + 1)
    for parent_of in (lambda number: number - 1, lambda number: (number - 1) // 3, lambda _: 0):
        spans = [span(number, parent_of(number) if number else -1) for number in range(count)]
        clocks = vector_clocks(graph_of(spans))
        assert max(map(len, clocks.clocks)) <= most
