"""A rate is that of the last seconds, also where the clock is set back in them."""

from otx.model.units import NS_PER_S
from otx.tui.rate import Rate


def test_a_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    rates = [rate.after(second * NS_PER_S, 100 * second) for second in range(5)]
    assert rates == [0, 100, 100, 100, 100]
    assert [rate.after(second * NS_PER_S, 400) for second in (5, 6, 7)] == [100 * 2 / 3, 100 / 3, 0]


def test_a_clock_that_is_set_back_does_not_end_it() -> None:
    rate = Rate()
    hour = 3600
    assert [rate.after((hour + n) * NS_PER_S, 10 * n) for n in range(3)] == [0, 10, 10]
    assert [rate.after(n * NS_PER_S, 20 + 10 * n) for n in range(3)] == [0, 10, 10]
