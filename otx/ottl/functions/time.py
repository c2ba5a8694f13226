"""Times and durations: reading, writing and taking them apart."""

import re
import time as clock
from typing import Any

from otx.ottl.durations import parse_duration
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.go_time.civil import Civil, civil
from otx.ottl.go_time.zones import local, time_at
from otx.ottl.lift import Always
from otx.ottl.parameters import ConstText, Get, Integer, Moment, Text, TimeSpan
from otx.ottl.times import TimeParser, formatter
from otx.ottl.values import Duration, Time, wrap_int64

_SECOND_NS = 1_000_000_000
_ZERO_TIME_NS = -62_135_596_800 * _SECOND_NS
"""The start of the year 1, from which TruncateTime counts."""
_HAS_YEAR = re.compile("%[YyDxFc]")


@converter_builder(
    "Time",
    fails="time is not as the format says",
    example=Example(
        'UnixSeconds(Time("2023-01-01 00:00:00", "%Y-%m-%d %H:%M:%S", "America/New_York"))',
        "1672549200",
    ),
)
def time_(
    time: Get[Text],
    format: ConstText,  # noqa: A002 - the parameter's name in the language
    location: ConstText = "",
    locale: ConstText | None = None,
) -> Gives[Time]:
    """The time that a text tells, by a format of directives like `%Y`."""
    parse = TimeParser(format, location, locale).parse
    if isinstance(time, Always) and _HAS_YEAR.search(format):
        # The same for every record, though a failure is a record's.
        known: list[Time] = []

        def run_once(record: Any) -> Time:
            if not known:
                known.append(parse(time(record)))
            return known[0]

        return run_once
    return lambda record: parse(time(record))


@converter_builder(
    "FormatTime",
    example=Example('FormatTime(Unix(0) - Duration("0s"), "%B")', '"January"'),
)
def format_time(time: Get[Moment], format: ConstText) -> Gives[str]:  # noqa: A002 - as above
    """A time as text, by a format of directives like `%Y`."""
    write = formatter(format)
    return lambda record: write(time(record))


@converter("Now", is_pure=False, example=Example("IsInt(Year(Now()))", "true"))
def now() -> Time:
    """The time at which a record is processed."""
    return time_at(clock.time_ns(), local())


@converter("Unix", example=Example("UnixMilli(Unix(1672531200, 5000000))", "1672531200005"))
def unix(seconds: Integer, nanoseconds: Integer = 0) -> Time:
    """The time so many seconds after the start of 1970."""
    more, rest = divmod(nanoseconds, _SECOND_NS)
    return time_at(wrap_int64(seconds + more) * _SECOND_NS + rest, local())


@converter("UnixSeconds", example=Example("UnixSeconds(Unix(1672531200))", "1672531200"))
def unix_seconds(time: Moment) -> int:
    """A time as seconds since the start of 1970."""
    return time.unix_nano // _SECOND_NS


@converter("UnixMilli", example=Example("UnixMilli(Unix(1672531200))", "1672531200000"))
def unix_milli(time: Moment) -> int:
    """A time as milliseconds since the start of 1970."""
    return wrap_int64(time.unix_nano // 1_000_000)


@converter("UnixMicro", example=Example("UnixMicro(Unix(1672531200))", "1672531200000000"))
def unix_micro(time: Moment) -> int:
    """A time as microseconds since the start of 1970."""
    return wrap_int64(time.unix_nano // 1_000)


@converter("UnixNano", example=Example("UnixNano(Unix(1672531200))", "1672531200000000000"))
def unix_nano(time: Moment) -> int:
    """A time as nanoseconds since the start of 1970."""
    return wrap_int64(time.unix_nano)


@converter(
    "TruncateTime",
    example=Example('UnixSeconds(TruncateTime(Unix(1672534799), Duration("1h")))', "1672531200"),
)
def truncate_time(time: Moment, duration: TimeSpan) -> Time:
    """A time, rounded down to a multiple of a duration."""
    if duration.ns <= 0:
        return time
    return time.plus(-((time.unix_nano - _ZERO_TIME_NS) % duration.ns))


def _shown(time: Time) -> Civil:
    return civil(time.unix_nano, time.offset_s)


@converter("Year", example=Example('Year(Time("2023-05-26", "%Y-%m-%d", "UTC"))', "2023"))
def year(time: Moment) -> int:
    """The year of a time."""
    return _shown(time).year


@converter("Month", example=Example('Month(Time("2023-05-26", "%Y-%m-%d", "UTC"))', "5"))
def month(time: Moment) -> int:
    """The month of a time, 1 to 12."""
    return _shown(time).month


@converter("Day", example=Example('Day(Time("2023-05-26", "%Y-%m-%d", "UTC"))', "26"))
def day(time: Moment) -> int:
    """The day of the month of a time."""
    return _shown(time).day


@converter("Weekday", example=Example('Weekday(Time("2023-05-26", "%Y-%m-%d", "UTC"))', "5"))
def weekday(time: Moment) -> int:
    """The day of the week of a time, from 0 for Sunday."""
    return _shown(time).weekday


@converter("Hour", example=Example('Hour(Time("12:34:56", "%H:%M:%S", "UTC"))', "12"))
def hour(time: Moment) -> int:
    """The hour of a time, 0 to 23."""
    return _shown(time).hour


@converter("Minute", example=Example('Minute(Time("12:34:56", "%H:%M:%S", "UTC"))', "34"))
def minute(time: Moment) -> int:
    """The minute of a time."""
    return _shown(time).minute


@converter("Second", example=Example('Second(Time("12:34:56", "%H:%M:%S", "UTC"))', "56"))
def second(time: Moment) -> int:
    """The second of a time."""
    return _shown(time).second


@converter("Nanosecond", example=Example("Nanosecond(Unix(1700000000, 123))", "123"))
def nanosecond(time: Moment) -> int:
    """The nanoseconds of a time beyond its second."""
    return time.unix_nano % _SECOND_NS


@converter(
    "Duration",
    fails="duration is no text like 1h30m or 250ms",
    example=Example('Seconds(Duration("1m30.5s"))', "90.5"),
)
def duration(duration: Text) -> Duration:
    """The length of time that a text like `1h15m30.5s` tells."""
    return parse_duration(duration)


def _whole_and_rest(span: Duration, unit_ns: int) -> float:
    """A duration in a unit; whole units and the rest apart, so that neither loses digits."""
    whole = abs(span.ns) // unit_ns
    value = whole + (abs(span.ns) - whole * unit_ns) / unit_ns
    return value if span.ns >= 0 else -value


@converter("Hours", example=Example('Hours(Duration("90m"))', "1.5"))
def hours(duration: TimeSpan) -> float:
    """A duration in hours."""
    return _whole_and_rest(duration, 3_600 * _SECOND_NS)


@converter("Minutes", example=Example('Minutes(Duration("90s"))', "1.5"))
def minutes(duration: TimeSpan) -> float:
    """A duration in minutes."""
    return _whole_and_rest(duration, 60 * _SECOND_NS)


@converter("Seconds", example=Example('Seconds(Duration("1500ms"))', "1.5"))
def seconds(duration: TimeSpan) -> float:
    """A duration in seconds."""
    return _whole_and_rest(duration, _SECOND_NS)


def _towards_zero(span: Duration, unit_ns: int) -> int:
    whole = abs(span.ns) // unit_ns
    return whole if span.ns >= 0 else -whole


@converter("Milliseconds", example=Example('Milliseconds(Duration("1.5ms"))', "1"))
def milliseconds(duration: TimeSpan) -> int:
    """A duration in whole milliseconds."""
    return _towards_zero(duration, 1_000_000)


@converter("Microseconds", example=Example('Microseconds(Duration("1.5ms"))', "1500"))
def microseconds(duration: TimeSpan) -> int:
    """A duration in whole microseconds."""
    return _towards_zero(duration, 1_000)


@converter("Nanoseconds", example=Example('Nanoseconds(Duration("1.5ms"))', "1500000"))
def nanoseconds(duration: TimeSpan) -> int:
    """A duration in nanoseconds."""
    return duration.ns
