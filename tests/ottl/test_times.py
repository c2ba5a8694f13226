"""Times as texts, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.zones import UTC, load_location, time_at
from otx.ottl.times import TimeParser, formatter, rfc3339
from otx.ottl.values import Time

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (Time(0), "1970-01-01T00:00:00Z"),
        (Time(1_500_000_000), "1970-01-01T00:00:01.5Z"),
        (Time(0, -19_800, ""), "1969-12-31T18:30:00-05:30"),
    ],
)
def test_rfc3339(time: Time, text: str) -> None:
    assert rfc3339(time) == text


@pytest.mark.parametrize("time", [Time(-62_200_000_000 * SECOND), Time(0, 90_000, "")])
def test_what_has_no_form_in_rfc3339(time: Time) -> None:
    with pytest.raises(ExecutionError):
        rfc3339(time)


@pytest.mark.parametrize(
    ("text", "format_", "seconds"),
    [
        ("2023-01-01 00:00:00 +0200", "%Y-%m-%d %H:%M:%S %z", 1672524000),
        ("2023-01-01 00:00:00 +02:00", "%Y-%m-%d %H:%M:%S %z", 1672524000),
        ("2023-01-01T00:00:00Z", "%Y-%m-%dT%H:%M:%SZ", 1672531200),
        ("July 31, 1993", "%B %d, %Y", 744076800),
        ("1/2/06 3:04 PM", "%D %l:%M %p", 1136214240),
        ("1/2/2006 3:04 PM", "%D %l:%M %p", 1136214240),
        # GMT and CET are places of the database, and their offsets are known by that.
        ("2023-01-01 00:00:00 CET", "%F %T %Z", 1672527600),
        ("2023-01-01 00:00:00 GMT", "%F %T %Z", 1672531200),
        # Go takes the hours behind GMT for a name's offset, and the clock for UTC.
        ("2023-01-01 00:00:00 GMT+3", "%F %T %Z", 1672531200),
    ],
)
def test_texts_are_read(text: str, format_: str, seconds: int) -> None:
    assert TimeParser(format_, "UTC").parse(text).unix_nano == seconds * SECOND


@pytest.mark.parametrize("text", ["2023-01-01 00:00:00 PST", "2023-01-01 00:00:00 QQQ"])
def test_an_unknown_abbreviation_is_an_error(text: str) -> None:
    with pytest.raises(ExecutionError):
        TimeParser("%F %T %Z", "UTC").parse(text)


def test_a_location_knows_its_abbreviations() -> None:
    time = TimeParser("%F %T %Z", "America/New_York").parse("2023-01-01 00:00:00 EDT")
    assert (time.unix_nano, time.zone) == (1672545600 * SECOND, "EST")


def test_a_parser_reads_texts_of_different_spellings() -> None:
    parser = TimeParser("%D", "UTC")
    assert parser.parse("1/2/06") == parser.parse("01/02/2006") == parser.parse("1/ 2/06")


@given(st.integers(0, 4_000_000_000), st.sampled_from(["UTC", "Asia/Kolkata", "Pacific/Apia"]))
def test_reading_undoes_writing(seconds: int, location: str) -> None:
    time = time_at(seconds * SECOND, load_location(location))
    text = formatter("%Y-%m-%dT%H:%M:%S %z")(time)
    assert TimeParser("%Y-%m-%dT%H:%M:%S %z").parse(text).unix_nano == time.unix_nano


def test_utc_is_shown_without_a_location() -> None:
    assert time_at(0, UTC) == Time(0)
