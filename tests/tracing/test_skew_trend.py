"""Two clocks over time: offsets, drifts and steps that are known, found again."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.tracing.skew_lines import Point
from otx.tracing.skew_moments import Moment, Where
from otx.tracing.skew_trend import Trend, trend

US, MS, S = 10**3, 10**6, 10**9
BEGIN = 1_790_000_000 * S
MOMENT = 15 * S
SOMEBODY = Where("1" * 32, "2" * 16)


def moments(
    theta: Callable[[int], float],
    seed: int = 0,
    count: int = 60,
    late: Callable[[int], bool] = lambda nth: False,
) -> list[Moment]:
    """Moments of ten calls each; of `late` ones a server outlives its client unseen."""
    chance = random.Random(seed)
    found = []
    for nth in range(count):
        begin = BEGIN + nth * MOMENT
        times = sorted(begin + chance.randrange(MOMENT) for _ in range(10))
        lowers = [Point(at, int(theta(at)) - chance.randrange(50 * US, 5 * MS)) for at in times]
        uppers = [Point(at, int(theta(at)) + chance.randrange(50 * US, 5 * MS)) for at in times]
        if late(nth):
            uppers[0] = Point(times[0], int(theta(times[0])) - 4 * MS)
        lower = max(lowers, key=lambda one: one.ns)
        uppers.sort(key=lambda one: one.ns)
        found.append(Moment(begin, 10, 10, 0, lower, uppers[:8], SOMEBODY, SOMEBODY))
    return found


def theta_at_end(found: Trend, at: int) -> tuple[float, float]:
    theta = found.stretches[-1].theta(at)
    assert theta.least is not None
    assert theta.most is not None
    return theta.least, theta.most


@given(st.integers(0, 10**6), st.integers(-(10**11), 10**11), st.floats(-200e-6, 200e-6))
def test_offset_and_drift_are_within_what_is_found(seed: int, offset: int, slope: float) -> None:
    def theta(at: int) -> float:
        return offset + slope * (at - BEGIN)

    found = trend(moments(theta, seed, count=30))
    assert len(found.stretches) == 1
    assert not found.odd
    drift = found.stretches[0].drift
    assert drift.least is not None
    assert drift.most is not None
    assert drift.least - 1e-9 <= slope <= drift.most + 1e-9
    assert drift.most - drift.least < 20e-6
    end = BEGIN + 30 * MOMENT
    least, most = theta_at_end(found, end)
    assert least - 2 <= theta(end) <= most + 2
    assert most - least < 5 * MS


@pytest.mark.parametrize("by", [-5 * S, -80 * MS, 12 * MS, 120 * S])
@pytest.mark.parametrize("seed", range(5))
def test_a_step_is_found_where_it_is(by: int, seed: int) -> None:
    stepped_at = BEGIN + 30 * MOMENT + 7 * S
    found = trend(moments(lambda at: by if at >= stepped_at else 0, seed))
    [step] = found.steps
    assert step.after_unix_nano <= stepped_at <= step.before_unix_nano + MOMENT
    assert step.before_unix_nano - step.after_unix_nano <= 2 * MOMENT
    assert step.by.has(by)
    least, most = theta_at_end(found, BEGIN + 60 * MOMENT)
    assert least <= by <= most


@pytest.mark.parametrize("seed", range(20))
def test_servers_that_outlive_their_clients_unseen_do_not_move_a_clock(seed: int) -> None:
    found = trend(moments(lambda at: 0, seed, late=lambda nth: nth % 9 == 4))
    assert not found.steps
    least, most = theta_at_end(found, BEGIN + 60 * MOMENT)
    assert least <= 0 <= most


def test_a_clock_drawn_back_slowly_is_no_step() -> None:
    def theta(at: int) -> float:
        seconds = (at - BEGIN) / S
        return 400_000 * min(seconds, 450) - 400_000 * max(seconds - 450, 0)

    found = trend(moments(theta, 3))
    assert len(found.stretches) > 1
    assert not found.steps


def test_one_call_tells_a_wide_range_for_long() -> None:
    lone = Moment(BEGIN, 1, 1, 0, Point(BEGIN, -5), (Point(BEGIN, 5),), SOMEBODY)
    found = trend([lone])
    assert found.stretches[0].theta(BEGIN) == (-5, 5)
    assert found.stretches[0].theta(BEGIN + S) == pytest.approx((-500_005, 500_005))


def test_calls_that_nobody_waits_for_leave_the_top_open() -> None:
    lone = Moment(BEGIN, 9, 0, 0, Point(BEGIN, 7), (), SOMEBODY)
    theta = trend([lone]).stretches[0].theta(BEGIN)
    assert theta.middle is None
    assert not theta.has(0)
    assert theta == (7, None)
