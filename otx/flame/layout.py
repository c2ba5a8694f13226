"""A tree becomes rows of boxes: which frame stands in which cells.

Edges, not widths, are rounded: a box begins where the values before it end, so that the boxes of
one parent always fill it and equal data give an equal picture. Edges are in eighths of a cell,
the finest a terminal can draw; all arithmetic is on whole numbers, so counts may be of any size.

A box that would get no cell is not dropped: neighbours that are too narrow become one box of
several frames (a "run"), and a run that would still get no cell takes one from the box beside
it. What is shown therefore depends on the number of cells and not on the size of the tree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from otx.flame.place import WHOLE, FlamePath, Zoom, follow
from otx.flame.tree import FlameNode
from otx.model.stack import Frame

EIGHTHS = 8
"""Parts of a cell that an edge can fall on."""
_NARROW = EIGHTHS // 2
"""Eighths under which a frame has no box of its own where its neighbour has none either."""


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A frame, or a run of siblings too narrow to be shown one by one, and where it stands.

    Attributes:
        nodes: The node; several for a run.
        parent: The box this one was called from; None for the root.
        left: First eighth of a cell that belongs to it.
        right: First eighth that no longer does.
        is_ancestor: Whether it stands above what is zoomed to, and so fills the width whatever
            its value.
    """

    nodes: tuple[FlameNode, ...]
    parent: "Box | None"
    left: int
    right: int
    is_ancestor: bool = False

    @property
    def node(self) -> FlameNode:
        """The frame's node; a run's first."""
        return self.nodes[0]

    @property
    def frame(self) -> Frame:
        """The frame; a run's first."""
        return self.nodes[0].frame

    @property
    def is_run(self) -> bool:
        """Whether several frames share this box."""
        return len(self.nodes) > 1

    @property
    def total(self) -> int:
        """The value of all stacks that pass through here."""
        return sum(node.total for node in self.nodes)

    @property
    def own(self) -> int:
        """The value of the stacks that end here."""
        return sum(node.own for node in self.nodes)

    @property
    def first_cell(self) -> int:
        """First cell that is mostly this box's."""
        return _cell(self.left)

    @property
    def end_cell(self) -> int:
        """First cell after `first_cell` that no longer is."""
        return _cell(self.right)

    @property
    def path(self) -> FlamePath:
        """Where this box stands in the tree; a run stands where its first frame does."""
        frames = []
        box: Box | None = self
        while box is not None and box.parent is not None:
            frames.append(box.frame)
            box = box.parent
        return tuple(reversed(frames))


@dataclass(frozen=True, slots=True)
class Layout:
    """All boxes of a picture.

    Attributes:
        rows: Boxes by depth, root first, each row from left to right.
        width: Cells a row has.
        whole: Value of the whole tree.
        zoomed: Value that fills the width.
    """

    rows: Sequence[Sequence[Box]]
    width: int
    whole: int
    zoomed: int

    def at(self, row: int, cell: int) -> Box | None:
        """The box in a cell, if there is one."""
        if not 0 <= row < len(self.rows):
            return None
        for box in self.rows[row]:
            if box.first_cell <= cell < box.end_cell:
                return box
        return None

    def find(self, path: FlamePath) -> Box:
        """The box a path leads to; the nearest above it that is shown where it is not itself."""
        found = self.rows[0][0]
        for row, frame in zip(self.rows[1:], path, strict=False):
            for box in row:
                if box.parent is found and any(node.frame == frame for node in box.nodes):
                    found = box
                    break
            else:
                break
            if found.is_run:
                break
        return found

    def boxes(self) -> Iterator[Box]:
        """Every box, row by row."""
        for row in self.rows:
            yield from row


def layout(tree: FlameNode, width: int, zoom: Zoom = WHOLE, max_rows: int | None = None) -> Layout:
    """Place the frames of a tree in rows of cells.

    Args:
        tree: The root.
        width: Cells a row has, at least 1.
        zoom: What fills the width; the nearest place above it where the tree no longer has it.
        max_rows: Rows to place at most; what is deeper is left out.
    """
    chain = follow(tree, zoom.path)
    only = zoom.only if len(chain) == len(zoom.path) + 1 else frozenset()
    only = only & chain[-1].children.keys()
    right = width * EIGHTHS
    rows: list[list[Box]] = []
    above: Box | None = None
    for depth, node in enumerate(chain):
        is_ancestor = depth < len(chain) - 1 or bool(only)
        above = Box((node,), above, 0, right, is_ancestor)
        rows.append([above])
    zoomed = sum(chain[-1].children[frame].total for frame in only) or chain[-1].total
    scale = _Scale(right, zoomed)
    # Every entry is a box with the value at its left edge.
    current = [(rows[-1][0], 0)]
    while current and (max_rows is None or len(rows) < max_rows):
        below: list[tuple[Box, int]] = []
        for box, value in current:
            if not box.is_run:
                below += _place_children(box, value, scale, only)
        only = frozenset()
        if below:
            rows.append([box for box, _ in below])
        current = below
    return Layout(rows[:max_rows], width, tree.total, zoomed)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to eighths of a cell, by whole numbers."""

    eighths: int
    total: int

    def edge(self, value: int) -> int:
        return value * self.eighths // self.total if self.total > 0 else 0


@dataclass(slots=True)
class _Slot:
    """A box in the making: siblings side by side, and the eighths they get."""

    nodes: list[FlameNode]
    value: int
    left: int
    right: int

    @property
    def cells(self) -> int:
        return _cell(self.right) - _cell(self.left)

    @property
    def is_narrow(self) -> bool:
        """Whether it is too narrow to be told from its neighbours, or a run of such."""
        return len(self.nodes) > 1 or self.right - self.left < _NARROW


def _cell(edge: int) -> int:
    """The cell border nearest to an edge; halves go up."""
    return (edge + EIGHTHS // 2) // EIGHTHS


def _place_children(
    parent: Box, value: int, scale: _Scale, only: frozenset[Frame]
) -> list[tuple[Box, int]]:
    """The boxes of a node's children, each with the value at its left edge."""
    slots: list[_Slot] = []
    left = parent.left
    for child in parent.node.sorted_children():
        if (only and child.frame not in only) or child.total <= 0:
            continue
        before = value
        value += child.total
        right = min(scale.edge(value), parent.right)
        slot = _Slot([child], before, left, max(left, right))
        left = slot.right
        if slots and slot.is_narrow and slots[-1].is_narrow:
            slots[-1].nodes.append(child)
            slots[-1].right = slot.right
        else:
            slots.append(slot)
    _give_every_slot_a_cell(slots, parent)
    return [(Box(tuple(slot.nodes), parent, slot.left, slot.right), slot.value) for slot in slots]


def _give_every_slot_a_cell(slots: list[_Slot], parent: Box) -> None:
    """Let slots without a cell take one from beside them, else join what is beside them.

    The parent has a cell, so one of the four ways is always open.
    """
    index = 0
    while index < len(slots):
        slot = slots[index]
        before = slots[index - 1] if index else None
        after = slots[index + 1] if index + 1 < len(slots) else None
        border = _cell(slot.left)
        if slot.cells > 0:
            index += 1
        elif before is not None and before.cells > 1:
            slot.left = before.right = (border - 1) * EIGHTHS
        elif after is not None and after.cells > 1:
            slot.right = after.left = (border + 1) * EIGHTHS
        elif after is None and _cell(parent.right) > border:
            slot.right = min((border + 1) * EIGHTHS, parent.right)
        elif before is not None:
            before.nodes += slot.nodes
            before.right = slot.right
            del slots[index]
        elif after is not None:
            after.nodes[:0] = slot.nodes
            after.left, after.value = slot.left, slot.value
            del slots[index]
