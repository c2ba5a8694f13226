"""Caused, concurrent or unknown: each with its evidence, and the same however a trace arrives."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span, SpanKind
from otx.tracing.assembly import assemble
from otx.tracing.edges import BEGAN, MESSAGE, PARENT, RESPONSE, THREAD, end_of, start_of
from otx.tracing.event_graph import build_graph
from otx.tracing.order import Order, order
from otx.tracing.skew import clock_skew
from otx.tracing.vector_clocks import vector_clocks
from tests.tracing.graphs import traces

HOUR_NS = 3_600_000_000_000


def span(
    span_id: str,
    parent: str,
    start: int,
    end: int,
    service: str = "a",
    kind: SpanKind = "INTERNAL",
    thread: int | None = None,
) -> Span:
    attributes = {} if thread is None else {"thread.id": thread}
    resource = {"service.instance.id": service}
    return Span(
        "t", span_id, parent, span_id, kind, service, start, end,
        attributes=attributes, resource=resource,
    )  # fmt: skip


def asked(spans: list[Span], one: str, other: str) -> tuple[Order, str, str]:
    """The order of two spans, and the ids of the first and the second."""
    trace = assemble(spans)
    timing = clock_skew(trace).timing
    graph = build_graph(trace, timing)
    numbers = {one.span_id: number for number, one in enumerate(trace.spans)}
    found = order(graph, vector_clocks(graph), timing, numbers[one], numbers[other])
    return found, trace.spans[found.first].span_id, trace.spans[found.second].span_id


def test_a_parent_led_to_its_child() -> None:
    found, first, second = asked([span("p", "", 0, 9), span("c", "p", 1, 5)], "c", "p")
    assert (found.relation, first, second, found.completed) == ("caused", "p", "c", False)
    assert [edge.rule for edge in found.chain] == [PARENT]
    assert found.strength == "certain"


def test_what_a_server_did_comes_before_what_its_client_calls_next() -> None:
    spans = [
        span("p", "", 0, 100, thread=1),
        span("c1", "p", 10, 30, kind="CLIENT", thread=1),
        span("s1", "c1", 1015, 1025, "b", "SERVER"),
        span("c2", "p", 40, 60, kind="CLIENT", thread=1),
        span("s2", "c2", 1045, 1055, "b", "SERVER"),
    ]
    found, first, second = asked(spans, "s2", "s1")
    assert (found.relation, first, second, found.completed) == ("caused", "s1", "s2", True)
    assert [edge.rule for edge in found.chain] == [RESPONSE, THREAD, PARENT]
    assert found.strength == "inferred"


def test_of_siblings_without_threads_nobody_knows_whether_one_waited() -> None:
    spans = [span("p", "", 0, 100), span("a", "p", 10, 20), span("b", "p", 30, 40)]
    found, *_ = asked(spans, "a", "b")
    assert found.relation == "unknown"
    assert "nothing tells that it was waited for" in found.why


def test_siblings_that_overlap_on_one_clock_ran_beside_one_another() -> None:
    spans = [span("p", "", 0, 100), span("a", "p", 10, 30), span("b", "p", 20, 40)]
    found, *_ = asked(spans, "a", "b")
    assert (found.relation, found.overlap_ns) == ("concurrent", 10)


def test_a_span_inside_an_others_call_ran_beside_it_whatever_its_own_clock() -> None:
    spans = [
        span("p", "", 0, 1000),
        span("long", "p", 100, 900),
        span("c", "p", 300, 400, kind="CLIENT"),
        span("s", "c", 77_000, 77_050, "b", "SERVER"),
    ]
    found, *_ = asked(spans, "long", "s")
    assert found.relation == "concurrent"


def test_a_client_that_gave_up_did_not_wait_for_its_server() -> None:
    client = replace(
        span("c", "p", 10, 50, kind="CLIENT", thread=1),
        status="ERROR",
        attributes={"thread.id": 1, "error.type": "timeout"},
    )
    spans = [
        span("p", "", 0, 100, thread=1),
        client,
        span("s", "c", 20, 40, "b", "SERVER"),
        span("n", "p", 60, 70, thread=1),
    ]
    found, *_ = asked(spans, "s", "n")
    assert found.relation == "unknown"


def test_a_span_that_did_not_block_its_thread_makes_no_end_known() -> None:
    spans = [
        span("p", "", 0, 100, thread=1),
        span("a", "p", 10, 30, kind="CLIENT", thread=1),
        span("b", "p", 20, 40, kind="CLIENT", thread=1),
        span("c", "p", 50, 60, kind="CLIENT", thread=1),
    ]
    found, first, second = asked(spans, "a", "c")
    assert (found.relation, found.completed, first, second) == ("unknown", False, "a", "c")
    found, first, second = asked(spans, "b", "c")
    assert (found.relation, found.completed, first, second) == ("caused", False, "b", "c")


def test_an_event_loop_named_thread_says_nothing_of_ends() -> None:
    spans = [
        replace(one, attributes={"thread.id": 1, "thread.name": "reactor-http-epoll-1"})
        for one in (span("p", "", 0, 100), span("a", "p", 10, 20), span("b", "p", 30, 40))
    ]
    found, *_ = asked(spans, "a", "b")
    assert (found.relation, found.completed) == ("caused", False)


@pytest.mark.parametrize(("gap_ns", "relation"), [(400_000, "unknown"), (1_400_000, "caused")])
def test_ends_in_javascript_are_known_to_a_millisecond(gap_ns: int, relation: str) -> None:
    spans = [
        replace(one, resource={"telemetry.sdk.language": "nodejs", "service.instance.id": "a"})
        for one in (
            span("p", "", 0, 9_000_000),
            span("a", "p", 1_000_000, 2_600_000),
            span("b", "p", 2_600_000 + gap_ns, 6_000_000),
        )
    ]
    assert asked(spans, "a", "b")[0].relation == relation


@pytest.mark.parametrize(("start", "end"), [(1000, 1100), (0, 100)])
@pytest.mark.parametrize("service", ["a", "b"])
def test_the_only_root_may_not_be_what_orphans_began_with(
    start: int, end: int, service: str
) -> None:
    spans = [span("r", "", start, end), span("x", "lost", 10, 20, service)]
    found, *_ = asked(spans, "x", "r")
    assert (found.relation, found.chain) == ("unknown", ())


def test_of_interleaved_tasks_a_thread_tells_the_order_of_starts_alone() -> None:
    spans = [
        span("p", "", 0, 100, thread=1),
        span("a", "p", 10, 30, thread=1),
        span("b", "p", 11, 40, thread=1),
        span("j", "p", 35, 38, thread=1),
    ]
    found, first, second = asked(spans, "j", "a")
    assert (found.relation, found.completed, first, second) == ("caused", False, "a", "j")
    assert [edge.rule for edge in found.chain] == [BEGAN]
    assert asked(spans, "b", "j")[0].relation == "concurrent"


def test_a_missing_parent_may_order_what_overlaps() -> None:
    spans = [span("r", "", 0, 100), span("a", "r", 10, 40), span("x", "lost", 20, 30)]
    found, *_ = asked(spans, "a", "x")
    assert found.relation == "unknown"
    assert "lost" in found.why
    # What began later than an orphan is not above it.
    spans = [span("r", "", 0, 100), span("a", "r", 25, 40), span("x", "lost", 20, 30)]
    assert asked(spans, "a", "x")[0].relation == "concurrent"


def test_a_message_is_sent_before_it_is_consumed_but_may_outlive_it() -> None:
    spans = [span("p", "", 0, 50, kind="PRODUCER"), span("c", "p", 9, 12, "b", "CONSUMER")]
    found, *_ = asked(spans, "p", "c")
    assert (found.relation, found.completed) == ("caused", False)
    assert [edge.rule for edge in found.chain] == [MESSAGE]


def answers(spans: list[Span]) -> dict[tuple[str, str], tuple[object, ...]]:
    """What is said of every pair, by their ids."""
    trace = assemble(spans)
    timing = clock_skew(trace).timing
    graph = build_graph(trace, timing)
    clocks = vector_clocks(graph)
    found: dict[tuple[str, str], tuple[object, ...]] = {}
    for one in range(len(trace.spans)):
        for other in range(one):
            said = order(graph, clocks, timing, one, other)
            first, second = (trace.spans[number].span_id for number in (said.first, said.second))
            key = tuple(sorted((first, second)))
            way = (first, second) if said.relation == "caused" else ()
            found[key[0], key[1]] = (said.relation, way, said.completed, said.strength)
    return found


@given(traces(7), st.integers(-10, HOUR_NS))
def test_shifting_all_times_changes_nothing(spans: list[Span], by_ns: int) -> None:
    later = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + HOUR_NS + by_ns,
            end_unix_nano=one.end_unix_nano + HOUR_NS + by_ns,
        )
        for one in spans
    ]
    base = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + HOUR_NS,
            end_unix_nano=one.end_unix_nano + HOUR_NS,
        )
        for one in spans
    ]
    assert answers(base) == answers(later)


@given(traces(7), st.randoms(use_true_random=False))
def test_order_of_arrival_and_copies_change_nothing(spans: list[Span], random: Random) -> None:
    arrived = [*spans, random.choice(spans)]
    random.shuffle(arrived)
    assert answers(arrived) == answers(spans)


@given(traces(8))
def test_chains_are_chains_of_the_graph(spans: list[Span]) -> None:
    trace = assemble(spans)
    timing = clock_skew(trace).timing
    graph = build_graph(trace, timing)
    clocks = vector_clocks(graph)
    for one in range(len(trace.spans)):
        for other in range(one):
            said = order(graph, clocks, timing, one, other)
            if said.relation != "caused":
                assert not said.chain
                continue
            begin = end_of(said.first) if said.completed else start_of(said.first)
            assert said.chain[0].source == begin
            assert said.chain[-1].target == start_of(said.second)
            for edge, following in zip(said.chain, said.chain[1:], strict=False):
                assert edge.target == following.source
            assert all(edge in list(graph.before(edge.target)) for edge in said.chain)


def test_of_a_circle_of_parents_nobody_knows_who_was_first() -> None:
    circle = [span("a", "b", 0, 9), span("b", "c", 1, 8), span("c", "a", 2, 7)]
    below = span("d", "c", 3, 6)
    for pair in (("a", "c"), ("a", "b"), ("b", "c"), ("a", "d")):
        found, *_ = asked([*circle, below], *pair)
        assert (found.relation, found.strength, found.chain) == ("unknown", None, ())
        assert "in a circle" in found.why
    found, first, _ = asked([*circle, below], "c", "d")
    assert (found.relation, first) == ("caused", "c")
