"""Tables in a terminal: which columns of rows it has room for, and how far each is cut.

A row that wraps is read by nobody. Columns go in an order of importance, and those that bear it are
cut first, down to a least width; what a person asked for by name stays.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from otx.model.cells import printable, shorten, width_of

GAP = 2
"""Cells between two columns."""
LEAST = 3
"""Cells below which a column says nothing."""


class Fitted(NamedTuple):
    """What of a table fits.

    Attributes:
        hidden: Columns that are left out, in the order of the table.
    """

    columns: list[str]
    rows: list[dict[str, object]]
    hidden: list[str]


def fitted(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, object]],
    width: int,
    least: Mapping[str, int],
    order: Sequence[str],
) -> Fitted:
    """Columns and rows whose lines take at most `width` cells.

    Args:
        least: Columns that may be cut, each with the cells it needs all the same.
        order: Columns that may be left out, the least important first.
    """
    natural = {name: _natural(name, rows) for name in columns}
    kept = list(columns)
    for name in order:
        if _total(_least(kept, natural, least)) <= width:
            break
        kept.remove(name)
    widths = _cut({name: natural[name] for name in kept}, _least(kept, natural, least), width)
    shown = [
        {name: _shortened(row[name], widths[name], natural[name]) for name in kept} for row in rows
    ]
    return Fitted(kept, shown, [name for name in columns if name not in kept])


def natural_width(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> int:
    """Cells of the lines of a table when nothing is cut."""
    return _total({name: _natural(name, rows) for name in columns})


def shortest_apart(texts: Sequence[str], least: int) -> int:
    """How many first characters tell texts apart, as git shortens hashes; at least `least`."""
    longest = max(map(len, texts), default=least)
    length = least
    while length < longest and len({text[:length] for text in texts}) < len(set(texts)):
        length += 1
    return length


def _natural(name: str, rows: Sequence[Mapping[str, object]]) -> int:
    return max([len(name), *(width_of(printable(_text(row[name]))) for row in rows)])


def _least(
    kept: Sequence[str], natural: Mapping[str, int], least: Mapping[str, int]
) -> dict[str, int]:
    return {name: min(natural[name], max(least.get(name, natural[name]), LEAST)) for name in kept}


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + GAP * max(0, len(widths) - 1)


def _cut(widths: dict[str, int], least: Mapping[str, int], width: int) -> dict[str, int]:
    """Take cells from the widest column that has some to spare, until all fit."""
    excess = _total(widths) - width
    while excess > 0:
        # Where even the least is too much, a line is cut rather than wrapped.
        spare = [name for name in widths if widths[name] > least[name]] or [
            name for name in widths if widths[name] > LEAST
        ]
        if not spare:
            break
        widest = max(spare, key=lambda name: widths[name])
        widths[widest] -= 1
        excess -= 1
    return widths


def _shortened(value: object, width: int, natural: int) -> object:
    return value if width >= natural else shorten(_text(value), width)


def _text(value: object) -> str:
    return "" if value is None else str(value)
