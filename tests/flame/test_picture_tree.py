"""The tree of a picture."""

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.picture_tree import PictureTree, difference_tree, picture_tree
from otx.model.stack import Frame, Stack

A, B = Frame("a", "native"), Frame("b", "python", "/srv/b.py", 0, "b.py")
STACKS = st.lists(st.sampled_from((A, B)), max_size=5).map(tuple)


def named(tree: PictureTree) -> list[tuple[int, str, float]]:
    return [
        (depth, tree.names[at].label, value)
        for depth, at, value in zip(tree.depths, tree.at, tree.values, strict=True)
    ]


def test_nodes_come_in_reading_order() -> None:
    tree = picture_tree({(B, A): 1, (A, B): 2, (A,): 4})
    assert named(tree) == [
        (0, "all", 7),
        (1, "a", 6),
        (2, "b (b.py)", 2),
        (1, "b (b.py)", 1),
        (2, "a", 1),
    ]
    assert tree.before == []


def test_two_profiles_share_a_tree() -> None:
    tree = difference_tree({(A,): (1, 2), (B,): (3, 0)})
    assert list(zip(tree.before, tree.values, strict=True)) == [(4, 2), (1, 2), (3, 0)]


def test_frames_of_one_name_are_one_box() -> None:
    lines = [Frame("f", "native", "/x.c", line) for line in (1, 2)]
    assert named(picture_tree({(lines[0],): 1, (lines[1],): 2})) == [(0, "all", 3), (1, "f", 3)]


@given(st.dictionaries(STACKS, st.integers(1, 99), max_size=8))
def test_children_are_never_wider_than_their_parent(counts: dict[Stack, int]) -> None:
    tree = picture_tree(counts)
    open_nodes: list[list[float]] = []
    for depth, value in zip(tree.depths, tree.values, strict=True):
        del open_nodes[depth:]
        if open_nodes:
            open_nodes[-1][0] -= value
            assert open_nodes[-1][0] >= 0
        open_nodes.append([value])
    assert tree.values[0] == sum(counts.values())
