"""What a timer interrupt costs, seen as gaps between looks at a clock."""

import errno
from contextlib import AbstractContextManager
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.interrupt import InterruptGauge, cost_of, gaps_between_looks

SMALL, TICK, TURN = 3_000, 15_000, 4_000_000


def test_gaps_are_what_takes_longer_than_a_look() -> None:
    times = accumulate([0, 100, 90, TICK, 100, 110, SMALL, 100, TURN, 100, 10**9])
    assert gaps_between_looks(lambda: next(times), 5_000_000) == [TICK, SMALL, TURN, 10**9]


def test_other_programs_turns_and_the_kernel_s_small_matters_do_not_count() -> None:
    gaps = [TURN] * 5 + [SMALL] * 20 + [TICK] * 12
    assert cost_of(gaps, ticks=12) == TICK


def test_too_few_ticks_are_no_measurement() -> None:
    assert cost_of([TICK] * 7, ticks=40) is None
    assert cost_of([TICK] * 40, ticks=7) is None


@given(st.lists(st.integers(0, 10_000_000)), st.integers(0, 100))
def test_a_cost_is_one_that_was_seen(gaps: list[int], ticks: int) -> None:
    cost = cost_of(gaps, ticks)
    assert cost is None or min(gaps) <= cost <= 200_000


def test_this_machine_s_is_microseconds() -> None:
    for _ in range(20):  # where others keep the processor, nothing can be seen
        gauge = InterruptGauge()
        while not gauge.is_done:
            assert gauge.cost_ns is None
            gauge.look()
        if gauge.cost_ns is not None:
            assert 500 < gauge.cost_ns < 200_000
            return


def test_where_the_kernel_refuses_looking_ends() -> None:
    def refused(frequency_hz: int) -> AbstractContextManager[None]:
        raise PermissionError(errno.EACCES, "no")

    gauge = InterruptGauge(refused)
    gauge.look()
    assert (gauge.is_done, gauge.cost_ns) == (True, None)
