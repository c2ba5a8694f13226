"""Times as texts: RFC 3339, and the formats of Time and FormatTime."""

import time as clock
from collections.abc import Callable

from otx.ottl.ctime import check_format, layout_of, parse_by
from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.civil import SECOND_NS, civil, clock_seconds
from otx.ottl.go_time.layout import format_layout
from otx.ottl.go_time.parse import parse_layout
from otx.ottl.go_time.zones import (
    UTC,
    FixedZone,
    load_location,
    local,
    time_at,
    unix_seconds,
)
from otx.ottl.locales import Locale
from otx.ottl.values import Location, Time

_RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00"
_DAY_NS = 86_400 * SECOND_NS
_YEAR_1_NS = -62_135_596_800 * SECOND_NS


def rfc3339(time: Time) -> str:
    """A time as Go's JSON writes it.

    Raises:
        ExecutionError: Its year has not four digits, or its offset is a day or more.
    """
    if not 0 <= civil(time.unix_nano, time.offset_s).year <= 9999:
        raise ExecutionError("a year outside of 0 to 9999 has no form in JSON")
    if abs(time.offset_s) >= 86_400:
        raise ExecutionError("an offset of a day or more has no form in JSON")
    return format_layout(time, _RFC3339_NANO)


def formatter(text: str) -> Callable[[Time], str]:
    """What writes times in a format.

    Raises:
        ExecutionError: It is no format.
    """
    check_format(text)
    layout = layout_of(text)
    return lambda time: format_layout(time, layout)


class TimeParser:
    """Reads times in one format."""

    def __init__(self, text: str, location: str = "", locale: str | None = None) -> None:
        """Raises ExecutionError for what is no format, location or locale."""
        check_format(text)
        self._format = text
        self._location = _location(location, text)
        self._locale = None if locale is None else Locale.load(locale)
        self._last_layout = ""

    def parse(self, text: str) -> Time:
        """The time that a text tells.

        Raises:
            ExecutionError: The text does not fit the format.
        """
        if not text:
            raise ExecutionError("an empty text is no time")

        def attempt(layout: str) -> Time:
            return self._parse(text, layout)

        if self._last_layout:
            # Texts of one source look alike.
            try:
                return attempt(self._last_layout)
            except ExecutionError:
                pass
        time, self._last_layout = parse_by(self._format, attempt)
        return time

    def _parse(self, text: str, layout: str) -> Time:
        if self._locale is not None:
            text = self._locale.translate(text, layout)
        unix_nano, there = parse_layout(text, layout, self._location)
        name, offset_s = there.lookup(unix_nano // SECOND_NS)
        if offset_s == 0 and name not in ("UTC", self._zone_name(unix_nano)):
            # An abbreviation that the location does not know is a guess of no offset.
            unix_nano, there = parse_layout(text, layout, load_location(name))
            name, offset_s = there.lookup(unix_nano // SECOND_NS)
        if unix_nano + offset_s * SECOND_NS < _YEAR_1_NS:
            return _with_year(unix_nano, offset_s, there)
        return Time(unix_nano, offset_s, name, None if isinstance(there, FixedZone) else there)

    def _zone_name(self, unix_nano: int) -> str:
        return self._location.lookup(unix_nano // SECOND_NS)[0]


def _location(name: str, text: str) -> Location:
    if name:
        return load_location(name)
    return UTC if text.endswith("Z") else local()


def _with_year(unix_nano: int, offset_s: int, location: Location) -> Time:
    """A time without a year: in the one that puts it last before a week from now."""
    now_ns = clock.time_ns()
    year = civil(now_ns, local().lookup(now_ns // SECOND_NS)[1]).year
    dated = _in_year(year, unix_nano, offset_s, location)
    if dated.unix_nano > now_ns + 7 * _DAY_NS:
        dated = _in_year(year - 1, dated.unix_nano, dated.offset_s, location)
    return dated


def _in_year(year: int, unix_nano: int, offset_s: int, location: Location) -> Time:
    shown = civil(unix_nano, offset_s)
    seconds = clock_seconds(year, *shown[1:6])
    return time_at(unix_seconds(seconds, location) * SECOND_NS + shown.nanosecond, location)
