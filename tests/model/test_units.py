"""Durations, sizes, rates and times as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.model.units import (
    NS_PER_S,
    format_count,
    format_duration,
    format_size,
    format_time,
    parse_duration_ns,
    parse_rate_per_s,
    parse_size,
    parse_time_unix_nano,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("250ms", 250_000_000),
        ("10s", 10 * NS_PER_S),
        ("5m", 300 * NS_PER_S),
        ("1h30m", 5400 * NS_PER_S),
        ("1.5s", 1_500_000_000),
        ("24h", 86_400 * NS_PER_S),
        ("100us", 100_000),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_duration_ns(text) == ns


@pytest.mark.parametrize("text", ["", "10", "s", "10 s", "-5s", "5x", "1h 30m", "1s!"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no duration"):
        parse_duration_ns(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64KiB", 65536),
        ("1MiB", 1 << 20),
        ("10GiB", 10 << 30),
        ("4kB", 4000),
        ("512", 512),
        ("0B", 0),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "1XB", "-1KiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no size"):
        parse_size(text)


def test_rates() -> None:
    assert parse_rate_per_s("500/s") == 500
    assert parse_rate_per_s("30/m") == 0.5
    assert parse_rate_per_s("7") == 7
    with pytest.raises(UsageError, match="no rate"):
        parse_rate_per_s("fast")


@given(st.integers(0, 4_102_444_800 * NS_PER_S))
def test_a_formatted_time_parses_to_itself(unix_nano: int) -> None:
    assert parse_time_unix_nano(format_time(unix_nano), 0) == unix_nano


def test_times_before_now_and_with_a_zone() -> None:
    assert parse_time_unix_nano("-15m", 1000 * NS_PER_S) == 100 * NS_PER_S
    assert parse_time_unix_nano("1970-01-01T01:00:00.5+01:00", 0) == NS_PER_S // 2
    with pytest.raises(UsageError, match="no time"):
        parse_time_unix_nano("yesterday", 0)
    assert parse_time_unix_nano("2300-01-01T00:00:00Z", 0) == (1 << 63) - 2
    assert parse_time_unix_nano("0001-01-01T00:00:00Z", 0) == 0
    assert parse_time_unix_nano("-9999999h", 0) == 0


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (812, "812 ns"),
        (1_500, "1.50 µs"),
        (18_000_000, "18.0 ms"),
        (480_000_000, "480 ms"),
        (1_940_000_000, "1.94 s"),
        (59_900_000_000, "59.9 s"),
        (125 * NS_PER_S, "2 m 05 s"),
        (5400 * NS_PER_S, "1 h 30 m"),
        (-2_000, "-2.00 µs"),
    ],
)
def test_durations_for_people(ns: int, text: str) -> None:
    assert format_duration(ns) == text


def test_sizes_and_counts_for_people() -> None:
    assert [format_size(n) for n in (812, 1536, 3 << 30)] == ["812 B", "1.5 KiB", "3.0 GiB"]
    assert format_count(48210) == "48 210"
