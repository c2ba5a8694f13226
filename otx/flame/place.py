"""Where in a tree one is: a path of frames, which stays true when the tree is built anew.

A live tree is a new object several times a second, so nothing that a person has chosen may hold a
node. A path names the same place in every tree that has it; where it has gone, its nearest
ancestor stands for it.
"""

from dataclasses import dataclass
from typing import TypeAlias

from otx.flame.tree import FlameNode
from otx.model.stack import Frame

FlamePath: TypeAlias = tuple[Frame, ...]
"""Frames from the one below the root down to a place; the root itself is ()."""


@dataclass(frozen=True, slots=True)
class Zoom:
    """What fills the whole width.

    Attributes:
        path: The place that does, or the parent of those that do.
        only: Where not empty, the children of `path` that share the width, without their siblings.
    """

    path: FlamePath = ()
    only: frozenset[Frame] = frozenset()


WHOLE = Zoom()


def follow(tree: FlameNode, path: FlamePath) -> list[FlameNode]:
    """The nodes along a path, root first; shorter than the path where the tree ends sooner."""
    nodes = [tree]
    for frame in path:
        child = nodes[-1].children.get(frame)
        if child is None:
            break
        nodes.append(child)
    return nodes
