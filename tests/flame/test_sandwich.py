"""A function between its callers and its callees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import NotThere
from otx.flame.sandwich import neighbours, sandwich, side_by_side
from otx.model.stack import Frame, Stack

A, B, C, F = (Frame(name, "native") for name in "abcf")
COUNTS: dict[Stack, int] = {(A, F, C): 5, (B, F): 2, (A, F, B, F, C): 1, (A,): 9}
STACKS = st.lists(st.sampled_from((A, B, C, F)), min_size=1, max_size=6).map(tuple)


def test_all_its_places_are_together() -> None:
    found = sandwich(COUNTS, "f")
    assert (found.value, found.own, found.whole) == (8, 2, 17)
    assert found.callers == {(F, A): 6, (F, B): 2}
    assert found.callees == {(F, C): 5, (F,): 2, (F, B, F, C): 1}
    assert neighbours(found.callers) == [(A, 6), (B, 2)]
    assert neighbours(found.callees) == [(C, 5), (None, 2), (B, 1)]


def test_a_name_with_or_without_its_file_is_found() -> None:
    python = Frame("total", "python", "/srv/cart.py", 3, "cart.py")
    other = Frame("total", "python", "/srv/order.py", 3, "order.py")
    counts: dict[Stack, int] = {(A, python): 1, (B, other): 2}
    assert sandwich(counts, "total").value == 3
    assert sandwich(counts, "total (cart.py:3)").value == 1


def test_what_is_not_there_has_a_near_name() -> None:
    with pytest.raises(NotThere, match="no function 'F'") as refused:
        sandwich({(Frame("handler_f", "native"),): 1}, "F")
    assert refused.value.hint == "did you mean handler_f?"


@given(st.dictionaries(STACKS, st.integers(1, 100), min_size=1))
def test_both_sides_have_the_function_s_value(counts: dict[Stack, int]) -> None:
    if not any(F in stack for stack in counts):
        return
    found = sandwich(counts, "f")
    assert sum(found.callers.values()) == sum(found.callees.values()) == found.value
    assert found.value == sum(count for stack, count in counts.items() if F in stack)
    assert sum(side_by_side(found).values()) == 2 * found.value
