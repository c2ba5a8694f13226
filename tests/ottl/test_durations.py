"""Durations, read as Go reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.durations import parse_duration
from otx.ottl.errors import ExecutionError


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("-0", 0),
        ("1s", 1_000_000_000),
        ("+1.5h", 5_400_000_000_000),
        ("1h15m30.5s", 4_530_500_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("1µs2μs3us", 6_000),
        ("1m1h1m", 3_720_000_000_000),
        ("0.0000000001s", 0),
        ("-9223372036854775808ns", -(1 << 63)),
        ("2562047h47m16.854775807s", (1 << 63) - 1),
        ("0.9223372036854775807h", 3_320_413_933_267),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_duration(text).ns == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "s",
        ".s",
        "1d",
        "1S",
        " 1s",
        "1 s",
        "1s ",
        "--1s",
        "1..5s",
        "1h-1m",
        "1e3s",
        "１s",
        "9223372036854775808ns",
        "3000000h",
        "2562047h47m16.854775808s",
        "9" * 50 + "ns",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ExecutionError):
        parse_duration(text)


@given(st.integers(-(1 << 62), 1 << 62))
def test_nanoseconds_are_exact(ns: int) -> None:
    assert parse_duration(f"{ns}ns").ns == ns
