"""Reading a text by a layout, to the letter of Go's `time.ParseInLocation`.

What fails names the element of the layout at which it did and the text that was left, because the
caller (`otx.ottl.ctime`) tries other spellings of exactly that element.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.civil import clock_seconds, days_in
from otx.ottl.go_time.layout import MONTHS, WEEKDAYS, is_fraction, pieces
from otx.ottl.go_time.zones import UTC, FixedZone, unix_seconds
from otx.ottl.values import Location

_ZONE_NAMES_WITH_LOWER_CASE = ("ChST", "MeST")


class LayoutMismatch(ExecutionError):
    """A text that does not fit a layout.

    Attributes:
        element: The element, or literal text, of the layout that does not fit; "" for none.
        rest: The text from there on.
    """

    def __init__(self, element: str, rest: str, reason: str = "") -> None:
        super().__init__(reason or f"{rest!r} does not fit {element!r}")
        self.element = element
        self.rest = rest


class _Bad(Exception):
    """An element does not fit; where it is known is for the caller to say."""


class _Reading:
    """What was read so far. `rest` is the text still to be read."""

    __slots__ = (
        "day",
        "hour",
        "is_am",
        "is_pm",
        "location",
        "minute",
        "month",
        "nanosecond",
        "next_element",
        "offset_s",
        "out_of_range",
        "rest",
        "second",
        "year",
        "year_day",
        "zone_name",
    )

    def __init__(self, text: str) -> None:
        self.rest = text
        self.next_element = ""
        self.out_of_range = ""
        self.year = self.hour = self.minute = self.second = self.nanosecond = 0
        self.month: int | None = None
        self.day: int | None = None
        self.year_day: int | None = None
        self.is_am = self.is_pm = False
        self.location: Location | None = None
        self.offset_s: int | None = None
        self.zone_name = ""

    def take(self, size: int) -> str:
        """The next characters."""
        if len(self.rest) < size:
            raise _Bad
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def number(self, *, needs_two: bool) -> int:
        """One or two digits."""
        size = _digits(self.rest, 2)
        if size == 0 or (needs_two and size == 1):
            raise _Bad
        return int(self.take(size))

    def check(self, name: str, *, is_in_range: bool) -> None:
        """Remember a number that is too large."""
        if not is_in_range:
            self.out_of_range = f"{name} out of range"


def parse_layout(text: str, layout: str, location: Location) -> tuple[int, Location]:
    """Nanoseconds since 1970, and the location that the text is in: its own, else the given one.

    Raises:
        LayoutMismatch: The text does not fit, or is no time.
    """
    reading = _Reading(text)
    parts = pieces(layout)
    for number, piece in enumerate(parts):
        reading.rest = _skip(reading.rest, piece.prefix)
        if not piece.element:
            break
        held = reading.rest
        reading.next_element = parts[number + 1].element
        try:
            _reader(piece.element)(reading, piece.element)
        except _Bad:
            if reading.out_of_range:
                raise _out_of_range(reading, piece.element) from None
            raise LayoutMismatch(piece.element, held) from None
        if reading.out_of_range:
            raise _out_of_range(reading, piece.element)
    if reading.rest:
        raise LayoutMismatch("", reading.rest, f"extra text: {reading.rest!r}")
    return _finish(reading, location)


def _out_of_range(reading: _Reading, element: str) -> LayoutMismatch:
    return LayoutMismatch(element, reading.rest, reading.out_of_range)


def _skip(text: str, prefix: str) -> str:
    """Text without the literal text before it; a run of blanks fits any other, even none at all."""
    if text.startswith(prefix) and " " not in prefix:
        return text[len(prefix) :]
    rest = text
    at = 0
    while at < len(prefix):
        if prefix[at] == " ":
            if rest and rest[0] != " ":
                raise LayoutMismatch(prefix, rest)
            at += len(prefix[at:]) - len(prefix[at:].lstrip(" "))
            rest = rest.lstrip(" ")
        elif rest[:1] == prefix[at]:
            at += 1
            rest = rest[1:]
        else:
            raise LayoutMismatch(prefix, rest)
    return rest


def _digits(text: str, limit: int, start: int = 0) -> int:
    """How many ASCII digits follow, up to a limit."""
    size = 0
    while size < limit and "0" <= text[start + size : start + size + 1] <= "9":
        size += 1
    return size


_Read: TypeAlias = Callable[[_Reading, str], None]


def _read_short_year(r: _Reading, _: str) -> None:
    text = r.take(2)
    digits = text[1:] if text[0] in "+-" else text
    if _digits(digits, 2) != len(digits):
        raise _Bad
    year = int(text)
    r.year = year + (1900 if year >= 69 else 2000)


def _read_year(r: _Reading, _: str) -> None:
    if _digits(r.rest, 4) != 4:
        raise _Bad
    r.year = int(r.take(4))


def _name(r: _Reading, names: tuple[str, ...], size: int | None = None) -> int:
    for number, name in enumerate(names):
        wanted = name[:size]
        given = r.rest[: len(wanted)]
        if given.isascii() and given.lower() == wanted.lower():
            r.rest = r.rest[len(wanted) :]
            return number
    raise _Bad


def _read_month(r: _Reading, element: str) -> None:
    r.month = _name(r, MONTHS, 3 if element == "Jan" else None) + 1


def _read_weekday(r: _Reading, element: str) -> None:
    _name(r, WEEKDAYS, 3 if element == "Mon" else None)


def _read_month_number(r: _Reading, element: str) -> None:
    r.month = r.number(needs_two=element == "01")
    r.check("month", is_in_range=1 <= r.month <= 12)


def _read_day(r: _Reading, element: str) -> None:
    if element == "_2":
        r.rest = r.rest.removeprefix(" ")
    r.day = r.number(needs_two=element == "02")


def _read_year_day(r: _Reading, element: str) -> None:
    if element == "__2":
        r.rest = r.rest.removeprefix(" ").removeprefix(" ")
    size = _digits(r.rest, 3)
    if size == 0 or (element == "002" and size != 3):
        raise _Bad
    r.year_day = int(r.take(size))


def _read_hour(r: _Reading, _: str) -> None:
    r.hour = r.number(needs_two=False)
    r.check("hour", is_in_range=r.hour < 24)


def _read_hour12(r: _Reading, element: str) -> None:
    r.hour = r.number(needs_two=element == "03")
    r.check("hour", is_in_range=r.hour <= 12)


def _read_minute(r: _Reading, element: str) -> None:
    r.minute = r.number(needs_two=element == "04")
    r.check("minute", is_in_range=r.minute < 60)


def _read_second(r: _Reading, element: str) -> None:
    r.second = r.number(needs_two=element == "05")
    r.check("second", is_in_range=r.second < 60)
    if r.out_of_range or is_fraction(r.next_element):
        return
    if r.rest[:1] in (".", ",") and _digits(r.rest, 1, 1):
        _take_fraction(r)


def _take_fraction(r: _Reading) -> None:
    size = _digits(r.rest, len(r.rest), 1)
    r.nanosecond = int(r.rest[1 : size + 1][:9].ljust(9, "0"))
    r.rest = r.rest[size + 1 :]


def _read_fraction(r: _Reading, element: str) -> None:
    if element[1] == "9":
        if r.rest[:1] in (".", ",") and _digits(r.rest, 1, 1):
            _take_fraction(r)
        return
    text = r.take(len(element))
    if text[0] not in ".," or _digits(text, len(text), 1) != len(text) - 1:
        raise _Bad
    r.nanosecond = int(text[1:10].ljust(9, "0"))


def _read_half_day(r: _Reading, element: str) -> None:
    half = r.take(2)
    am = "AM" if element == "PM" else "am"
    if half == element:
        r.is_pm = True
    elif half == am:
        r.is_am = True
    else:
        raise _Bad


_SHAPES = {
    3: ((1, 3), None, None),
    5: ((1, 3), (3, 5), None),
    6: ((1, 3), (4, 6), None),
    7: ((1, 3), (3, 5), (5, 7)),
    9: ((1, 3), (4, 6), (7, 9)),
}
"""Where hours, minutes and seconds stand in an offset, by its length."""


def _read_offset(r: _Reading, element: str) -> None:
    if element[0] == "Z" and r.rest[:1] == "Z":
        r.rest = r.rest[1:]
        r.location = UTC
        return
    size = len(element)
    text = r.take(size)
    if ":" in element and any(text[at] != ":" for at in range(3, size, 3)):
        raise _Bad
    hours, minutes, seconds = (_two_digits(text, span) for span in _SHAPES[size])
    # 24 hours, 60 minutes and 60 seconds are taken.
    for name, number, limit in (
        ("hour", hours, 24),
        ("minute", minutes, 60),
        ("second", seconds, 60),
    ):
        r.check(f"time zone offset {name}", is_in_range=number <= limit)
    if text[0] not in "+-":
        raise _Bad
    offset = (hours * 60 + minutes) * 60 + seconds
    r.offset_s = -offset if text[0] == "-" else offset


def _two_digits(text: str, span: tuple[int, int] | None) -> int:
    if span is None:
        return 0
    digits = text[span[0] : span[1]]
    if _digits(digits, 2) != 2:
        raise _Bad
    return int(digits)


def _read_zone_name(r: _Reading, _: str) -> None:
    if r.rest.startswith("UTC"):
        r.rest = r.rest[3:]
        r.location = UTC
        return
    size = _zone_name_size(r.rest)
    if not size:
        raise _Bad
    r.zone_name = r.take(size)


def _zone_name_size(text: str) -> int:
    """How long the abbreviation of a zone at the start of a text is; 0 where there is none."""
    if len(text) < 3:
        return 0
    if text.startswith(_ZONE_NAMES_WITH_LOWER_CASE):
        return 4
    if text.startswith("GMT"):
        return 3 + _signed_hours_size(text[3:])
    if text[0] in "+-":
        return _signed_hours_size(text)
    upper = 0
    while upper < 6 and "A" <= text[upper : upper + 1] <= "Z":
        upper += 1
    if upper == 5 and text[4] == "T":
        return 5
    if upper == 4 and (text[3] == "T" or text.startswith("WITA")):
        return 4
    return 3 if upper == 3 else 0


def _signed_hours_size(text: str) -> int:
    """How long `+03` is, up to 23 hours; 0 for anything else."""
    size = _digits(text, 20, 1) if text[:1] in ("+", "-") else 0
    if size == 0 or int(text[1 : size + 1]) > 23:
        return 0
    return size + 1


_READERS: Mapping[str, _Read] = {
    "2006": _read_year,
    "06": _read_short_year,
    "January": _read_month,
    "Jan": _read_month,
    "01": _read_month_number,
    "1": _read_month_number,
    "Monday": _read_weekday,
    "Mon": _read_weekday,
    "02": _read_day,
    "_2": _read_day,
    "2": _read_day,
    "002": _read_year_day,
    "__2": _read_year_day,
    "15": _read_hour,
    "03": _read_hour12,
    "3": _read_hour12,
    "04": _read_minute,
    "4": _read_minute,
    "05": _read_second,
    "5": _read_second,
    "PM": _read_half_day,
    "pm": _read_half_day,
    "MST": _read_zone_name,
}


def _reader(element: str) -> _Read:
    known = _READERS.get(element)
    if known is not None:
        return known
    return _read_fraction if is_fraction(element) else _read_offset


def _finish(r: _Reading, location: Location) -> tuple[int, Location]:
    """The moment that was read, once its parts are known to fit together."""
    if r.is_pm and r.hour < 12:
        r.hour += 12
    elif r.is_am and r.hour == 12:
        r.hour = 0
    month, day = _month_and_day(r)
    if not 1 <= day <= days_in(r.year, month):
        raise LayoutMismatch("", r.rest, "day out of range")
    clock = clock_seconds(r.year, month, day, r.hour, r.minute, r.second)
    seconds, there = _zoned(r, clock, location)
    return seconds * 1_000_000_000 + r.nanosecond, there


def _month_and_day(r: _Reading) -> tuple[int, int]:
    if r.year_day is None:
        return 1 if r.month is None else r.month, 1 if r.day is None else r.day
    left = r.year_day
    month = 1
    while month < 12 and left > days_in(r.year, month):
        left -= days_in(r.year, month)
        month += 1
    if not 1 <= left <= days_in(r.year, month):
        raise LayoutMismatch("", r.rest, "day-of-year out of range")
    if r.month not in (None, month) or r.day not in (None, left):
        raise LayoutMismatch("", r.rest, "day-of-year does not match the date")
    return month, left


def _zoned(r: _Reading, clock: int, location: Location) -> tuple[int, Location]:
    """Unix seconds and the location of what a clock shows."""
    if r.location is not None:
        return clock, r.location
    # Go takes an offset of -1 second for none: it is how it marks one.
    if r.offset_s is not None and r.offset_s != -1:
        seconds = clock - r.offset_s
        name, offset = location.lookup(seconds)
        if offset == r.offset_s and r.zone_name in ("", name):
            return seconds, location
        return seconds, FixedZone(r.zone_name, r.offset_s)
    if r.zone_name:
        named = location.lookup_name(r.zone_name, clock)
        if named is not None:
            return clock - named, location
        hours = int(r.zone_name[3:]) if r.zone_name[:3] == "GMT" and len(r.zone_name) > 3 else 0
        return clock, FixedZone(r.zone_name, hours * 3_600)
    return unix_seconds(clock, location), location
