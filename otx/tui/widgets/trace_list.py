"""The list of traces, newest first: a row a trace, columns as there is room for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from otx.model.cells import fit
from otx.model.telemetry import TraceSummary
from otx.model.units import format_clock, format_count, format_duration
from otx.tui.widgets.line_list import LineList, Piece

_FULL = 80
_WITHOUT_SERVICES = 70
_WITHOUT_SPANS = 60
_WITHOUT_START = 44


@dataclass(frozen=True, slots=True)
class Column:
    """A column and the least width of the list at which it is shown."""

    title: str
    cells: int
    least_width: int


COLUMNS = (
    Column("start", 12, _WITHOUT_START),
    Column("dur", 8, 0),
    Column("spans", 6, _WITHOUT_SPANS),
    Column("services", 8, _FULL),
    Column("err", 4, 0),
)
"""What stands before the root; the columns that leave first need the most room."""


class TraceList(LineList):
    """Traces, newest first."""

    HEAD_ROWS = 1
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "open"),
        ("tab", "pane"),
        ("/", "search"),
        ("F", "follow"),
        ("space", "pause"),
        ("L", "logs"),
        ("P", "profile"),
        ("y", "copy"),
        ("z", "zoom"),
    )
    HELP = "Traces, newest first. A row is a trace; ✗ counts its failed spans."

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[TraceSummary] = ()

    def show(self, rows: Sequence[TraceSummary]) -> None:
        """Show these traces."""
        self._rows = rows
        self.set_ids([row.trace_id for row in rows])

    def draw_head(self, row: int, width: int) -> Iterable[Piece]:
        """The columns' titles."""
        yield "  ", ""
        for column in _columns(width):
            is_number = column.title in ("dur", "spans", "services")
            yield fit(column.title, column.cells, right=is_number) + "  ", "head"
        yield "root", "head"

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """One trace."""
        row = self._rows[index]
        yield " ", ""
        for column in _columns(width):
            yield self._cell(row, column)
        if row.root_missing:
            yield f"… waiting for the root of {row.root_service} {row.root_name}", "dim"
            return
        yield row.root_service, self.service_ink(row.root_service)
        yield f"  {row.root_name}", ""

    def _cell(self, row: TraceSummary, column: Column) -> Piece:
        if column.title == "start":
            return fit(format_clock(row.start_unix_nano), column.cells) + "  ", "dim"
        if column.title == "dur":
            text = format_duration(row.duration_ns)
        elif column.title == "spans":
            text = format_count(row.span_count)
        elif column.title == "services":
            text = str(row.service_count)
        else:
            text = f"✗{row.error_count}" if row.error_count else ""
            return fit(text, column.cells) + "  ", "error"
        return fit(text, column.cells, right=True) + "  ", ""


def _columns(width: int) -> list[Column]:
    return [column for column in COLUMNS if width >= column.least_width]
