"""A tree for pictures: flat arrays, parents before children, of one profile or of two.

What is called the same in a picture is one box, so the tree is of names. Two profiles share one
tree, in which each node has a value of either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from otx.flame.difference import Pair
from otx.model.frame_names import frame_label
from otx.model.stack import Frame, FrameKind, Stack


@dataclass(frozen=True, slots=True)
class Name:
    """What a box is called.

    Attributes:
        where: The source file or the object, for who wants to know more.
        frame: The first of the frames that are called so; without a line where these differ in it.
    """

    label: str
    kind: FrameKind
    where: str
    frame: Frame


@dataclass(slots=True)
class PictureTree:
    """Nodes in the order in which one reads: a node, then all below it, then its next sibling.

    Attributes:
        names: What boxes are called, each once.
        depths: Depth of each node; the root's is 0.
        at: Index in `names` of each node.
        values: Value of each node with all below it.
        before: The same of the earlier profile; empty where there is none.
    """

    names: list[Name] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """How many rows there are."""
        return max(self.depths, default=-1) + 1


def picture_tree(counts: Mapping[Stack, int], root: str = "all") -> PictureTree:
    """The tree of one profile."""
    tree = _tree({stack: (0.0, count) for stack, count in counts.items()}, root)
    tree.before = []
    return tree


def difference_tree(stacks: Mapping[Stack, Pair], root: str = "all") -> PictureTree:
    """The tree of two profiles."""
    return _tree(stacks, root)


@dataclass(slots=True)
class _Node:
    value: float = 0
    before: float = 0
    children: dict[int, "_Node"] = field(default_factory=dict)


def _tree(stacks: Mapping[Stack, Pair], root: str) -> PictureTree:
    tree = PictureTree([Name(root, "process", "", Frame(root, "process"))])
    numbers: dict[Frame, int] = {}
    labels: dict[tuple[str, FrameKind], int] = {}
    top = _Node()
    for stack, (before, value) in stacks.items():
        node = top
        node.value += value
        node.before += before
        for frame in stack:
            number = numbers.get(frame)
            if number is None:
                number = numbers[frame] = _number(frame, labels, tree.names)
            child = node.children.get(number)
            if child is None:
                child = node.children[number] = _Node()
            child.value += value
            child.before += before
            node = child
    _flatten(top, tree)
    return tree


def _number(frame: Frame, labels: dict[tuple[str, FrameKind], int], names: list[Name]) -> int:
    """The index of a frame's name; frames of one label and kind share it."""
    key = frame_label(frame), frame.kind
    number = labels.get(key)
    if number is None:
        number = labels[key] = len(names)
        where = frame.file or frame.module
        names.append(Name(key[0], frame.kind, where if where not in key[0] else "", frame))
    elif frame.line != names[number].frame.line:
        names[number] = replace(names[number], frame=replace(names[number].frame, line=0))
    return number


def _flatten(top: _Node, tree: PictureTree) -> None:
    by_label = sorted(range(len(tree.names)), key=lambda number: tree.names[number].label)
    rank = {number: place for place, number in enumerate(by_label)}
    waiting = [(0, 0, top)]
    while waiting:
        depth, number, node = waiting.pop()
        tree.depths.append(depth)
        tree.at.append(number)
        tree.values.append(_plain(node.value))
        tree.before.append(_plain(node.before))
        below = node.children
        if len(below) > 1:
            order = sorted(below, key=rank.__getitem__, reverse=True)
            waiting += [(depth + 1, child, below[child]) for child in order]
        else:
            waiting += [(depth + 1, child, it) for child, it in below.items()]


def _plain(value: float) -> float:
    """A whole number as one, since it is written shorter."""
    return int(value) if value == int(value) else round(value, 3)
