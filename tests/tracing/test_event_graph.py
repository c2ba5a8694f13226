"""Which edges there are between events, and that they never go round."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span, SpanKind, SpanLink
from otx.tracing.assembly import assemble
from otx.tracing.edges import ANSWER, LINK, MESSAGE, RESPONSE, RETURN, THREAD, Rule
from otx.tracing.event_graph import EventGraph, build_graph
from otx.tracing.skew import clock_skew
from tests.tracing.graphs import traces


def span(
    span_id: str,
    parent: str,
    start: int,
    end: int,
    kind: SpanKind = "INTERNAL",
    service: str = "a",
    thread: int | None = None,
    links: tuple[str, ...] = (),
) -> Span:
    return Span(
        "t", span_id, parent, span_id, kind, service, start, end,
        attributes={} if thread is None else {"thread.id": thread},
        resource={"service.instance.id": service},
        links=[SpanLink("t", one) for one in links],
    )  # fmt: skip


def graph_of(spans: list[Span]) -> EventGraph:
    trace = assemble(spans)
    return build_graph(trace, clock_skew(trace).timing)


def edges(graph: EventGraph) -> set[tuple[str, str, Rule]]:
    """The edges beside the tree's, with events as `id.start` and `id.end`."""

    def name(event: int) -> str:
        return f"{graph.trace.spans[event // 2].span_id}.{'end' if event & 1 else 'start'}"

    return {
        (name(edge.source), name(edge.target), edge.rule)
        for edges in graph.extra.values()
        for edge in edges
    }


def test_a_server_ends_before_the_client_that_had_its_answer() -> None:
    client = span("c", "", 0, 10, "CLIENT")
    server = span("s", "c", 502, 508, "SERVER", "b")
    assert edges(graph_of([client, server])) == {("s.end", "c.end", RESPONSE)}
    longer = replace(server, end_unix_nano=513)
    assert edges(graph_of([client, longer])) == {("s.start", "c.end", ANSWER)}
    assert edges(graph_of([replace(client, status="ERROR"), server])) == set()
    # Of two servers one gave the answer, and nobody knows which.
    assert edges(graph_of([client, server, replace(server, span_id="s2")])) == set()


def test_an_answer_that_only_the_server_gives_was_had_though_it_failed() -> None:
    client = replace(
        span("c", "", 0, 10, "CLIENT"),
        status="ERROR",
        attributes={"http.response.status_code": 500},
    )
    server = span("s", "c", 502, 508, "SERVER", "b")
    assert edges(graph_of([client, server])) == {("s.end", "c.end", RESPONSE)}


def test_a_thread_goes_from_span_to_span_and_back() -> None:
    spans = [
        span("p", "", 0, 100, thread=1),
        span("a", "p", 10, 20, thread=1),
        span("b", "p", 30, 40, thread=1),
        span("other", "p", 45, 48, thread=2),
    ]
    assert edges(graph_of(spans)) == {
        ("a.end", "b.start", THREAD),
        ("a.end", "b.end", THREAD),
        ("b.end", "p.end", RETURN),
    }


def test_a_thread_is_one_process_own() -> None:
    spans = [
        span("p", "", 0, 100),
        span("a", "p", 10, 20, thread=1),
        span("b", "p", 30, 40, service="b", thread=1),
    ]
    assert edges(graph_of(spans)) == set()


def test_links_to_messages_come_first_others_by_the_end() -> None:
    spans = [
        span("r", "", 0, 90),
        span("p", "r", 1, 2, "PRODUCER"),
        span("c", "r", 30, 40, "CONSUMER", "b", links=("p", "nowhere")),
        span("l", "r", 50, 60, service="c", links=("p", "l")),
    ]
    assert edges(graph_of(spans)) == {("p.start", "c.start", MESSAGE), ("p.start", "l.end", LINK)}


def test_who_waits_for_messages_begins_before_they_come() -> None:
    waiting = span("c", "", 30, 40, "CONSUMER", "b", links=("p",))
    spans = [span("p", "", 1, 2, "PRODUCER"), waiting]
    assert edges(graph_of(spans)) == {("p.start", "c.start", MESSAGE)}
    receiving = replace(waiting, attributes={"messaging.operation.type": "receive"})
    assert edges(graph_of([spans[0], receiving])) == {("p.start", "c.end", LINK)}
    # On one clock the message was sent later.
    later = span("p", "", 35, 36, "PRODUCER", "b")
    assert edges(graph_of([later, waiting])) == {("p.start", "c.end", LINK)}


def test_links_that_close_a_circle_are_left_out() -> None:
    spans = [
        span("a", "", 0, 10, "CONSUMER", links=("b",)),
        span("b", "a", 1, 5, "PRODUCER", "b"),
    ]
    graph = graph_of(spans)
    assert [edge.rule for edge in graph.broken] == [MESSAGE]
    assert len(graph.order) == 4


@given(traces())
def test_all_events_are_ordered_and_edges_go_forward(spans: list[Span]) -> None:
    graph = graph_of(spans)
    place = {event: number for number, event in enumerate(graph.order)}
    assert sorted(place) == list(range(2 * len(graph.trace.spans)))
    for event in graph.order:
        for edge in graph.before(event):
            assert edge.target == event
            assert place[edge.source] < place[event]


@given(traces(), st.randoms(use_true_random=False), st.integers(0, 10**18))
def test_arrival_copies_and_shifts_change_nothing(
    spans: list[Span], random: Random, by_ns: int
) -> None:
    arrived = [
        replace(
            one,
            start_unix_nano=one.start_unix_nano + by_ns,
            end_unix_nano=one.end_unix_nano + by_ns,
        )
        for one in (*spans, random.choice(spans))
    ]
    random.shuffle(arrived)
    assert edges(graph_of(arrived)) == edges(graph_of(spans))
