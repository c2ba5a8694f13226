"""Stacks merged into a tree: nothing is lost and nothing is counted twice."""

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.tree import build_tree, hottest
from otx.model.stack import Frame, Stack

FRAMES = st.sampled_from(
    [Frame(name, "native") for name in "abcd"] + [Frame("a", "python", "x.py")]
)
COUNTS = st.dictionaries(
    st.lists(FRAMES, max_size=6).map(tuple), st.integers(1, 10**12), max_size=20
)


@given(COUNTS)
def test_the_tree_holds_every_value_once(counts: dict[Stack, int]) -> None:
    root = build_tree(counts)
    assert root.total == sum(counts.values()) == sum(node.own for node in root.walk())
    for node in root.walk():
        below = sum(child.total for child in node.children.values())
        assert node.total == node.own + below


@given(COUNTS)
def test_hottest_counts_a_recursive_function_once_a_stack(counts: dict[Stack, int]) -> None:
    whole = sum(counts.values())
    shares = hottest(counts, 100)
    assert sum(share.own for share in shares) == sum(v for k, v in counts.items() if k)
    assert all(share.own <= share.total <= whole for share in shares)
    assert [share.own for share in shares] == sorted((share.own for share in shares), reverse=True)


def test_children_stand_by_name() -> None:
    names = ["b", "a", "c"]
    root = build_tree({(Frame(name, "native"),): 1 for name in names})
    assert [child.frame.name for child in root.sorted_children()] == ["a", "b", "c"]
