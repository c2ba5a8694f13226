"""Traces are put together whatever arrives of them."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span, SpanKind
from otx.tracing.assembly import NO_PARENT, Trace, assemble
from otx.tracing.event_graph import build_graph
from otx.tracing.skew import clock_skew
from otx.tracing.vector_clocks import vector_clocks
from tests.tracing.graphs import traces

LARGE = 20_000


def span(
    span_id: str, parent: str = "", start: int = 0, kind: SpanKind = "INTERNAL", service: str = "a"
) -> Span:
    return Span("t", span_id, parent, span_id, kind, service, start, start + 10)


def shape(trace: Trace) -> list[tuple[str, str, str]]:
    """Each span with its parent's id and kind, "" for none."""
    found = []
    for number, one in enumerate(trace.spans):
        parent = trace.parents[number]
        above = trace.spans[parent] if parent != NO_PARENT else None
        found.append((f"{one.span_id} {one.kind}", *_named(above)))
    return sorted(found)


def _named(one: Span | None) -> tuple[str, str]:
    return (one.span_id, one.kind) if one else ("", "")


def test_parents_that_arrive_after_their_children_are_found() -> None:
    spans = [span("c", "p", 5), span("p", "r", 2), span("r")]
    trace = assemble(spans)
    assert [one.span_id for one in trace.spans] == ["r", "p", "c"]
    assert trace.parents == [NO_PARENT, 0, 1]
    assert (trace.roots, trace.missing, trace.faults) == ([0], [], [])


def test_a_client_and_a_server_with_one_id_are_set_apart() -> None:
    spans = [
        span("r"),
        span("x", "r", 1, "CLIENT"),
        span("x", "r", 2, "SERVER", "b"),
        span("below", "x", 3, service="b"),
        span("beside", "x", 4, service="a"),
    ]
    trace = assemble(spans)
    assert trace.parents == [NO_PARENT, 0, 1, 2, 1]
    assert [(fault.kind, fault.spans) for fault in trace.faults] == [("shared id", (1, 2))]


def test_a_server_that_its_client_overtook_by_the_clock_is_still_below_it() -> None:
    trace = assemble([span("x", "", 2, "CLIENT"), span("x", "", 1, "SERVER", "b")])
    assert [trace.spans[number].kind for number in trace.roots] == ["CLIENT"]
    assert trace.children[trace.roots[0]] == [0]


def test_other_spans_with_one_id_stay_and_the_first_has_the_children() -> None:
    spans = [span("x", "", 0), span("x", "", 1, service="b"), span("c", "x", 2)]
    trace = assemble(spans)
    assert trace.parents == [NO_PARENT, NO_PARENT, 0]
    assert trace.count("id clash") == 1


def test_its_own_parent_becomes_a_root() -> None:
    trace = assemble([span("x", "x"), span("c", "x", 1)])
    assert trace.roots == [0]
    assert trace.parents == [NO_PARENT, 0]
    assert trace.count("self-parent") == 1


def test_a_circle_is_cut_at_its_earliest_span() -> None:
    trace = assemble([span("a", "c", 0), span("b", "a", 1), span("c", "b", 2), span("d", "c", 3)])
    assert trace.parents == [NO_PARENT, 0, 1, 2]
    assert [(fault.kind, fault.spans) for fault in trace.faults] == [("cycle", (0, 2, 1))]


def test_orphans_are_grouped_by_the_parent_that_is_missing() -> None:
    trace = assemble([span("r"), span("a", "lost", 3), span("b", "lost", 7), span("c", "gone", 9)])
    assert [(one.span_id, one.children) for one in trace.missing] == [
        ("lost", (1, 2)),
        ("gone", (3,)),
    ]
    assert (trace.missing[0].start_unix_nano, trace.missing[0].end_unix_nano) == (3, 17)
    assert trace.orphans == [-1, 0, 0, 1]
    assert trace.roots == [0]


def test_several_roots_stand_beside_one_another() -> None:
    assert assemble([span("a"), span("b", start=1), span("c", "b", 2)]).roots == [0, 1]


def test_nothing_is_a_trace_too() -> None:
    trace = assemble([])
    assert (trace.spans, trace.roots, list(trace.downward())) == ([], [], [])


@given(traces())
def test_every_span_is_there_once_and_reached(spans: list[Span]) -> None:
    trace = assemble(spans)
    distinct = [one for place, one in enumerate(spans) if one not in spans[:place]]
    assert len(trace.spans) == len(distinct)
    assert all(one in trace.spans for one in distinct)
    reached = list(trace.downward())
    assert sorted(reached) == list(range(len(trace.spans)))
    for number, parent in enumerate(trace.parents):
        if parent != NO_PARENT:
            assert reached.index(parent) < reached.index(number)
            assert number in trace.children[parent]


@given(traces(), st.randoms(use_true_random=False))
def test_arrival_and_copies_change_nothing(spans: list[Span], random: Random) -> None:
    arrived = [*spans, *random.sample(spans, len(spans) // 2)]
    random.shuffle(arrived)
    assert shape(assemble(arrived)) == shape(assemble(spans))


@given(traces(), st.integers(0, 10**18))
def test_shifting_all_times_changes_nothing(spans: list[Span], by_ns: int) -> None:
    later = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + by_ns,
            end_unix_nano=one.end_unix_nano + by_ns,
        )
        for one in spans
    ]
    assert shape(assemble(later)) == shape(assemble(spans))


def deep() -> list[Span]:
    """A chain."""
    return [span(f"{n}", f"{n - 1}" if n else "", n) for n in range(LARGE)]


def wide() -> list[Span]:
    """One parent of all the others, one thread."""
    return [
        replace(span(f"{n}", "0" if n else "", n), attributes={"thread.id": 1})
        for n in range(LARGE)
    ]


def circle() -> list[Span]:
    """All of it one circle."""
    return [span(f"{n}", f"{(n - 1) % LARGE}", n) for n in range(LARGE)]


def loop() -> list[Span]:
    """A tree that event loops run."""
    resource = {"telemetry.sdk.language": "nodejs"}
    return [
        replace(
            span(f"{n}", f"{(n - 1) // 3}" if n else "", n * 1000, service=f"s{n % 10}"),
            end_unix_nano=n * 1000 + 50_000_000,
            resource=resource,
        )
        for n in range(LARGE)
    ]


@pytest.mark.parametrize("made", [deep, wide, circle, loop])
def test_large_traces_are_ordered_with_small_clocks(made: Callable[[], list[Span]]) -> None:
    trace = assemble(made())
    graph = build_graph(trace, clock_skew(trace).timing)
    clocks = vector_clocks(graph)
    assert len(graph.order) == 2 * LARGE
    assert max(map(len, clocks.clocks)) <= 10 * 17
