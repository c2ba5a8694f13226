"""Headers with their parts labelled, and with a caret under what is wrong."""

from collections.abc import Sequence

from otx.model.cells import printable
from otx.output import Painter
from otx.propagation.model import Field, Problem
from otx.propagation.parts import Part

WIDTH = 80
_INDENT = 2
_SHOWN_ROWS = 6
"""Rows of a wrapped value that are shown; of a longer one those round the place."""


def labelled(field: Field, parts: Sequence[Part], painter: Painter) -> list[str]:
    """A header with a label under each part; without labels where they do not fit.

    The last part is labelled first, so that no line crosses a label.
    """
    head, at = _head(field)
    if at + len(field.value) > WIDTH or not parts:
        return wrapped(field)
    lines = [*head, *_value_line(field, at)]
    starts = [at + part.start for part in parts]
    for index in reversed(range(len(parts))):
        row = [" "] * (starts[index] + 1)
        for start in starts[:index]:
            row[start] = "│"
        lines.append(painter.faint(_with_label(row, parts[index].label)))
    return lines


def marked(problem: Problem, painter: Painter) -> list[str]:
    """A header with carets under the columns of a problem; nothing where there is no header."""
    if problem.field is None:
        return []
    field = problem.field
    head, at = _head(field)
    end = max(problem.end, problem.start + 1)
    if at + max(len(field.value), end) <= WIDTH:
        carets = " " * (at + problem.start) + "^" * (end - problem.start)
        return [*head, *_value_line(field, at), painter.paint(carets, "-")]
    return [f"{printable(field.name)}:", *_marked_rows(field.value, problem.start, end, painter)]


def wrapped(field: Field) -> list[str]:
    """A header as it is, on as many lines as it needs."""
    head, at = _head(field)
    if at + len(field.value) <= WIDTH:
        return [*head, *_value_line(field, at)]
    room = WIDTH - _INDENT
    rows = [field.value[i : i + room] for i in range(0, len(field.value), room)]
    shown = [" " * _INDENT + printable(row) for row in rows[:_SHOWN_ROWS]]
    if len(rows) > _SHOWN_ROWS:
        shown.append(f"  … {len(field.value)} characters")
    return [f"{printable(field.name)}:", *shown]


def _head(field: Field) -> tuple[list[str], int]:
    """What stands above a value, and the column at which the value begins."""
    at = len(field.name) + 2
    if at + len(field.value) <= WIDTH:
        return [], at
    return [f"{printable(field.name)}:"], _INDENT


def _value_line(field: Field, at: int) -> list[str]:
    text = printable(field.value)
    if at == _INDENT:
        return [" " * _INDENT + text]
    return [f"{printable(field.name)}: {text}".rstrip()]


def _with_label(row: list[str], label: str) -> str:
    """A row that ends in a corner and its label: on the right, or on the left where it is wide."""
    if len(row) + 1 + len(label) <= WIDTH:
        row[-1] = "└"
        return "".join(row) + " " + label
    start = max(0, len(row) - len(label) - 2)
    return "".join(row[:start]) + label + " ┘"


def _marked_rows(value: str, start: int, end: int, painter: Painter) -> list[str]:
    room = WIDTH - _INDENT
    first, last = start // room, min((end - 1) // room, start // room + 1)
    lines = ["  …"] if first > 0 else []
    for row in range(first, last + 1):
        at = row * room
        lines.append(" " * _INDENT + printable(value[at : at + room]))
        left, right = max(start, at), min(end, at + room)
        carets = " " * (_INDENT + left - at) + "^" * (right - left)
        lines.append(painter.paint(carets, "-"))
    if (last + 1) * room < len(value):
        lines.append("  …")
    return lines
