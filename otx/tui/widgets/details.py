"""A pane of facts about one thing, in sections that fold; the base of span and record details."""

import textwrap
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from otx.model.cells import fit, printable, width_of
from otx.model.telemetry import Attributes
from otx.output import value_text
from otx.tui.widgets.line_list import LineList, Piece

Line = tuple[Piece, ...]
_KEY_CELLS = 22
_LEAST_VALUE_CELLS = 10


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a title.

    Attributes:
        title: "" for lines that stand first and do not fold.
        begins_open: Whether its lines are shown before a person touches it.
    """

    title: str
    lines: Sequence[Line]
    note: str = ""
    begins_open: bool = True


class Details(LineList):
    """Sections of lines; enter, `l` and `h` fold."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "fold(False)", "Unfold", id="details.unfold"),
        Binding("left,h", "fold(True)", "Fold", id="details.fold"),
        Binding("right_square_bracket", "fold_all(False)", "Unfold all", id="details.unfold-all"),
        Binding("left_square_bracket", "fold_all(True)", "Fold all", id="details.fold-all"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "fold"),
        ("tab", "pane"),
        ("esc", "back"),
        ("[ ]", "all"),
        ("y", "copy"),
        ("z", "zoom"),
    )
    HELP = "Facts in sections; enter folds and unfolds the one the row is in."

    def __init__(self) -> None:
        super().__init__()
        self.following = False
        self._sections: Sequence[Section] = ()
        self._touched: dict[str, bool] = {}
        self._lines: list[tuple[str, Line]] = []

    def show(self, sections: Sequence[Section]) -> None:
        """Show these sections; what is folded stays folded."""
        self._sections = sections
        self._arrange()

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """One line, or a section's title."""
        return self._lines[index][1]

    def action_open(self) -> None:
        """Fold or unfold the section the row is in."""
        title = self._title_here()
        if title:
            self._touched[title] = not self._is_open(title)
            self._arrange()

    def action_fold(self, fold: bool) -> None:
        """Fold or unfold the section the row is in."""
        title = self._title_here()
        if title:
            self._touched[title] = not fold
            self._arrange()

    def action_fold_all(self, fold: bool) -> None:
        """Fold or unfold every section."""
        self._touched = {section.title: not fold for section in self._sections}
        self._arrange()

    def on_resize(self) -> None:
        """Break lines anew."""
        super().on_resize()
        self._arrange()

    def _title_here(self) -> str:
        index = self.chosen_index
        return self._lines[index][0] if index is not None else ""

    def _is_open(self, title: str) -> bool:
        begins = {section.title: section.begins_open for section in self._sections}
        return self._touched.get(title, begins.get(title, True))

    def _arrange(self) -> None:
        ids: list[Hashable] = []
        self._lines = []
        for section in self._sections:
            is_open = self._is_open(section.title)
            if section.title:
                fold = "▾" if is_open else "▸"
                note = f"  {section.note}" if section.note else ""
                ids.append((section.title, -1))
                self._lines.append(
                    (section.title, ((f" {fold} {section.title}", "strong"), (note, "dim")))
                )
            if is_open:
                for number, line in enumerate(_broken(section.lines, self.size.width - 2)):
                    ids.append((section.title, number))
                    self._lines.append((section.title, line))
        self.set_ids(ids)


def attribute_lines(attributes: Attributes) -> list[Line]:
    """A line an attribute: its key, its value."""
    return [
        ((f" {fit(key, max(_KEY_CELLS, width_of(key)))} ", "dim"), (value_text(value), ""))
        for key, value in sorted(attributes.items())
    ]


def _broken(lines: Iterable[Line], width: int) -> Iterable[Line]:
    """Lines of at most this width: what is too long goes on below, as far in as it began."""
    for line in lines:
        indent = sum(width_of(text) for text, _ in line[:-1])
        text, ink = line[-1]
        room = width - indent
        paragraphs = text.split("\n")
        if len(paragraphs) == 1 and (width_of(printable(text)) <= room or width <= 0):
            yield line
            continue
        if room < _LEAST_VALUE_CELLS:
            yield line[:-1]
            indent, room = 2, max(width - 2, 1)
            head: Line = ((" " * indent, ""),)
        else:
            head = line[:-1]
        for paragraph in paragraphs:
            for part in _wrap(paragraph, room):
                yield (*head, (part, ink))
                head = ((" " * indent, ""),)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text), width, drop_whitespace=False, break_on_hyphens=False) or [
        ""
    ]
