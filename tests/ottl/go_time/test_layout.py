"""Layouts: how they are cut, and how a time is shown by them."""

import pytest

from otx.ottl.go_time.layout import format_layout, is_fraction, pieces
from otx.ottl.go_time.zones import load_location, time_at
from otx.ottl.values import Time

TIME = Time(1685104496_012_300_000)  # Friday 2023-05-26 12:34:56.0123 UTC


@pytest.mark.parametrize(
    ("layout", "cut"),
    [
        ("2006-01-02", [("", "2006"), ("-", "01"), ("-", "02"), ("", "")]),
        ("Janx Jan January Monx", [("Janx ", "Jan"), (" ", "January"), (" Monx", "")]),
        ("_2006 _2 __2", [("_", "2006"), (" ", "_2"), (" ", "__2"), ("", "")]),
        ("15.99905", [("", "15"), (".999", "05"), ("", "")]),
        ("5.999Z", [("", "5"), ("", ".999"), ("Z", "")]),
        ("152", [("", "15"), ("", "2"), ("", "")]),
    ],
)
def test_layouts_are_cut(layout: str, cut: list[tuple[str, str]]) -> None:
    assert [(piece.prefix, piece.element) for piece in pieces(layout)] == cut


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("Mon Monday Jan January 06 2006 1 01 _2 2 02", "Fri Friday May May 23 2023 5 05 26 26 26"),
        ("002 __2", "146 146"),
        ("15 3 03 PM pm 4 04 5 05", "12 12 12 PM pm 34 34 56 56"),
        ("5.999 5,999999 5.000 5.9", "56.012 56,0123 56.012 56"),
        ("MST -0700 -07:00 -07 -070000 -07:00:00", "UTC +0000 +00:00 +00 +000000 +00:00:00"),
        ("Z0700 Z07:00 Z07 Z070000 Z07:00:00", "Z Z Z Z Z"),
    ],
)
def test_a_time_is_shown(layout: str, text: str) -> None:
    assert format_layout(TIME, layout) == text


@pytest.mark.parametrize(
    ("time", "layout", "text"),
    [
        (Time(0, -19_830, ""), "MST Z07:00:00", "-0530 -05:30:30"),
        # Less than a minute west.
        (Time(0, -30, ""), "-0700 -07:00:00", "+0000 +00:00:-30"),
        (Time(-62_200_000_000 * 10**9), "2006 06", "-0002 02"),
        (Time(10**12 * 10**9), "2006", "33658"),
        (time_at(1_690_000_000 * 10**9, load_location("Europe/Berlin")), "15 MST", "06 CEST"),
    ],
)
def test_odd_times(time: Time, layout: str, text: str) -> None:
    assert format_layout(time, layout) == text


def test_fractions() -> None:
    assert is_fraction(".999") and is_fraction(",0")
    assert not is_fraction("05") and not is_fraction("")
