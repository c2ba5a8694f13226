"""How much a sample stands for."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.units import NS_PER_S
from otx.profile.pace import Pace


def test_the_period_grows_with_the_samples_and_shrinks_without() -> None:
    pace = Pace(3, 1000, 100, 0)
    assert not pace.count(1000, NS_PER_S // 100)
    assert pace.count(0, NS_PER_S)
    assert pace.period == 3 * 16
    assert not pace.count(50, 2 * NS_PER_S)
    assert pace.count(0, 3 * NS_PER_S)
    assert pace.period == 3 * 8


def test_a_period_that_begins_greater_shrinks_to_the_least_within_a_second() -> None:
    pace = Pace(1, 1000, 100, 0, first=4)
    assert pace.period == 4
    for fifth in range(1, 5):
        pace.count(1, fifth * NS_PER_S // 5)
    assert pace.period == 1


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**12)), max_size=50))
def test_the_period_stays_within_its_bounds(counted: list[tuple[int, int]]) -> None:
    pace, now_ns = Pace(1, 1000, 100, 0), 0
    for samples, elapsed_ns in counted:
        now_ns += elapsed_ns
        pace.count(samples, now_ns)
        assert 1 <= pace.period < 2000
