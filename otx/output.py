"""The one place that writes: rows and documents to stdout, remarks and errors to stderr.

Rows are mappings from column name to value. Every row of one output has the same columns, so
that scripts can rely on them; keys are snake_case.
"""

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    ClassVar,
    Literal,
    Self,
    TextIO,
    TypeAlias,
    get_args,
)

from otx.environment import Environment
from otx.errors import OtxError, UsageError
from otx.model.cells import printable, width_of, without_controls
from otx.streams import Writer, cannot_write

if TYPE_CHECKING:
    from otx.model.telemetry import AttributeValue  # 4 ms

RowFormat: TypeAlias = Literal["table", "json", "jsonl", "csv"]
ROW_FORMATS: tuple[RowFormat, ...] = get_args(RowFormat)
_KNOWN_ENDINGS = frozenset(
    ("csv", "folded", "html", "json", "jsonl", "otlp", "parquet", "pb", "pprof", "svg")
)
_PROGRESS_PERIOD_NS = 200_000_000
Row: TypeAlias = Mapping[str, Any]


class Output:
    """Writes what a command found, in the form and to the place that were asked for."""

    def __init__(self, environment: Environment, out: str = "-") -> None:
        self.environment = environment
        self._out = out

    @property
    def is_whole(self) -> bool:
        """Whether what is written is there as a whole or not at all: a file's is.

        A device or a pipe is written to: replacing /dev/null would take it from everybody.
        """
        target = Path(self._out)
        return self._out != "-" and (target.is_file() or not target.exists())

    @property
    def width(self) -> int | None:
        """Cells of the terminal's lines that data goes to; None for a file or a pipe."""
        return self.environment.width_of(self.environment.stdout) if self._out == "-" else None

    @contextmanager
    def stream(self) -> Iterator[TextIO]:
        """The text stream that data goes to; a file is replaced as a whole or not at all."""
        if self._out == "-":
            yield self.environment.stdout
            self.environment.stdout.flush()
            return
        with self.binary_stream() as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            yield text
            text.flush()
            text.detach()

    @contextmanager
    def binary_stream(self) -> Iterator[BinaryIO]:
        """As `stream`, for bytes."""
        if self._out == "-":
            self.environment.stdout.flush()
            yield self.environment.stdout.buffer
            self.environment.stdout.buffer.flush()
            return
        target = Path(self._out)
        beside = target.with_name(f".{target.name}.part")
        is_replaced = self.is_whole
        place = beside if is_replaced else target
        try:
            with _opened(place, target) as file:
                yield file
            if is_replaced:
                _put_in_place(beside, target)
        finally:
            if is_replaced:
                beside.unlink(missing_ok=True)

    def text(self, text: str) -> None:
        """Write text as it is, ending in one newline; no text is nothing at all."""
        with self.stream() as stream:
            stream.write(text if text.endswith("\n") or not text else text + "\n")

    def binary(self, data: bytes) -> None:
        """Write bytes as they are."""
        with self.binary_stream() as stream:
            stream.write(data)

    def document(self, document: Any) -> None:
        """Write one JSON document."""
        self.text(to_json(document, indent=2))

    def rows(self, columns: Sequence[str], rows: Iterable[Row], form: RowFormat) -> None:
        """Write rows of the given columns as a table, a JSON array, JSON lines or CSV."""
        with self.stream() as stream:
            if form == "jsonl":
                for row in rows:
                    stream.write(to_json({name: row[name] for name in columns}) + "\n")
            elif form == "json":
                picked = [{name: row[name] for name in columns} for row in rows]
                stream.write(to_json(picked, indent=2) + "\n")
            elif form == "csv":
                _write_csv(stream, columns, rows)
            else:
                colour = self.environment.wants_colour(stream)
                _write_table(stream, columns, list(rows), colour=colour)

    def tables(
        self, tables: Iterable[tuple[Sequence[str], Sequence[Row]]], lines: Sequence[str] = ()
    ) -> None:
        """Write several tables of columns and rows, and lines behind them; empty ones are left out.

        Each stands apart from the one before it by an empty line.
        """
        with self.stream() as stream:
            colour = self.environment.wants_colour(stream)
            between = ""
            for columns, rows in tables:
                if rows:
                    stream.write(between)
                    _write_table(stream, columns, rows, colour=colour)
                    between = "\n"
            if lines:
                stream.write(between + "".join(f"{printable(line)}\n" for line in lines))


class Remarks:
    """Writes to stderr what is said to a person: progress, warnings, hints, errors."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def note(self, text: str) -> None:
        """Say something, after everything written to stdout so far."""
        self._environment.stdout.flush()
        self._environment.stderr.write(text + "\n")
        self._environment.stderr.flush()

    def warning(self, text: str, hint: str = "") -> None:
        """Warn, with what to do about it."""
        said = f"otx: warning: {text}" + (f"\n  hint: {hint}" if hint else "")
        self.note(without_controls(said))  # names are others': of processes, files, attributes

    def error(self, error: OtxError) -> None:
        """Show an error in at most three lines, what to do about it last."""
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        self.note(without_controls(f"otx: error: {error.message}{hint}"))


class HeldRemarks(Remarks):
    """Remarks that wait, from entering this context to leaving it: a screen has the terminal.

    Attributes:
        said: What was said so far, the first hundred of it.
    """

    _LIMIT = 100

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.said: list[str] = []
        self._held: list[str] | None = None

    def __enter__(self) -> Self:
        self._held = []
        return self

    def __exit__(self, *failure: object) -> None:
        held, self._held = self._held or [], None
        for text in held:
            super().note(text)

    def note(self, text: str) -> None:
        """Say something, at once or at the end; what is beyond the first hundred is not said."""
        if self._held is None:
            super().note(text)
        elif len(self._held) < self._LIMIT:
            self._held.append(text)

    def warning(self, text: str, hint: str = "") -> None:
        """Warn, with what to do about it."""
        if len(self.said) < self._LIMIT:
            self.said.append(f"{text} ({hint})" if hint else text)
        super().warning(text, hint)


class ProgressLine:
    """A line on stderr that says how far something is; nothing where stderr is no terminal.

    As a context manager it is taken away at the end, also of what failed.
    """

    def __init__(
        self, environment: Environment, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """Be silent until something is shown; `clock` gives monotonic nanoseconds."""
        self._stream = environment.stderr if environment.stderr_is_terminal else None
        self._clock = clock
        self._next_ns = 0
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.clear()

    def show(self, text: Callable[[], str]) -> None:
        """Draw over the last line, five times a second at most."""
        if self._stream is None or (now_ns := self._clock()) < self._next_ns:
            return
        self._next_ns = now_ns + _PROGRESS_PERIOD_NS
        self._stream.write(f"\r\x1b[K{text()}")
        self._stream.flush()
        self._is_shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._stream is not None and self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_shown = False


class Painter:
    """Paints text for a terminal, or leaves it alone.

    Attributes:
        width: Cells of the terminal's lines; None where there is none, and nothing need be cut.
    """

    _COLOURS: ClassVar = {"+": "32", "-": "31", "~": "33"}

    def __init__(self, *, wants_colour: bool, width: int | None = None) -> None:
        self._wants_colour = wants_colour
        self.width = width

    @classmethod
    def of(cls, environment: Environment, stream: TextIO) -> "Painter":
        """What paints for a stream as its environment wants it."""
        wants_colour = environment.wants_colour(stream)
        return cls(wants_colour=wants_colour, width=environment.width_of(stream))

    def paint(self, text: str, sign: str) -> str:
        """A text in the colour of a sign: + good, - bad, ~ in between; any other is none."""
        if not self._wants_colour or sign not in self._COLOURS:
            return text
        return f"\x1b[{self._COLOURS[sign]}m{text}\x1b[0m"

    def strong(self, text: str) -> str:
        """A text that stands out."""
        return f"\x1b[1m{text}\x1b[0m" if self._wants_colour else text

    def faint(self, text: str) -> str:
        """A text that stands back."""
        return f"\x1b[2m{text}\x1b[0m" if self._wants_colour else text


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON text; bytes become hex, anything else unknown its `str`.

    NaN and the infinities, for which JSON has no words, become texts as in OTLP/JSON.
    """
    written = partial(json.dumps, ensure_ascii=False, default=_json_fallback)
    try:
        return written(value, indent=indent, allow_nan=False)
    except ValueError:  # few have such a number, so only they are gone through
        return written(json.loads(written(value), parse_constant=str), indent=indent)


def value_text(value: "AttributeValue") -> str:
    """An attribute's value for people; structure as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | Sequence):
        return to_json(value)
    return str(value)


def write_last_words(text: str) -> None:
    """Write to stderr when no Environment can be had any more."""
    sys.stderr.write(text + "\n")


def format_by_ending(out: str, forms: Collection[str], default: str) -> str:
    """The form that a file's ending asks for; `default` where it asks for none.

    Raises:
        UsageError: The ending names a form of telemetry or of profiles that is not among `forms`.
    """
    ending = PurePath(out).suffix.removeprefix(".").lower()
    if ending in forms:
        return ending
    if ending in _KNOWN_ENDINGS:
        raise UsageError(
            f"cannot write .{ending}: not one of {', '.join(forms)}",
            hint="--format picks a form whatever the ending is",
        )
    return default


def _json_fallback(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)


def _opened(place: Path, target: Path) -> BinaryIO:
    try:
        return io.BufferedWriter(Writer(place, str(target)))
    except OSError as error:
        raise cannot_write(str(target), error) from None


def _put_in_place(beside: Path, target: Path) -> None:
    try:
        if target.exists():
            beside.chmod(target.stat().st_mode)
        beside.replace(target)
    except OSError as error:
        raise cannot_write(str(target), error) from None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (bool, dict, list, tuple)):
        return to_json(value)
    return str(value)


def _write_csv(stream: TextIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
        stream.write(buffer.getvalue())
        buffer.seek(0)
        buffer.truncate()
    stream.write(buffer.getvalue())


def _write_table(
    stream: TextIO, columns: Sequence[str], rows: Sequence[Row], *, colour: bool
) -> None:
    """Columns padded to their widest cell, two spaces apart, numbers to the right."""
    cells = [[printable(_cell(row[name])) for name in columns] for row in rows]
    widths = [
        max([len(name), *(width_of(line[i]) for line in cells)]) for i, name in enumerate(columns)
    ]
    rights = [
        bool(rows) and all(isinstance(row[name], (int, float, type(None))) for row in rows)
        for name in columns
    ]
    head = _line(columns, widths, rights)
    stream.write(f"\x1b[1m{head}\x1b[0m\n" if colour else head + "\n")
    for line in cells:
        stream.write(_line(line, widths, rights) + "\n")


def _line(cells: Sequence[str], widths: Sequence[int], rights: Sequence[bool]) -> str:
    gaps = [" " * (width - width_of(cell)) for cell, width in zip(cells, widths, strict=True)]
    padded = (
        gap + cell if right else cell + gap
        for cell, gap, right in zip(cells, gaps, rights, strict=True)
    )
    return "  ".join(padded).rstrip()
