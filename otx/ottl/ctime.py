"""The directives of Time and FormatTime: a dialect of strftime, each short for a Go layout.

It is not C's: `%s` is nanoseconds and `%j` an offset. Formatting replaces directives by their
layouts. Parsing is laxer: numbers need no leading zero, blanks may stand before them, `%z` takes
every usual offset. It tries one spelling after another, at the place where the text did not fit.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.parse import LayoutMismatch

T = TypeVar("T")
Attempt: TypeAlias = Callable[[str], T]
"""Reads a text by a layout."""

_DIRECTIVE = re.compile("%.")
_STRAY_FRACTION = re.compile("[^.,]%[Lfs]")
_BLANKS = re.compile(r"[ \t\n\f\r]+")

LAYOUTS: Mapping[str, str] = {
    "%Y": "2006",
    "%y": "06",
    "%m": "01",
    "%o": "_1",
    "%q": "1",
    "%b": "Jan",
    "%h": "Jan",
    "%B": "January",
    "%d": "02",
    "%e": "_2",
    "%g": "2",
    "%a": "Mon",
    "%A": "Monday",
    "%H": "15",
    "%l": "3",
    "%I": "03",
    "%p": "PM",
    "%P": "pm",
    "%M": "04",
    "%S": "05",
    "%L": "999",
    "%f": "999999",
    "%s": "999999999",
    "%Z": "MST",
    "%z": "Z0700",
    "%w": "-070000",
    "%i": "-07",
    "%j": "-07:00",
    "%k": "-07:00:00",
    "%D": "01/02/2006",
    "%x": "01/02/2006",
    "%F": "2006-01-02",
    "%T": "15:04:05",
    "%X": "15:04:05",
    "%r": "03:04:05 pm",
    "%R": "15:04",
    "%n": "\n",
    "%t": "\t",
    "%%": "%",
    "%c": "Mon Jan 02 15:04:05 2006",
}
"""What a directive is short for when a time is formatted."""

_DATES = (("1", "/", "2", "/", "2006"), ("1", "/", "2", "/", "06"))
_CLOCK = ("15", ":", "4", ":", "5")
_SPELLINGS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "%m": (("1",),),
    "%o": (("1",),),
    "%q": (("1",),),
    "%d": (("2",),),
    "%e": (("2",),),
    "%g": (("2",),),
    "%I": (("3",),),
    "%M": (("4",),),
    "%S": (("5",),),
    "%D": _DATES,
    "%x": _DATES,
    "%F": (("2006", "-", "1", "-", "2"),),
    "%T": (_CLOCK,),
    "%X": (_CLOCK,),
    "%r": (("3", ":", "4", ":", "5", " ", "pm"),),
    "%R": (("15", ":", "4"),),
    "%c": (("Mon", " ", "Jan", " ", "2", " ", *_CLOCK, " ", "2006"),),
    "%z": (("Z0700",), ("Z07:00",), ("Z07",)),
}
"""What a directive may look like in a text, where that is more than its layout."""


def check_format(text: str) -> None:
    """Refuse a format that cannot be used.

    Raises:
        ExecutionError: It is empty, has a digit or an unknown directive, or `%L`, `%f` or `%s`
            without `.` or `,` before it.
    """
    if not text:
        raise ExecutionError("the format is empty")
    if re.search("[0-9]", text):
        raise ExecutionError("a format has no digits: only directives like %Y and literal text")
    stray = _STRAY_FRACTION.search(text)
    if stray:
        raise ExecutionError(f"{stray.group()[1:]} needs . or , before it")
    unknown = [one for one in _DIRECTIVE.findall(text) if one not in LAYOUTS]
    if unknown:
        raise ExecutionError(f"{', '.join(unknown)}: no directive of this format")


def layout_of(text: str) -> str:
    """A format that was checked, as a Go layout."""
    return _DIRECTIVE.sub(lambda found: LAYOUTS[found.group()], text)


def parse_by(text: str, attempt: Attempt[T]) -> tuple[T, str]:
    """What the first layout of a format that fits gives, and that layout.

    Raises:
        ExecutionError: None fits.
    """
    parts = []
    at = 0
    for found in _DIRECTIVE.finditer(text):
        parts.append((text[at : found.start()], found.group()))
        at = found.end()
    return _Search(parts, text[at:], attempt).run("", 0)


class _Search(Generic[T]):
    """The search for spellings: directives in their order, each with what may follow it."""

    def __init__(self, parts: Sequence[tuple[str, str]], tail: str, attempt: Attempt[T]) -> None:
        self._parts = parts
        self._tail = tail
        self._attempt = attempt

    def run(self, layout: str, number: int) -> tuple[T, str]:
        """Complete a layout from a directive on, and try it."""
        if number == len(self._parts):
            layout += self._tail
            return self._attempt(layout), layout
        literal, directive = self._parts[number]
        spellings = _SPELLINGS.get(directive) or ((LAYOUTS[directive],),)
        for spelling in spellings:
            try:
                return self._run_spelling(layout + literal, number, directive, spelling)
            except _Elsewhere as failure:
                raise failure.error from None
            except ExecutionError as error:
                last = error
        raise last

    def _run_spelling(
        self, layout: str, number: int, directive: str, spelling: tuple[str, ...]
    ) -> tuple[T, str]:
        """One spelling; blanks are put before its numbers where the text has them."""
        tried = ""
        while True:
            try:
                return self.run(layout + "".join(spelling), number + 1)
            except LayoutMismatch as error:
                if error.element not in spelling:
                    raise _Elsewhere(error) from None
                at = spelling.index(error.element)
                blanks = _BLANKS.match(error.rest)
                # Where nothing was gained, an equal element of another directive is to blame.
                is_tried = error.rest == tried
                if not blanks or is_tried or spelling[at][0] not in "0123456789Z":
                    raise LayoutMismatch(directive, error.rest) from None
                tried = error.rest
                spelling = (*spelling[:at], blanks.group(), *spelling[at:])
            except ExecutionError as error:
                raise _Elsewhere(error) from None


class _Elsewhere(Exception):
    """No spelling of this directive is to blame."""

    def __init__(self, error: ExecutionError) -> None:
        super().__init__(str(error))
        self.error = error
