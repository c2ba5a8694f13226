"""Reshaped stacks keep their samples; what is asked of a function holds at all its places."""

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.reshape import (
    callers_first,
    from_function,
    through,
    up_to_function,
    without_small,
)
from otx.flame.search import index_functions
from otx.flame.tree import build_tree
from otx.model.stack import Frame, Stack

A, B, C = (Frame(name, "native") for name in "abc")
COUNTS: dict[Stack, int] = {(A, B, C): 4, (A, C): 3, (A, B, A, C): 2, (B,): 1}
STACKS = st.dictionaries(
    st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=6).map(tuple), st.integers(1, 50)
)


def test_what_a_function_called_begins_at_its_outermost_call() -> None:
    assert from_function(COUNTS, A) == {(A, B, C): 4, (A, C): 3, (A, B, A, C): 2}
    assert from_function(COUNTS, B) == {(B, C): 4, (B, A, C): 2, (B,): 1}


def test_who_called_a_function_begins_at_its_innermost_call() -> None:
    assert up_to_function(COUNTS, B) == {(B, A): 6, (B,): 1}
    assert up_to_function(COUNTS, A) == {(A,): 7, (A, B, A): 2}


@given(STACKS)
def test_turning_twice_is_turning_never(counts: dict[Stack, int]) -> None:
    assert callers_first(callers_first(counts)) == counts


@given(STACKS, st.sampled_from([A, B, C]))
def test_a_function_has_the_same_samples_in_every_shape(
    counts: dict[Stack, int], function: Frame
) -> None:
    whole = index_functions(build_tree(counts)).get(function)
    expected = whole.value if whole else 0
    for shape in (through, from_function, up_to_function):
        assert sum(shape(counts, function).values()) == expected


@given(STACKS, st.integers(0, 60))
def test_small_frames_leave_and_are_counted(counts: dict[Stack, int], least: int) -> None:
    tree = build_tree(counts)
    kept, hidden = without_small(tree, least)
    frames = sum(1 for _ in kept.walk())
    assert frames + hidden == sum(1 for _ in tree.walk())
    assert all(node.total >= least for node in kept.walk() if node is not kept)
    assert kept.total == tree.total
