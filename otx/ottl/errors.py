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
