"""Times and durations in statements, as Go's `time` has them."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.values import Duration, Time
from tests.ottl.log_record import Evaluate, holds

NOON = 'Time("2023-05-26 12:34:56", "%Y-%m-%d %H:%M:%S", "UTC")'
NEW_YORK = 'Time("2024-03-10 01:30:00", "%Y-%m-%d %H:%M:%S", "America/New_York")'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"Year({NOON})", 2023),
        (f"Month({NOON})", 5),
        (f"Day({NOON})", 26),
        (f"Weekday({NOON})", 5),
        (f"Hour({NOON})", 12),
        (f"Minute({NOON})", 34),
        (f"Second({NOON})", 56),
        ("Nanosecond(Unix(1700000000, 123))", 123),
        ("Year(Unix(99999999999999))", 3170843),
        ("Year(Unix(-62200000000))", -2),
        ("UnixSeconds(Unix(-1))", -1),
        ("UnixMilli(Unix(1, -5))", 999),
        ("UnixMicro(Unix(1, 3000000000))", 4000000),
        ("UnixNano(Unix(1672549200))", 1672549200000000000),
        # Beyond int64 it wraps as in Go.
        ("UnixMilli(Unix(9223372036854775807))", -1000),
        ('UnixSeconds(TruncateTime(Unix(1672534799), Duration("1h")))', 1672531200),
        ('UnixSeconds(TruncateTime(Unix(-1), Duration("1h")))', -3600),
        ('UnixSeconds(TruncateTime(Unix(7), Duration("-1h")))', 7),
        # Weeks are counted from the year 1, which began on a Monday.
        ('Weekday(TruncateTime(Unix(1672534799), Duration("168h")))', 1),
        ('Hours(Duration("90m"))', 1.5),
        ('Minutes(Duration("90s"))', 1.5),
        ('Seconds(Duration("-1500ms"))', -1.5),
        ('Milliseconds(Duration("-1.5ms"))', -1),
        ('Microseconds(Duration("1.5us"))', 1),
        ('Nanoseconds(Duration("1.5us"))', 1500),
        # One hour after half past one in the night of the change it is half past three.
        (f'Hour({NEW_YORK} + Duration("1h"))', 3),
        (f'Hour({NEW_YORK} + Duration("1h") - Duration("1h"))', 1),
        ("Hour(log.time)", 0),
    ],
)
def test_values(evaluate: Evaluate, text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f'FormatTime({NOON}, "%A %B %d %Y")', "Friday May 26 2023"),
        (f'FormatTime({NOON}, "%Y-%m-%dT%H:%M:%S.%f%z")', "2023-05-26T12:34:56Z"),
        ('FormatTime(Unix(9, 500000000), "%S.%L")', "09.5"),
        ('FormatTime(Unix(9, 5), "%H:%M")', "00:00"),
    ],
)
def test_formats(evaluate: Evaluate, text: str, value: str) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    "text",
    [
        'Time("2023", "")',
        'Time("2023", "%E")',
        'Time("2023", "%Y", "Mars/Olympus")',
        'Time("2023", "%Y", "UTC", "xx")',
        'Time("2023", attributes["format"])',
        'FormatTime(Unix(0), "%S%L")',
        'FormatTime("2023", "%Y")',
        'Hour("12:00")',
        "Hours(5)",
        "Duration(5)",
        'Unix("1")',
        "Now(1)",
    ],
)
def test_what_a_statement_cannot_say(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text)


@pytest.mark.parametrize(
    "text",
    [
        'Time("", "%Y")',
        'Time("x", "%Y")',
        'Time(attributes["missing"], "%Y")',
        'Duration("1d")',
        'Hour(attributes["missing"])',
        'TruncateTime(log.time, attributes["missing"])',
    ],
)
def test_what_a_record_cannot_have(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text)


def test_a_time_without_a_year_is_at_most_a_week_ahead() -> None:
    assert holds('Time("Jan 2", "%b %d") <= Now() + Duration("192h")')
    assert holds('Time("Dec 31", "%b %d") <= Now() + Duration("192h")')
    assert holds("Year(Now()) >= 2024")


def test_a_literal_time_is_the_same_for_every_record(evaluate: Evaluate) -> None:
    assert evaluate(NOON) == Time(1685104496000000000)


def test_durations_are_their_own_kind(evaluate: Evaluate) -> None:
    assert evaluate('Duration("1m")') == Duration(60_000_000_000)
