"""A few of many, evenly spread."""

from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.evenly import evenly


@given(st.lists(st.lists(st.none(), max_size=9), max_size=9), st.integers(1, 20))
def test_every_nth_of_all_groups_as_one_row(shape: list[list[None]], most: int) -> None:
    numbers = iter(range(100))
    groups = [[next(numbers) for _ in group] for group in shape]
    row = [number for group in groups for number in group]
    step = next(n for n in range(1, 101) if len(row[::n]) <= most)
    assert evenly(groups, most) == row[::step]
