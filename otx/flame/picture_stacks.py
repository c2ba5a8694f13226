"""The stacks that a picture's tree was made of: each node's own value, below its callers."""

from collections.abc import Callable, Iterator, Sequence

from otx.flame.picture_tree import PictureTree
from otx.model.stack import Frame, Stack


def tree_stacks(
    tree: PictureTree, spend: Callable[[int], None]
) -> Iterator[tuple[Stack, float, float]]:
    """Each stack with its value and the one before, 0 where the tree has none.

    Stacks of no value are left out: in a tree they are as if they had not been. A value below 0 is
    one of a profile that has such.

    Args:
        tree: As `picture_tree` makes it, the root first, which is no frame.
        spend: Told how many frames a stack has before it is made.
    """
    values = _own_values(tree.depths, tree.values)
    befores = _own_values(tree.depths, tree.before) if tree.before else [0.0] * len(values)
    path: list[Frame] = []
    for depth, at, value, before in zip(tree.depths, tree.at, values, befores, strict=True):
        if depth:
            del path[depth - 1 :]
            path.append(tree.names[at].frame)
        if round(value) or round(before):
            spend(len(path))
            yield tuple(path), value, before


def _own_values(depths: Sequence[int], values: Sequence[float]) -> list[float]:
    """The value of each node without its children's."""
    own = list(values)
    open_nodes: list[int] = []
    for node, (depth, value) in enumerate(zip(depths, values, strict=True)):
        del open_nodes[depth:]
        if open_nodes:
            own[open_nodes[-1]] -= value
        open_nodes.append(node)
    return own
