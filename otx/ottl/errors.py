"""What is wrong with OTTL, or with the data it meets.

`OttlError` is found before any data is looked at and has a place in the text. `ExecutionError` is
what a function raises on a record; the statement runner gives it its statement and its record.
"""

from otx.errors import UsageError
from otx.ottl.syntax import Place

_SHOWN_COLUMNS = 100
_MAX_REASON = 400


class OttlError(UsageError):
    """A text that does not parse or does not check.

    Attributes:
        text: The whole statement, condition or expression.
        place: What of it is at fault.
        reason: What is wrong there, without the place.
    """

    def __init__(self, reason: str, text: str, place: Place, hint: str = "") -> None:
        line, column = line_and_column(text, place.start)
        super().__init__(f"{line}:{column}: {reason}\n{caret(text, place)}", hint)
        self.text = text
        self.place = place
        self.reason = reason


class ExecutionError(Exception):
    """A statement or condition that cannot be carried out on a record.

    Reasons quote what a record holds, which may be megabytes: a long one is cut.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason if len(reason) <= _MAX_REASON else _cut(reason))
        self._is_placed = False

    def within(self, source: str) -> "ExecutionError":
        """The same error with what of the statement it is about; the innermost part is named."""
        if not self._is_placed:
            self._is_placed = True
            self.args = (f"{short(source)}: {self}",)
        return self


class Unfit(ExecutionError):
    """A value that a path does not take.

    Args:
        name: What the path is called by who knows but a part of it.
        complaint: What it takes, and what was given.
    """

    def __init__(self, name: str, complaint: str) -> None:
        super().__init__(f"{name} {complaint}")
        self._complaint = complaint

    def within(self, source: str) -> ExecutionError:
        """The same error of the whole path."""
        if not self._is_placed:
            self._is_placed = True
            self.args = (f"{short(source)} {self._complaint}",)
        return self


def short(source: str) -> str:
    """A part of a statement on one line, cut where it is long."""
    text = " ".join(source.split())
    return text if len(text) <= _SHOWN_COLUMNS else text[: _SHOWN_COLUMNS - 1] + "…"


def _cut(reason: str) -> str:
    half = _MAX_REASON // 2
    return f"{reason[:half]} … {reason[-half:]}"


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def caret(text: str, place: Place) -> str:
    """The line of a place with a line of carets under it, cut to what a terminal shows."""
    begin = text.rfind("\n", 0, place.start) + 1
    end = text.find("\n", place.start)
    line = text[begin : end if end >= 0 else len(text)]
    column = place.start - begin
    width = max(1, min(place.end, begin + len(line)) - place.start)
    if column > _SHOWN_COLUMNS - 20:
        cut = column - (_SHOWN_COLUMNS - 40)
        line, column = "…" + line[cut + 1 :], column - cut
    if len(line) > _SHOWN_COLUMNS:
        line = line[: _SHOWN_COLUMNS - 1] + "…"
    width = max(1, min(width, len(line) - column))
    shown = "".join(c if c.isprintable() else " " for c in line)
    return f"  {shown}\n  {' ' * column}{'^' * width}"
