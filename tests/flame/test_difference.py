"""Two profiles beside each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.flame.difference import compare, function_changes
from otx.model.stack import Frame, Stack

A, B, C = (Frame(name, "native") for name in "abc")
STACKS = st.lists(st.sampled_from((A, B, C)), min_size=1, max_size=4).map(tuple)
COUNTS = st.dictionaries(STACKS, st.integers(1, 1000), max_size=6)


def test_raw_values_are_those_that_were_measured() -> None:
    found = compare({(A, B): 3}, {(A, B): 5, (A, C): 1}, is_normalised=False)
    assert found.stacks == {(A, B): (3, 5), (A, C): (0, 1)}
    assert (found.totals, found.whole) == ((3, 6), (3, 6))


def test_normalised_ones_have_the_later_total() -> None:
    found = compare({(A, B): 1, (A,): 1}, {(A, B): 5, (A, C): 5}, is_normalised=True)
    assert found.stacks == {(A, B): (5, 5), (A, C): (0, 5), (A,): (5, 0)}
    assert found.whole == (10, 10)


def test_nothing_before_is_nothing_however_it_is_scaled() -> None:
    assert compare({}, {(A,): 5}, is_normalised=True).stacks == {(A,): (0, 5)}
    assert compare({(A,): 5}, {}, is_normalised=True).stacks == {(A,): (0, 0)}


def test_a_function_is_known_by_its_name_whatever_a_file_tells_beside_it() -> None:
    moved = Frame("pay", "python", "/srv/2/shop.py", module="shop.py")
    was = Frame("pay", "python", "/srv/1/shop.py", module="shop.py")
    plain, linked = Frame("b", "native"), Frame("b", "native", module="libb.so.2")
    found = compare({(was, plain): 3, (was, linked): 4}, {(moved, linked): 5}, is_normalised=False)
    assert found.stacks == {(moved, linked): (7, 5)}
    here = Frame("b", "python", "/srv/b.py", module="b.py")
    found = compare({(A, plain): 3}, {(A, here): 5}, is_normalised=False)
    assert found.stacks == {(A, here): (0, 5), (A, plain): (3, 0)}


def test_functions_are_ranked_by_their_own_change_and_recursion_counts_once() -> None:
    found = compare({(A, B, A): 4}, {(A, B): 10}, is_normalised=False)
    changes = function_changes(found)
    assert [(it.frame, it.own, it.total) for it in changes] == [
        (B, (0, 10), (4, 10)),
        (A, (4, 0), (4, 10)),
    ]


@given(COUNTS, COUNTS, st.booleans())
def test_own_changes_sum_to_the_change_of_the_whole(
    before: dict[Stack, int], after: dict[Stack, int], is_normalised: bool
) -> None:
    found = compare(before, after, is_normalised=is_normalised)
    sums = [sum(pair[side] for pair in found.stacks.values()) for side in (0, 1)]
    changes = sum(it.own_change for it in function_changes(found))
    assert changes == pytest.approx(sums[1] - sums[0])


@given(COUNTS)
def test_a_profile_does_not_differ_from_itself(counts: dict[Stack, int]) -> None:
    for is_normalised in (False, True):
        found = compare(counts, counts, is_normalised=is_normalised)
        assert all(not it.own_change and not it.total_change for it in function_changes(found))
