"""The clocks of a store, whose errors are known: offsets, drifts, steps, and calls that mislead."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from otx.model.telemetry import Span
from otx.tracing.skew_fleet import FleetPair, FleetSkew, fleet_skew
from tests.tracing.kept import kept
from tests.tracing.requests import BEGIN, MS, Offset, S, Simulation, fixed

MINUTE = 60 * S


def fleet_of(
    tmp_path: Path, offsets: Mapping[str, Offset], hosts: str = "ab", *, timeouts: float = 0
) -> tuple[FleetSkew, int]:
    """Twenty minutes of requests, four a minute; and the fastest round trip from a to b."""
    simulation = Simulation(7, offsets, timeouts=timeouts)
    spans: list[Span] = []
    for nth in range(80):
        sent = simulation.request(hosts, at=BEGIN + nth * 15 * S + nth % 7 * S, fan=2)
        spans += sent.spans
    return fleet_skew(kept(spans, tmp_path), 0, MINUTE), sent.slack_ns["a", "b"]


def pair_of(fleet: FleetSkew, client: str, server: str) -> FleetPair:
    [found] = [one for one in fleet.pairs if one.pair == (client, server)]
    return found


@pytest.mark.parametrize("theta", [-5 * S, -80 * MS, 3 * MS, 120 * S])
def test_offsets_are_found_to_half_the_fastest_round_trip(tmp_path: Path, theta: int) -> None:
    fleet, slack = fleet_of(tmp_path, fixed(a=0, b=-theta))
    found = pair_of(fleet, "a", "b")
    assert found.verdict == ("behind" if theta > 0 else "ahead")
    assert found.theta.has(theta)
    assert found.estimate == pytest.approx(theta, abs=slack / 2)
    shift = fleet.solution.shifts["b"]
    assert abs(shift.ns - theta) <= shift.margin_ns
    assert found.outside_share > 0.2
    assert [len(where.span_id) for where in found.by] == [16, 16]


def test_right_clocks_may_be_right_whatever_times_out(tmp_path: Path) -> None:
    fleet, _ = fleet_of(tmp_path, fixed(a=0, b=0, c=0), "abc", timeouts=0.4)
    assert {one.verdict for one in fleet.pairs} == {"agree"}
    assert {shift.ns for shift in fleet.solution.shifts.values()} == {0}
    assert fleet.solution.shifts.keys() == {"a", "b", "c"}


@pytest.mark.parametrize("theta", [0, -80 * MS])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_clients_that_leave_without_a_word_make_nothing_wrong(
    tmp_path: Path, theta: int, share: float
) -> None:
    simulation = Simulation(11, fixed(a=0, b=-theta), timeouts=share)
    sent = [simulation.request("ab", BEGIN + n * S) for n in range(600)]
    spans = [replace(span, status="UNSET") for one in sent for span in one.spans]
    [found] = fleet_skew(kept(spans, tmp_path), 0, MINUTE).pairs
    assert found.theta.has(theta)
    assert not found.steps
    assert (found.verdict == "unclear") == (share > 0.1)


def test_a_drift_is_found(tmp_path: Path) -> None:
    def drifting(at: int) -> int:
        return -50 * (at - BEGIN) // 10**6

    fleet, _ = fleet_of(tmp_path, {**fixed(a=0), "b": drifting})
    found = pair_of(fleet, "a", "b")
    assert found.verdict == "drifting"
    assert found.drift.has(50e-6)
    assert found.drift.middle == pytest.approx(50e-6, rel=0.1)
    assert found.theta.has(-drifting(found.at_unix_nano))


def test_a_step_is_found(tmp_path: Path) -> None:
    def stepping(at: int) -> int:
        return 0 if at < BEGIN + 10 * MINUTE + 5 * S else -80 * MS

    fleet, _ = fleet_of(tmp_path, {**fixed(a=0), "b": stepping})
    found = pair_of(fleet, "a", "b")
    [step] = found.steps
    assert found.verdict == "stepped"
    assert step.by.has(80 * MS)
    assert step.after_unix_nano < BEGIN + 10 * MINUTE + 5 * S
    assert found.theta.has(80 * MS)
    assert fleet.pairs[0] is found


def test_a_step_that_has_just_come_is_not_known_yet(tmp_path: Path) -> None:
    simulation = Simulation(7, {**fixed(a=0), "b": lambda at: 0 if at < BEGIN + 600 * S else 9 * S})
    sent = [simulation.request("ab", BEGIN + n * 20 * S) for n in range(31)]
    spans = [span for one in sent for span in one.spans]
    fleet = fleet_skew(kept(spans, tmp_path), 0, MINUTE)
    assert fleet.pairs[0].verdict == "unclear"
    assert fleet.solution.shifts == {}


def test_messages_that_nobody_waits_for_bound_from_one_side(tmp_path: Path) -> None:
    spans = Simulation(7, fixed(a=0, b=-5 * S)).request("ab").spans
    sent = [replace(one, kind="PRODUCER" if one.kind == "CLIENT" else "CONSUMER") for one in spans]
    fleet = fleet_skew(kept(sent, tmp_path), 0, MINUTE)
    [found] = fleet.pairs
    assert found.verdict == "behind"
    assert found.theta.most is None
    assert fleet.solution.shifts == {}


def test_a_store_without_calls_says_nothing(tmp_path: Path) -> None:
    fleet = fleet_skew(kept(Simulation(1, fixed(a=0)).request("a").spans, tmp_path), 0, MINUTE)
    assert fleet.pairs == []
    assert fleet.solution.shifts == {}
