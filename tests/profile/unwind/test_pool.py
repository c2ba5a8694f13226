"""Stretches of an array: never two owners, and no new owner before a rest."""

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.unwind.pool import REST_NS, StretchPool


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def test_what_is_given_back_rests_before_it_is_taken_again() -> None:
    clock = Clock()
    pool = StretchPool(4, clock)
    assert pool.take(4) == 0
    pool.give_back(0, 4)
    clock.now_ns = REST_NS - 1
    assert pool.take(1) is None
    clock.now_ns = REST_NS
    assert pool.take(4) == 0


def test_neighbours_become_one_stretch_again() -> None:
    clock = Clock()
    pool = StretchPool(3, clock)
    firsts = [pool.take(1) for _ in range(3)]
    assert firsts == [0, 1, 2]
    for first in (1, 0, 2):
        pool.give_back(first, 1)
    clock.now_ns = REST_NS
    assert pool.take(3) == 0


def test_what_rests_is_counted_on_with_its_neighbours() -> None:
    clock = Clock()
    pool = StretchPool(4, clock)
    for _ in range(4):
        pool.take(1)
    for first in (0, 2):
        pool.give_back(first, 1)
    assert pool.will_fit(1) and not pool.will_fit(2)
    pool.give_back(1, 1)
    assert pool.will_fit(3) and not pool.will_fit(4)
    assert pool.take(1) is None, "it rests"
    clock.now_ns = REST_NS
    assert pool.take(3) == 0


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.booleans()), max_size=60))
def test_no_element_has_two_owners(steps: list[tuple[int, bool, bool]]) -> None:
    clock = Clock()
    pool = StretchPool(30, clock)
    owned: list[tuple[int, int]] = []
    resting: list[tuple[int, int]] = []
    for count, gives_back, time_passes in steps:
        if time_passes:
            clock.now_ns += REST_NS
            resting.clear()
        if gives_back and owned:
            stretch = owned.pop(0)
            pool.give_back(*stretch)
            resting.append(stretch)
        elif (first := pool.take(count)) is not None:
            owned.append((first, count))
        elements = [at for first, size in (*owned, *resting) for at in range(first, first + size)]
        assert len(elements) == len(set(elements))
        assert all(0 <= at < 30 for at in elements)
