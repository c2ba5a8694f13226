from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.protocol import Side
from otx.services.opamp_tap.script import Deed, Step
from otx.services.opamp_tap.shrinking import exchanges, shrink


def steps(count: int) -> list[Step]:
    """Reports with an answer each, on two connections in turn."""
    found = []
    for number in range(count):
        found.append(Step(10 * number, number % 2, Side.CLIENT, Deed.SAY))
        found.append(Step(10 * number + 1, number % 2, Side.SERVER, Deed.SAY))
    return found


def test_an_answer_stays_with_its_report() -> None:
    assert [[step.line for step in one] for one in exchanges(steps(3))] == [
        [0, 1],
        [10, 11],
        [20, 21],
    ]


@given(st.sets(st.integers(0, 19), min_size=1, max_size=4))
def test_only_what_is_needed_is_left(needed: set[int]) -> None:
    def fails(part: list[Step]) -> bool:
        return {10 * number for number in needed} <= {step.line for step in part}

    left = shrink(steps(20), fails)
    assert {step.line // 10 for step in left} == needed
    assert [step.line for step in left] == sorted(step.line for step in left)
