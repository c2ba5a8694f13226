"""What one call says of two clocks, and when it says nothing from above."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from otx.model.telemetry import Span, SpanKind
from otx.tracing.assembly import assemble
from otx.tracing.skew_pairs import Call, calls_between_clocks
from tests.tracing.requests import BEGIN, MS

US = 1_000


def span(number: int, parent: int, kind: SpanKind, host: str, start: int, end: int) -> Span:
    """A span of a nanosecond clock, by offsets from `BEGIN`."""
    return Span(
        trace_id="1" * 32,
        span_id=f"{number:016x}",
        parent_span_id=f"{parent:016x}" if parent else "",
        name="get",
        kind=kind,
        service="s",
        start_unix_nano=BEGIN + start,
        end_unix_nano=BEGIN + end + 1,
        resource={"host.name": host},
    )


CLIENT = span(1, 0, "CLIENT", "a", 0, 10 * MS)
SERVER = span(2, 1, "SERVER", "b", 2 * MS, 7 * MS)


def calls(*spans: Span) -> list[Call]:
    return list(calls_between_clocks(assemble(spans)))


def test_a_server_is_bounded_from_both_sides() -> None:
    [call] = calls(CLIENT, SERVER)
    assert (call.lower_ns, call.upper_ns) == (-2 * MS - 1, 3 * MS + 1)
    assert (call.is_open, call.is_outside) == ("", False)


@pytest.mark.parametrize(
    ("client", "server", "reason"),
    [
        ({"kind": "PRODUCER"}, {"kind": "CONSUMER"}, "no wait"),
        ({"kind": "INTERNAL"}, {}, "no wait"),
        ({"status": "ERROR"}, {}, "gave up"),
        ({"attributes": {"error.type": "timeout"}}, {}, "gave up"),
        ({"attributes": {"http.request.method": "GET"}}, {}, "gave up"),
        ({"status": "ERROR", "attributes": {"http.response.status_code": 504}}, {}, "gave up"),
        ({"status": "ERROR", "attributes": {"http.response.status_code": 500}}, {}, ""),
        ({"attributes": {"http.method": "GET", "http.status_code": 200}}, {}, ""),
        ({}, {"end_unix_nano": BEGIN + 13 * MS}, "outlived"),
    ],
)
def test_why_nothing_is_said_from_above(
    client: Mapping[str, Any], server: Mapping[str, Any], reason: str
) -> None:
    [call] = calls(replace(CLIENT, **client), replace(SERVER, **server))
    assert call.is_open == reason
    assert (call.upper_ns is None) == bool(reason)
    assert call.lower_ns < 0


def test_of_several_servers_it_is_not_known_who_answered() -> None:
    found = calls(CLIENT, SERVER, replace(SERVER, span_id="3" * 16))
    assert [call.is_open for call in found] == ["several servers"] * 2


def test_closing_a_server_late_is_no_skew() -> None:
    late = span(2, 1, "SERVER", "b", 2 * MS, 10 * MS + 900 * US)
    [call] = calls(CLIENT, late)
    assert (call.upper_ns, call.is_outside) == (0, True)
    [call] = calls(CLIENT, span(2, 1, "SERVER", "b", 2 * MS, 11 * MS + 900 * US))
    assert call.upper_ns == -1900 * US + 1


def test_bounds_give_way_by_what_times_are_rounded_to() -> None:
    in_ms = replace(SERVER, end_unix_nano=BEGIN + 7 * MS)
    [call] = calls(CLIENT, in_ms)
    assert (call.lower_ns, call.upper_ns) == (-3 * MS, 4 * MS + 1)


def test_one_clock_and_local_parents_say_nothing() -> None:
    assert not calls(CLIENT, replace(SERVER, resource=CLIENT.resource))
    assert not calls(CLIENT, replace(SERVER, flags=0x100))
    assert calls(CLIENT, replace(SERVER, flags=0x300))
    assert not list(calls_between_clocks(assemble([CLIENT, SERVER]), untimed={1}))
