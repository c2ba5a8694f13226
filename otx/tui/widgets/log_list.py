"""Log records as lines, newest last: time, severity letter, service, body."""

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from otx.logs.patterns import body_text
from otx.model.cells import fit, printable
from otx.model.telemetry import LogRecord
from otx.model.units import format_clock
from otx.output import value_text
from otx.tui.widgets.line_list import LineList, Piece

_SERVICE_CELLS = 10
_NARROW = 60
SEVERITY_INKS = {"F": "error", "E": "error", "W": "warning", "I": "good", "D": "dim", "T": "dim"}


class LogList(LineList):
    """Log records, newest last."""

    NEWEST_LAST = True
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "open"),
        ("tab", "pane"),
        ("/", "search"),
        ("+ -", "severity"),
        ("T", "trace"),
        ("x", "around it"),
        ("F", "follow"),
        ("space", "pause"),
        ("y", "copy"),
        ("z", "zoom"),
    )
    HELP = "Log records, newest last; the letter is the severity: T D I W E F."

    def __init__(self) -> None:
        super().__init__()
        self.records: Sequence[LogRecord] = ()

    def show(self, records: Sequence[LogRecord]) -> None:
        """Show these records."""
        self.records = records
        self.set_ids(record_ids(records))

    @property
    def record(self) -> LogRecord | None:
        """The chosen record."""
        index = self.chosen_index
        return None if index is None else self.records[index]

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """One record."""
        record = self.records[index]
        yield f" {format_clock(record.time_unix_nano)}  ", "dim"
        yield from severity_and_body(self, record, width >= _NARROW)


def severity_and_body(lines: LineList, record: LogRecord, with_service: bool) -> Iterable[Piece]:
    """A record's letter, service and body as pieces of a row of `lines`."""
    ink = SEVERITY_INKS.get(record.severity_letter, "dim")
    yield f"{record.severity_letter}  ", ink
    if with_service:
        yield fit(record.service, _SERVICE_CELLS) + " ", lines.service_ink(record.service)
    yield printable(body_text(record)), ink if ink == "error" else ""


def record_ids(records: Sequence[LogRecord]) -> list[Hashable]:
    """An id a record, the same whenever it is read: OTLP gives records none.

    Records that are alike in everything are told apart by counting from the newest, so that
    older ones that leave change nothing.
    """
    seen: dict[Hashable, int] = {}
    ids: list[Hashable] = []
    for record in reversed(records):
        key = (
            record.time_unix_nano,
            record.service,
            record.span_id,
            record.severity_number,
            value_text(record.body),
        )
        seen[key] = seen.get(key, 0) + 1
        ids.append((key, seen[key]))
    return ids[::-1]
