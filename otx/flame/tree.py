"""Stacks merged into a tree: the shape behind every flame graph and every table of functions.

A tree is built from counts of whole stacks, which is what a profiler collects, and is not changed
afterwards; a live view builds a new one a few times a second.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from otx.model.stack import Frame, Stack


@dataclass(slots=True)
class FlameNode:
    """A frame at one place in the tree.

    Attributes:
        total: Value of all stacks that pass through here.
        own: Value of the stacks that end here.
        children: The frames called from here, by frame.
    """

    frame: Frame
    total: int = 0
    own: int = 0
    children: dict[Frame, "FlameNode"] = field(default_factory=dict)

    def sorted_children(self) -> list["FlameNode"]:
        """Children by name, so that a live picture keeps its order while it grows."""
        return sorted(self.children.values(), key=lambda node: (node.frame.name, node.frame.file))

    def walk(self) -> Iterator["FlameNode"]:
        """This node and all below, parents first."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.children.values())


@dataclass(frozen=True, slots=True)
class FunctionShare:
    """What one function took, all its places together.

    Attributes:
        own: Value of the stacks that end in it.
        total: Value of the stacks it is on, each counted once however often it recurs.
    """

    frame: Frame
    own: int
    total: int


ROOT = Frame("all", "process")


def build_tree(counts: Mapping[Stack, int]) -> FlameNode:
    """The tree of the given stacks, under a root that holds them all."""
    root = FlameNode(ROOT)
    for stack, value in counts.items():
        root.total += value
        node = root
        for frame in stack:
            child = node.children.get(frame)
            if child is None:
                child = node.children[frame] = FlameNode(frame)
            child.total += value
            node = child
        node.own += value
    return root


def hottest(counts: Mapping[Stack, int], limit: int) -> list[FunctionShare]:
    """The functions with the largest own value, largest first."""
    own: dict[Frame, int] = {}
    total: dict[Frame, int] = {}
    for stack, value in counts.items():
        for frame in set(stack):
            total[frame] = total.get(frame, 0) + value
        if stack:
            own[stack[-1]] = own.get(stack[-1], 0) + value
    ranked = sorted(own, key=lambda frame: (-own[frame], frame.name))
    return [FunctionShare(frame, own[frame], total[frame]) for frame in ranked[:limit]]
