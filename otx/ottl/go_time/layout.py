"""Go's layouts: a sample date, `Mon Jan 2 15:04:05 MST 2006`, whose parts stand for elements.

A layout is cut into elements and the literal text before each, once; formatting and parsing walk
the pieces.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from otx.ottl.go_time.civil import Civil, civil, days_of
from otx.ottl.values import Time

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_ELEMENT = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5"
    r"|PM|pm|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07"
    r"|[.,](?:0+|9+)(?![0-9])"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Literal text and the element after it.

    Attributes:
        prefix: The literal text.
        element: As the layout writes it; "" at the end.
    """

    prefix: str
    element: str


@lru_cache(1024)
def pieces(layout: str) -> tuple[Piece, ...]:
    """A layout, cut up; the last piece has no element."""
    found = []
    at = 0
    for match in _ELEMENT.finditer(layout):
        found.append(Piece(layout[at : match.start()], match.group()))
        at = match.end()
    return (*found, Piece(layout[at:], ""))


def is_fraction(element: str) -> bool:
    """Whether an element is a fraction of a second."""
    return element[:1] in (".", ",")


def format_layout(time: Time, layout: str) -> str:
    """A time as a layout shows it."""
    shown = civil(time.unix_nano, time.offset_s)
    out = []
    for piece in pieces(layout):
        out.append(piece.prefix)
        if piece.element:
            out.append(_format(piece.element, shown, time))
    return "".join(out)


_FormatElement: TypeAlias = Callable[[Civil], str]


def _year(t: Civil) -> str:
    return f"{'-' if t.year < 0 else ''}{abs(t.year):04d}"


def _hour12(t: Civil) -> int:
    return t.hour % 12 or 12


def _year_day(t: Civil) -> int:
    return days_of(t.year, t.month, t.day) - days_of(t.year, 1, 1) + 1


_FORMATS: Mapping[str, _FormatElement] = {
    "2006": _year,
    "06": lambda t: f"{abs(t.year) % 100:02d}",
    "January": lambda t: MONTHS[t.month - 1],
    "Jan": lambda t: MONTHS[t.month - 1][:3],
    "01": lambda t: f"{t.month:02d}",
    "1": lambda t: str(t.month),
    "Monday": lambda t: WEEKDAYS[t.weekday],
    "Mon": lambda t: WEEKDAYS[t.weekday][:3],
    "02": lambda t: f"{t.day:02d}",
    "_2": lambda t: f"{t.day:2d}",
    "2": lambda t: str(t.day),
    "002": lambda t: f"{_year_day(t):03d}",
    "__2": lambda t: f"{_year_day(t):3d}",
    "15": lambda t: f"{t.hour:02d}",
    "03": lambda t: f"{_hour12(t):02d}",
    "3": lambda t: str(_hour12(t)),
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
    "04": lambda t: f"{t.minute:02d}",
    "4": lambda t: str(t.minute),
    "05": lambda t: f"{t.second:02d}",
    "5": lambda t: str(t.second),
}


def _format(element: str, shown: Civil, time: Time) -> str:
    known = _FORMATS.get(element)
    if known is not None:
        return known(shown)
    if is_fraction(element):
        return _fraction(element, shown.nanosecond)
    if element == "MST":
        return time.zone or _offset("-0700", time.offset_s)
    return _offset(element, time.offset_s)


def _fraction(element: str, nanosecond: int) -> str:
    digits = f"{nanosecond:09d}"[: len(element) - 1]
    if element[1] == "9":
        digits = digits.rstrip("0")
    return element[0] + digits if digits else ""


def _offset(element: str, offset_s: int) -> str:
    if element[0] == "Z" and offset_s == 0:
        return "Z"
    minutes, seconds = divmod(abs(offset_s), 60)
    colon = ":" if ":" in element else ""
    out = f"{'-' if offset_s < 0 and minutes else '+'}{minutes // 60:02d}"
    if len(element) > 3:
        out += f"{colon}{minutes % 60:02d}"
    if len(element) > 6:
        # Less than a minute west of UTC, Go writes +00 and the sign before the seconds.
        out += f"{colon}{'-' if offset_s < 0 and not minutes else ''}{seconds:02d}"
    return out
