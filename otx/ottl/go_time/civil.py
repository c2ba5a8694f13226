"""The calendar without bounds: Python's datetime ends at the years 1 and 9999, OTTL's times do not.

Days are counted from 1970-01-01 in the proleptic Gregorian calendar, years before 1 are 0, -1 ….
"""

from typing import NamedTuple

DAY_S = 86_400
SECOND_NS = 1_000_000_000

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ERA_DAYS = 146_097
"""400 years, after which leap years and weekdays come round."""


class Civil(NamedTuple):
    """A moment as a calendar and a clock show it; `weekday` counts from Sunday = 0."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    weekday: int


def days_in(year: int, month: int) -> int:
    """How many days a month has."""
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and is_leap else _DAYS[month - 1]


def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date; a day beyond its month runs into the next one."""
    # Years begin in March here, so that the leap day is their last.
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _ERA_DAYS + day_of_era - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """The year, month and day so many days after 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, _ERA_DAYS)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return era * 400 + year_of_era + (month <= 2), month, day


def civil(unix_nano: int, offset_s: int) -> Civil:
    """A moment, read so many seconds east of UTC."""
    seconds, nanosecond = divmod(unix_nano, SECOND_NS)
    days, of_day = divmod(seconds + offset_s, DAY_S)
    year, month, day = date_of(days)
    hour, of_hour = divmod(of_day, 3_600)
    minute, second = divmod(of_hour, 60)
    return Civil(year, month, day, hour, minute, second, nanosecond, (days + 4) % 7)


def clock_seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Seconds since 1970-01-01 00:00 of the same clock."""
    return days_of(year, month, day) * DAY_S + hour * 3_600 + minute * 60 + second
