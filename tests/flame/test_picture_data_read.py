"""What is wrong in a picture's data is named with its place."""

import sys

import pytest

from otx.flame.picture_data_read import tree_of

ROOT = ["all", "process", ""]
TREE: dict[str, object] = {
    "names": [ROOT, ["f", "native", ""]],
    "depths": [0, 1],
    "at": [0, 1],
    "values": [3, 3],
    "before": [],
}
NESTED: list[object] = []
for _ in range(sys.getrecursionlimit() * 2):
    NESTED = [NESTED]


def test_a_tree_is_taken_as_it_is() -> None:
    tree = tree_of(TREE, "tree")
    assert (tree.depths, tree.at, tree.values, tree.before) == ([0, 1], [0, 1], [3, 3], [])
    assert [name.label for name in tree.names] == ["all", "f"]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("names", None, "tree.names is no list"),
        ("names", [ROOT, []], r"tree.names\[1\] is no name: a list"),
        ("names", [ROOT, ["f", "native"]], r"tree.names\[1\] is no name"),
        ("names", [ROOT, ["f", "native", "", {}, 1]], r"tree.names\[1\] is no name"),
        ("names", [ROOT, [1, "native", ""]], r"tree.names\[1\] is no text: '1'"),
        ("names", [ROOT, ["f", "wasm", ""]], r"tree.names\[1\]: no kind of frame 'wasm'"),
        ("names", [ROOT, ["f", "native", "", []]], r"tree.names\[1\] is no name: a list"),
        ("names", [ROOT, ["f", "native", "", {"line": -1}]], r"tree.names\[1\].line is no line"),
        ("names", [ROOT, ["f", "native", "", {"line": 1.5}]], r"tree.names\[1\].line is no line"),
        ("names", [ROOT, ["f", "native", "", {"file": 1}]], r"tree.names\[1\].file is no text"),
        ("names", [ROOT, NESTED], r"tree.names\[1\] is no name: a list"),
        ("depths", [], r"tree.at has 2 entries for 0 nodes"),
        ("depths", {}, r"tree.depths is no list"),
        ("depths", [0, 2], r"tree.depths\[1\] is no depth there: '2'"),
        ("depths", [1, 1], r"tree.depths\[0\] is no depth there: '1'"),
        ("depths", [0, 0], r"tree.depths\[1\] is no depth there: '0'"),
        ("depths", [0, -1], r"tree.depths\[1\] is no depth there: '-1'"),
        ("depths", [0, True], r"tree.depths\[1\] is no depth there: 'True'"),
        ("at", [0], "tree.at has 1 entries for 2 nodes"),
        ("at", [0, 2], r"tree.at\[1\] is none of 2 names: '2'"),
        ("at", [0, -1], r"tree.at\[1\] is none of 2 names: '-1'"),
        ("at", [0, "1"], r"tree.at\[1\] is none of 2 names: '1'"),
        ("values", [3], "tree.values has 1 entries for 2 nodes"),
        ("values", [3, None], r"tree.values\[1\] is no value: 'None'"),
        ("values", [3, 1e40], r"tree.values\[1\] is no value: '1e\+40'"),
        ("values", [NESTED, 1], r"tree.values\[0\] is no value: a list"),
        ("before", [3], "tree.before has 1 entries for 2 nodes"),
        ("before", [3, {}], r"tree.before\[1\] is no value: a document"),
        ("before", 1, "tree.before is no list"),
    ],
)
def test_what_is_wrong_is_named(field: str, value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        tree_of({**TREE, field: value}, "tree")


@pytest.mark.parametrize("document", [None, [], 1, "x"])
def test_what_is_no_tree_is_said(document: object) -> None:
    with pytest.raises(ValueError, match="tree is no tree"):
        tree_of(document, "tree")


def test_a_tree_has_a_root() -> None:
    with pytest.raises(ValueError, match=r"tree.depths has no root"):
        tree_of({**TREE, "depths": [], "at": [], "values": []}, "tree")
