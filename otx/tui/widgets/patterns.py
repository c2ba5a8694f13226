"""What the shown log records have in common: a row a pattern, the most frequent first."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from otx.logs.patterns import Pattern, Template
from otx.model.cells import fit, printable
from otx.model.units import format_count
from otx.tui.widgets.line_list import LineList, Piece
from otx.tui.widgets.log_list import SEVERITY_INKS


class Patterns(LineList):
    """Patterns with how many records are of each."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Only records of this pattern", id="patterns.narrow"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "narrow to it"),
        ("esc", "widen, back"),
        ("tab", "pane"),
        ("/", "search"),
        ("z", "zoom"),
    )
    HELP = "What the shown records have in common; <*> stands for what differs among them."

    def __init__(self) -> None:
        super().__init__()
        self.following = False
        self._patterns: Sequence[Pattern] = ()

    def show(self, patterns: Sequence[Pattern]) -> None:
        """Show these patterns."""
        self._patterns = patterns
        self.set_ids([pattern.template for pattern in patterns])
        if self.chosen_index is None and self.ids:
            self.chosen = self.ids[0]

    @property
    def template(self) -> Template | None:
        """The chosen pattern's."""
        index = self.chosen_index
        return None if index is None else self._patterns[index].template

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """One pattern."""
        pattern = self._patterns[index]
        letter = pattern.template.severity_letter
        ink = SEVERITY_INKS.get(letter, "dim")
        yield fit(format_count(pattern.count), 7, right=True), "strong"
        yield f"  {letter}  ", ink
        yield printable(str(pattern.template)), ink if ink == "error" else ""
