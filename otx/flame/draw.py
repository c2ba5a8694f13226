"""Boxes as plain text: for pipes, tests, and screens without colour.

A box is `│name  file···`; its dots show how far it reaches, a run of frames too narrow to be
shown is `┆`, and own time is the blank under a box to the right of its children.
"""

from collections.abc import Sequence

from otx.flame.layout import Box, Layout
from otx.model.cells import shorten, width_of
from otx.model.stack import Frame
from otx.model.units import format_count

KIND_LETTERS = {"python": "p", "native": "n", "kernel": "k", "jit": "j"}
EDGE = "│"
RUN_EDGE = "┆"
FILL = "·"


def draw_text(picture: Layout) -> list[str]:
    """Each row of the picture as text of the picture's width, blanks at the end left out."""
    return [draw_row(row, picture).rstrip() for row in picture.rows]


def draw_row(row: Sequence[Box], picture: Layout) -> str:
    """One row of boxes as text."""
    line = ""
    cells = 0
    for box in row:
        line += " " * (box.first_cell - cells)
        line += box_text(box, box.end_cell - box.first_cell, picture.whole)
        cells = box.end_cell
    return line


def box_text(box: Box, cells: int, whole: int, fill: str = FILL, edge: bool = True) -> str:
    """What is written in a box of so many cells: its edge, its label, its kind's letter.

    Args:
        box: The box.
        cells: Cells it has.
        whole: Value of the whole tree, for the share that the first rows say.
        fill: The sign that fills it.
        edge: Whether the first cell is an edge; where colour shows the edge it stays empty.
    """
    if cells <= 0:
        return ""
    mark = (RUN_EDGE if box.is_run else EDGE) if edge else (RUN_EDGE if box.is_run else " ")
    room = cells - 1
    if room < 2:
        return mark + fill * room
    label = shorten(label_of(box, room, whole), room)
    rest = room - width_of(label)
    letter = "" if box.is_run else KIND_LETTERS.get(box.frame.kind, "")
    if letter and rest >= 3:
        return mark + label + fill * (rest - 2) + letter + fill
    return mark + label + fill * rest


def label_of(box: Box, room: int, whole: int) -> str:
    """A box's label as long as there is room for: the name, then where it is or its share."""
    if box.is_run:
        return f"{len(box.nodes)} frames"
    name = box.frame.name or "(no name)"
    if box.frame.kind in ("process", "thread"):
        return f"{name}  {share_text(box.total, whole)}"
    place = place_of(box.frame)
    return f"{name}  {place}" if place and width_of(name) + 5 <= room else name


def place_of(frame: Frame) -> str:
    """Where a frame's code is: file with its folder and line, or the mapped object, or ""."""
    if frame.file:
        file = "/".join(frame.file.split("/")[-2:])
        return f"{file}:{frame.line}" if frame.line else file
    return "" if frame.kind == "process" else frame.module


def share_text(value: int, whole: int) -> str:
    """A share in per cent, one digit behind the point: `72.4 %`."""
    return f"{100 * value / whole:.1f} %" if whole > 0 else "–"


def samples_text(value: int) -> str:
    """A number of samples with its unit."""
    return f"{format_count(value)} sample{'' if value == 1 else 's'}"
