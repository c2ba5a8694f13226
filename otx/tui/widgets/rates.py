"""How many log records came by severity, a row a severity, a column a second."""

from collections.abc import Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from otx.logs.rates import ROWS, SECONDS, SeverityRates
from otx.model.units import format_count

_LEVELS = " ▁▂▃▄▅▆▇█"
_SIDE_CELLS = 28
_INKS = {"E": "$error bold", "W": "$warning", "I": "$success", "D": "$foreground 55%"}


class Rates(Widget):
    """Columns of blocks; each row has a scale of its own, so that three errors are seen."""

    DEFAULT_CSS = """
    Rates { height: 4; padding: 0 1; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rates = SeverityRates()

    def show(self, rates: SeverityRates) -> None:
        """Show these rates."""
        if rates is not self._rates:
            self._rates = rates
            self.refresh()

    @property
    def seconds(self) -> int:
        """How many seconds there is room for."""
        return max(min(self.size.width - _SIDE_CELLS - 2, SECONDS), 0)

    def render(self) -> RenderResult:
        """A line a severity, and beside them what is true of all."""
        lines = []
        notes = (*self._notes(), "", "", "")
        for letter, note in zip(ROWS, notes, strict=False):
            counts = self._rates.counts.get(letter, ())
            blocks = row_of_blocks(counts[len(counts) - self.seconds :]) if counts else ""
            blocks = blocks.ljust(self.seconds)
            side = f"{format_count(sum(counts)):>8}   {note}"
            lines.append(Content.assemble((f"{letter} {blocks}", _INKS[letter]), side))
        return Content("\n").join(lines)

    def _notes(self) -> tuple[str, ...]:
        rates = self._rates
        if not rates.total:
            return ()
        share = 100 * rates.with_trace / rates.total
        return (f"trace_id on {share:.0f} %", f"services {rates.services}")


def row_of_blocks(counts: Sequence[int]) -> str:
    """A block a count, as high as its share of the largest; what is not nothing is seen."""
    largest = max(counts, default=0)
    if not largest:
        return " " * len(counts)
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[-(-count * top // largest)] for count in counts)
