"""The stacks of a tree are those it was made of."""

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.picture_stacks import tree_stacks
from otx.flame.picture_tree import PictureTree, difference_tree, picture_tree
from otx.model.stack import Frame, Stack

A, B = Frame("a", "native"), Frame("b", "python", "/srv/b.py", 0, "b.py")
STACKS = st.lists(st.sampled_from((A, B)), max_size=5).map(tuple)


def stacks(tree: PictureTree) -> dict[Stack, float]:
    return {stack: value for stack, value, _ in tree_stacks(tree, lambda frames: None)}


@given(st.dictionaries(STACKS, st.integers(-99, 99), max_size=8))
def test_they_are_what_the_tree_was_made_of(counts: dict[Stack, int]) -> None:
    told = {stack: count for stack, count in counts.items() if count}
    assert stacks(picture_tree(counts)) == told


@given(st.dictionaries(STACKS, st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=8))
def test_two_profiles_keep_both_values(pairs: dict[Stack, tuple[int, int]]) -> None:
    tree = difference_tree(pairs)
    found = {stack: (before, value) for stack, value, before in tree_stacks(tree, lambda _: None)}
    assert found == {stack: pair for stack, pair in pairs.items() if any(pair)}


def test_what_rounding_leaves_is_no_stack() -> None:
    third = [10.0, 3.333, 3.333, 3.333]
    tree = PictureTree(picture_tree({(A,): 1}).names, [0, 1, 1, 1], [0, 1, 1, 1], third)
    assert [stack for stack, _, _ in tree_stacks(tree, lambda frames: None)] == [(A,)] * 3


def test_frames_are_counted_before_they_are_made() -> None:
    tree = picture_tree({(A,) * depth: 1 for depth in range(1, 5)})
    spent: list[int] = []
    list(tree_stacks(tree, spent.append))
    assert spent == [1, 2, 3, 4]


def test_a_recursion_of_100_000_calls_is_a_stack() -> None:
    assert stacks(picture_tree({(A,) * 100_000: 7})) == {(A,) * 100_000: 7}
