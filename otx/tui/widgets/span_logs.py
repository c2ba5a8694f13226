"""The log records of the chosen span, under the waterfall, as many as there is room for."""

from collections.abc import Iterable, Sequence

from otx.model.telemetry import LogRecord
from otx.model.units import format_clock
from otx.tui.widgets.line_list import LineList, Piece
from otx.tui.widgets.log_list import record_ids, severity_and_body

MOST_ROWS = 5


class SpanLogs(LineList, can_focus=False):
    """A few log records under a heading; not there where there are none."""

    HEAD_ROWS = 1
    DEFAULT_CSS = "SpanLogs { height: auto; max-height: 40%; display: none; overflow-y: hidden; }"

    def __init__(self) -> None:
        super().__init__()
        self.following = False
        self._records: Sequence[LogRecord] = ()
        self._more = 0

    def show(self, records: Sequence[LogRecord]) -> None:
        """Show the first of these records."""
        self._records = records[:MOST_ROWS]
        self._more = len(records) - len(self._records)
        self.display = bool(records)
        self.styles.height = len(self._records) + self.HEAD_ROWS
        self.set_ids(record_ids(self._records))

    def draw_head(self, row: int, width: int) -> Iterable[Piece]:
        """The heading, and how many more there are."""
        more = f"{self._more} more, L shows them " if self._more else ""
        yield f" logs in this span {more}".ljust(width, "─"), "head"

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """One record."""
        record = self._records[index]
        yield f"{format_clock(record.time_unix_nano)}  ", "dim"
        yield from severity_and_body(self, record, with_service=False)
