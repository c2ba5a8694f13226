"""A store says of its calls what its traces say, one by one."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otx.model.telemetry import Attributes, Span, SpanKind
from otx.tracing import skew_store
from otx.tracing.assembly import assemble
from otx.tracing.skew_pairs import Call, ClockPair, calls_between_clocks
from otx.tracing.skew_store import calls_of
from tests.tracing.kept import kept
from tests.tracing.requests import BEGIN, MS, S, Simulation, fixed

HOUR = 3600 * S
ODD_ATTRIBUTES: list[Attributes] = [
    {},
    {"http.request.method": "GET"},
    {"http.request.method": "GET", "http.response.status_code": 200},
    {"http.method": "GET", "http.status_code": 404},
    {"http.response.status_code": 408},
    {"http.response.status_code": 504},
    {"error.type": "timeout"},
]


def odd(spans: Sequence[Span], chance: random.Random) -> list[Span]:
    """The spans with what senders do to them."""
    changed = []
    for span in spans:
        end = span.end_unix_nano
        rounded = chance.choice([end, end, end - span.duration_ns % MS])
        kinds: list[SpanKind] = [span.kind, span.kind, span.kind, "PRODUCER", "CONSUMER"]
        changed.append(
            replace(
                span,
                kind=chance.choice(kinds),
                attributes=chance.choice(ODD_ATTRIBUTES),
                status=chance.choice(["UNSET", span.status, "ERROR"]),
                flags=chance.choice([0, 0x100, 0x300]),
                end_unix_nano=rounded,
            )
        )
    return changed


def by_trace(spans: Sequence[Span]) -> dict[ClockPair, list[Call]]:
    """The calls of servers and consumers, which are all that a store is asked for."""
    found: dict[ClockPair, list[Call]] = defaultdict(list)
    for trace_id in {span.trace_id for span in spans}:
        trace = assemble([span for span in spans if span.trace_id == trace_id])
        for call in calls_between_clocks(trace):
            if trace.spans[call.child].kind not in ("SERVER", "CONSUMER"):
                continue
            clocks = (trace.domains[number].clock for number in (call.parent, call.child))
            found[ClockPair(*clocks)].append(call)
    return found


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_pairs_and_bounds_are_those_of_the_traces(seed: int, parts: int) -> None:
    chance = random.Random(seed)
    simulation = Simulation(seed, fixed(a=0, b=3 * MS, c=-S), timeouts=0.2)
    spans = [
        span
        for _ in range(6)
        for span in odd(simulation.request(chance.choices("abc", k=3), fan=2).spans, chance)
    ]
    expected = by_trace(spans)
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(skew_store, "_SPANS_A_PART", -(-len(spans) // parts))
        patch.setattr(skew_store, "_UPPERS", 1000)
        found = calls_of(kept(spans, Path(directory)), 0, HOUR)
    assert found.moments.keys() == expected.keys()
    for pair, moments in found.moments.items():
        calls = expected[pair]
        assert sum(one.calls for one in moments) == len(calls)
        assert sum(one.outside for one in moments) == sum(call.is_outside for call in calls)
        assert max(one.lower.ns for one in moments) == max(call.lower_ns for call in calls)
        uppers = sorted(call.upper_ns for call in calls if call.upper_ns is not None)
        assert sorted(point.ns for one in moments for point in one.uppers) == uppers


def request(tmp_path: Path, spans: Sequence[Span]) -> dict[ClockPair, int]:
    """How many calls a store of these spans has between each pair of clocks."""
    found = calls_of(kept(spans, tmp_path / "store"), 0, HOUR).moments
    return {pair: sum(one.calls for one in moments) for pair, moments in found.items()}


def test_clients_and_servers_of_one_id_are_calls(tmp_path: Path) -> None:
    spans = Simulation(1, fixed(a=0, b=0)).request("ab", fan=2).spans
    parents = {span.span_id: span.parent_span_id for span in spans}
    shared = [
        replace(one, span_id=one.parent_span_id, parent_span_id=parents[one.parent_span_id])
        if one.service == "on-b"
        else one
        for one in spans
    ]
    [[moment]] = calls_of(kept(shared, tmp_path), 0, HOUR).moments.values()
    assert (moment.calls, moment.closed) == (2, 2)


def test_copies_and_times_that_are_none_count_for_nothing(tmp_path: Path) -> None:
    spans = list(Simulation(1, fixed(a=0, b=0)).request("ab").spans)
    [server] = [span for span in spans if span.service == "on-b"]
    unset = replace(server, span_id="9" * 16, end_unix_nano=0)
    in_ms = replace(server, span_id="8" * 16, start_unix_nano=5, end_unix_nano=6)
    assert request(tmp_path, [*spans, server, unset, in_ms]) == {ClockPair("a", "b"): 1}


def test_only_what_was_received_since_counts(tmp_path: Path) -> None:
    store = kept(Simulation(1, fixed(a=0, b=0)).request("ab").spans, tmp_path)
    assert calls_of(store, BEGIN, HOUR).moments
    assert not calls_of(store, BEGIN + 1, HOUR).moments


def test_only_hosts_leaves_processes_out(tmp_path: Path) -> None:
    spans = Simulation(1, fixed(a=0, b=0, c=0)).request("abc").spans
    nameless = [
        replace(one, resource={"k8s.pod.uid": "pod"}) if one.service == "on-c" else one
        for one in spans
    ]
    store = kept(nameless, tmp_path)
    assert set(calls_of(store, 0, HOUR).moments) == {ClockPair("a", "b"), ClockPair("b", "pod")}
    assert set(calls_of(store, 0, HOUR, only_hosts=True).moments) == {ClockPair("a", "b")}


def test_services_are_told_by_clock(tmp_path: Path) -> None:
    store = kept(Simulation(1, fixed(a=0, b=0)).request("ab").spans, tmp_path)
    assert calls_of(store, 0, HOUR).services == {"a": ["on-a"], "b": ["on-b"]}
