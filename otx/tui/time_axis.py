"""Bars along a time axis, with both ends exact to an eighth of a cell.

The end of a bar is a left block; its beginning is one in reverse video, which every terminal has,
colour or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_LEFT_BLOCKS = " ▏▎▍▌▋▊▉"
_EIGHTHS = 8
EVENT = "◆"


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of time over cells.

    Attributes:
        start: Time at the left edge, in nanoseconds.
        length: Time it covers, in nanoseconds; 0 for a moment.
        cells: Cells it covers.
    """

    start: int
    length: int
    cells: int

    def eighth(self, time: int) -> int:
        """Where a time stands, in eighths of a cell, within the axis."""
        whole = self.cells * _EIGHTHS
        if self.length <= 0:
            return 0
        return min(max((time - self.start) * whole // self.length, 0), whole)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a drawn bar; a reversed one is drawn in reverse video."""

    text: str
    is_reversed: bool = False
    is_bar: bool = True


def draw_bar(axis: Axis, start: int, end: int, events: Sequence[int] = ()) -> list[Stretch]:
    """A bar from start to end as parts that together have the axis' cells.

    Args:
        axis: The axis.
        start: Time of the bar's beginning.
        end: Time of its end; a bar is at least an eighth of a cell long.
        events: Times to mark.
    """
    if end < axis.start or start > axis.start + axis.length:
        return [Stretch(" " * axis.cells, is_bar=False)]
    whole = axis.cells * _EIGHTHS
    left = min(axis.eighth(start), whole - 1)
    right = max(axis.eighth(end), left + 1)
    cells = [_cell(index, left, right) for index in range(axis.cells)]
    for event in events:
        if axis.start <= event <= axis.start + axis.length:
            cells[min(axis.eighth(event) // _EIGHTHS, axis.cells - 1)] = Stretch(EVENT)
    return _joined(cells)


def ticks(axis: Axis, labels: Sequence[tuple[int, str]]) -> str:
    """The axis' heading: each label where its time is, the last one first of all.

    What does not fit is left out.
    """
    line = " " * axis.cells
    for time, label in [*labels[-1:], *labels[:-1]]:
        cell = max(min(axis.eighth(time) // _EIGHTHS, axis.cells - len(label)), 0)
        around = line[max(cell - 1, 0) : cell + len(label) + 1]
        if around.isspace():
            line = line[:cell] + label + line[cell + len(label) :]
    return line[: axis.cells]


def _cell(index: int, left: int, right: int) -> Stretch:
    begins, ends = index * _EIGHTHS, (index + 1) * _EIGHTHS
    if right <= begins or left >= ends:
        return Stretch(" ", is_bar=False)
    if left > begins and right < ends:
        # Shorter than a cell and within it: as long as it is, from the cell's beginning.
        return Stretch(_LEFT_BLOCKS[max(right - left, 1)])
    if left > begins:
        return Stretch(_LEFT_BLOCKS[left - begins], is_reversed=True)
    return Stretch("█" if right >= ends else _LEFT_BLOCKS[right - begins])


def _joined(cells: Sequence[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for cell in cells:
        last = joined[-1] if joined else None
        if last and (last.is_reversed, last.is_bar) == (cell.is_reversed, cell.is_bar):
            joined[-1] = Stretch(last.text + cell.text, cell.is_reversed, cell.is_bar)
        else:
            joined.append(cell)
    return joined
