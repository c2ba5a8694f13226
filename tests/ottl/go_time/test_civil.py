"""The calendar, before and behind datetime's years."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.go_time.civil import civil, clock_seconds, date_of, days_in, days_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_it_is_datetimes_calendar(seconds: int) -> None:
    moment = EPOCH + timedelta(seconds=seconds)
    shown = civil(seconds * 1_000_000_000 + 7, 0)
    assert shown[:6] == moment.timetuple()[:6]
    assert shown.weekday == (moment.weekday() + 1) % 7
    assert shown.nanosecond == 7


@given(st.integers(-(10**12), 10**12))
def test_days_and_dates_are_one_to_one(days: int) -> None:
    assert days_of(*date_of(days)) == days


@pytest.mark.parametrize(
    ("days", "date"),
    [
        (0, (1970, 1, 1)),
        (-719_528, (0, 1, 1)),
        (-719_529, (-1, 12, 31)),
        (2_932_897, (10_000, 1, 1)),
    ],
)
def test_dates(days: int, date: tuple[int, int, int]) -> None:
    assert date_of(days) == date


def test_a_day_behind_its_month_runs_into_the_next() -> None:
    assert days_of(2023, 2, 29) == days_of(2023, 3, 1)


@pytest.mark.parametrize(
    ("year", "days"), [(2023, 28), (2024, 29), (1900, 28), (2000, 29), (0, 29)]
)
def test_february(year: int, days: int) -> None:
    assert days_in(year, 2) == days


def test_a_clock_has_seconds() -> None:
    assert clock_seconds(1970, 1, 2, 1, 1, 1) == 86_400 + 3_661
