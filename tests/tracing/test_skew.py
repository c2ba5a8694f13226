"""How far a trace's clocks are apart, on requests whose clocks are wrong by a known amount."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.skew import Skew, clock_skew
from tests.tracing.graphs import traces
from tests.tracing.requests import MS, S, Sent, Simulation, fixed, moved

THETAS = [-5 * S, -80 * MS, 3 * MS, 120 * S]
"""What is to be added to a wrong clock; it shows as much less."""


def skew_of(sent: Sent) -> Skew:
    return clock_skew(assemble(sent.spans))


def truth_is_within(skew: Skew, thetas: dict[str, int]) -> None:
    for clock, shift in skew.solution.shifts.items():
        truth = thetas[clock] - thetas[shift.reference]
        assert abs(truth - shift.ns) <= shift.margin_ns, (clock, shift, truth)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("seed", range(25))
def test_one_wrong_clock_is_found_to_half_the_fastest_round_trip(theta: int, seed: int) -> None:
    sent = Simulation(seed, fixed(a=0, b=-theta)).request("ab", fan=6)
    skew = skew_of(sent)
    shift = skew.solution.shifts["b"]
    truth_is_within(skew, {"a": 0, "b": theta})
    assert shift.reference == "a"
    if shift.ns:
        assert abs(shift.ns - theta) <= sent.slack_ns["a", "b"] / 2
    else:
        assert abs(theta) < 8 * MS  # the fastest round trip may hide as much


@given(
    st.integers(0, 10**6),
    st.lists(st.sampled_from([0, *THETAS]), min_size=4, max_size=4),
    st.sampled_from([0, 0.3]),
)
def test_the_truth_is_always_within_the_margin(seed: int, by: list[int], timeouts: float) -> None:
    thetas = dict(zip("abcd", by, strict=True))
    offsets = fixed(**{host: -theta for host, theta in thetas.items()})
    simulation = Simulation(seed, offsets, timeouts=timeouts)
    hosts = random.Random(seed).choices("abcd", k=4)
    truth_is_within(skew_of(simulation.request(hosts, fan=3)), thetas)


def test_clocks_that_may_be_right_are_left_alone() -> None:
    for seed in range(50):
        skew = skew_of(Simulation(seed, fixed(a=0, b=0, c=0)).request("abc", fan=2))
        assert skew.moved == []
        assert skew.solution.shifts.keys() == {"a", "b", "c"}
        assert list(skew.timing.starts) == [s.start_unix_nano for s in skew.trace.spans]


def test_moved_times_put_servers_into_their_clients() -> None:
    for seed in range(50):
        sent = Simulation(seed, fixed(a=0, b=5 * S, c=-3 * MS)).request("abcb", fan=2)
        skew = skew_of(sent)
        timing, trace = skew.timing, skew.trace
        for number, parent in enumerate(trace.parents):
            if parent >= 0:
                assert timing.starts[parent] <= timing.starts[number]
                assert timing.ends[number] <= timing.ends[parent]
        assert sorted(trace.spans, key=lambda s: s.span_id) == sorted(
            sent.spans, key=lambda s: s.span_id
        )


@given(traces(), st.integers(-(10**9), 10**9), st.randoms())
def test_nothing_depends_on_the_epoch_or_the_order(
    spans: list[Span], by: int, chance: random.Random
) -> None:
    here = moved(spans, 1_790_000_000 * S)
    there = moved(here, by)
    chance.shuffle(there)
    one, other = (clock_skew(assemble(found)) for found in (here, [*there, there[0]]))
    assert one.solution.shifts == other.solution.shifts
    assert [bounds.pair for bounds in one.bounds] == [bounds.pair for bounds in other.bounds]
