"""Whole stacks made into others before they become a tree: turned, cut, narrowed to a function."""

from collections.abc import Callable, Mapping

from otx.flame.tree import FlameNode
from otx.model.stack import Frame, Stack


def callers_first(counts: Mapping[Stack, int]) -> dict[Stack, int]:
    """The same stacks, leaf first, so that below a function stand its callers."""
    return _reshape(counts, lambda stack: stack[::-1])


def through(counts: Mapping[Stack, int], function: Frame) -> dict[Stack, int]:
    """The stacks that a function is on."""
    return {stack: value for stack, value in counts.items() if function in stack}


def from_function(counts: Mapping[Stack, int], function: Frame) -> dict[Stack, int]:
    """What a function called, all its places together; from its outermost call on."""
    return _reshape(through(counts, function), lambda stack: stack[stack.index(function) :])


def up_to_function(counts: Mapping[Stack, int], function: Frame) -> dict[Stack, int]:
    """Who called a function, nearest caller first, all its places together."""
    return _reshape(
        through(counts, function),
        lambda stack: stack[: len(stack) - stack[::-1].index(function)][::-1],
    )


def without_small(tree: FlameNode, least: int) -> tuple[FlameNode, int]:
    """A tree without the frames whose value is less, and how many were left out.

    What they took stays in their caller's total, where it shows as blank below it.
    """
    kept = FlameNode(tree.frame, tree.total, tree.own)
    hidden = 0
    waiting = [(tree, kept)]
    while waiting:
        node, copy = waiting.pop()
        for child in node.children.values():
            if child.total < least:
                hidden += sum(1 for _ in child.walk())
                continue
            below = copy.children[child.frame] = FlameNode(child.frame, child.total, child.own)
            waiting.append((child, below))
    return kept, hidden


def _reshape(counts: Mapping[Stack, int], change: Callable[[Stack], Stack]) -> dict[Stack, int]:
    changed: dict[Stack, int] = {}
    for stack, value in counts.items():
        other = change(stack)
        changed[other] = changed.get(other, 0) + value
    return changed
