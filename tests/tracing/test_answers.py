"""What an answer tells of the server that gave it."""

from dataclasses import replace

import pytest

from otx.model.telemetry import Span, SpanKind
from otx.tracing.answers import answer_edges, late_services
from otx.tracing.assembly import assemble
from otx.tracing.edges import ANSWER, RESPONSE, Rule
from otx.tracing.skew import clock_skew
from otx.tracing.timing import raw_timing

MS = 1_000_000
BEGIN = 1_790_000_000_000_000_000
NODE = {"telemetry.sdk.language": "nodejs"}


def span(
    span_id: str, parent: str, kind: SpanKind, host: str, start: float, end: float, language: str
) -> Span:
    """A span by milliseconds."""
    return Span(
        trace_id="t",
        span_id=span_id,
        parent_span_id=parent,
        name="get",
        kind=kind,
        service=f"on {host}",
        start_unix_nano=BEGIN + round(start * MS),
        end_unix_nano=BEGIN + round(end * MS) + 1,
        resource={"host.name": host, "telemetry.sdk.language": language, "process.pid": len(host)},
    )


def client(span_id: str, start: float, end: float, host: str = "web", parent: str = "") -> Span:
    return span(span_id, parent, "CLIENT", host, start, end, "java")


def server(span_id: str, parent: str, start: float, end: float, language: str = "java") -> Span:
    return span(span_id, parent, "SERVER", "shop", start, end, language)


def edges(*spans: Span) -> set[tuple[str, str, Rule]]:
    trace = assemble(spans)

    def name(event: int) -> str:
        return f"{trace.spans[event // 2].span_id}.{'end' if event & 1 else 'start'}"

    return {
        (name(edge.source), name(edge.target), edge.rule)
        for edge in answer_edges(raw_timing(trace))
    }


def test_who_is_not_seen_to_close_late_had_ended() -> None:
    assert edges(client("c", 0, 10), server("s", "c", 502, 508)) == {("s.end", "c.end", RESPONSE)}


def test_a_service_that_closes_late_once_is_not_trusted_elsewhere() -> None:
    same_clock = replace(
        client("c1", 0, 10, "shop"), resource={**server("x", "", 0, 1).resource, "process.pid": 9}
    )
    spans = [same_clock, server("s1", "c1", 2, 14), client("c2", 20, 30), server("s2", "c2", 2, 8)]
    assert late_services(assemble(spans)) == {"on shop"}
    assert edges(*spans) == {("s1.start", "c1.end", ANSWER), ("s2.start", "c2.end", ANSWER)}


def test_lengths_tell_where_clocks_do_not_compare() -> None:
    spans = [client("c1", 0, 10), server("s1", "c1", 500, 514)]
    assert late_services(assemble(spans)) == {"on shop"}
    gave_up = [replace(spans[0], status="ERROR"), spans[1]]
    assert not late_services(assemble(gave_up))
    assert not edges(*gave_up)


def test_what_begins_behind_the_client_gave_no_answer() -> None:
    resource = {**server("x", "", 0, 1).resource, "process.pid": 9}
    begun = replace(client("c", 0, 10, "shop"), resource=resource)
    assert not edges(begun, server("s", "c", 12, 13))


@pytest.mark.parametrize(
    ("child_end", "server_end", "expected"),
    [
        (490, 508, {("s.start", "c.end", ANSWER), ("x.end", "c.end", RESPONSE)}),
        (504, 508, {("s.start", "c.end", ANSWER)}),  # flushing may have taken so long
        (490, 524, {("s.start", "c.end", ANSWER)}),  # and never so long
    ],
)
def test_javascript_closes_when_the_answer_is_flushed(
    child_end: float, server_end: float, expected: set[tuple[str, str, Rule]]
) -> None:
    inner = span("x", "s", "INTERNAL", "shop", 483, child_end, "nodejs")
    flushed = server("s", "c", 482, server_end, "nodejs")
    assert edges(client("c", 0, 30), flushed, inner) == expected


def test_what_is_shorter_than_flushing_is_no_late_close() -> None:
    spans = [client("c", 0, 10), server("s", "c", 500, 514, "nodejs")]
    assert not late_services(assemble(spans))
    assert late_services(assemble([spans[0], server("s", "c", 500, 516, "nodejs")]))


def test_the_begin_of_a_late_server_bounds_its_clock() -> None:
    skew = clock_skew(assemble([client("c", 0, 10), server("s", "c", 500, 514)]))
    [bounds] = skew.bounds
    assert bounds.upper_ns is not None
    assert bounds.lower_ns <= -495 * MS <= bounds.upper_ns
    assert bounds.upper_ns == -490 * MS + 2


def test_of_what_is_possible_a_clock_is_moved_to_where_servers_lie_within_clients() -> None:
    spans = [client("c", 0, 100), server("s", "c", 500, 590, "nodejs")]
    shift = clock_skew(assemble(spans)).solution.shifts["shop"]
    assert shift.possible_ns == (-501 * MS, -399 * MS + 1)  # by the begin of the server
    assert abs(shift.ns + 495 * MS) <= MS
    assert shift.ns + shift.margin_ns >= -399 * MS
