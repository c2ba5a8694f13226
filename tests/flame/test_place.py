"""Paths outlive the tree they were taken from."""

from otx.flame.place import follow
from otx.flame.tree import build_tree
from otx.model.stack import Frame, Stack


def native(*names: str) -> Stack:
    return tuple(Frame(name, "native") for name in names)


def test_a_path_is_followed_as_far_as_the_tree_has_it() -> None:
    tree = build_tree({native("main", "work"): 2})
    assert [node.frame.name for node in follow(tree, native("main", "work"))] == [
        "all",
        "main",
        "work",
    ]
    assert [node.frame.name for node in follow(tree, native("main", "gone", "work"))] == [
        "all",
        "main",
    ]
    assert follow(tree, ()) == [tree]
