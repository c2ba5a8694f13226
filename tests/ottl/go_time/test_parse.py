"""Texts read by layouts, with what Go gives for them."""

import pytest

from otx.ottl.go_time.parse import LayoutMismatch, parse_layout
from otx.ottl.go_time.zones import UTC, load_location

DATED = "2006-01-02 15:04:05"
DAY = 1_672_531_200  # 2023-01-01


def seconds(text: str, layout: str, location: str = "UTC") -> float:
    return parse_layout(text, layout, load_location(location))[0] / 1_000_000_000


@pytest.mark.parametrize(
    ("text", "layout", "value"),
    [
        ("2023-01-01 00:00:00", DATED, DAY),
        ("2023-01-01   00:00:00", DATED, DAY),
        # A fraction is read behind seconds whether the layout has it or not.
        ("2023-01-01 00:00:00.25", DATED, DAY + 0.25),
        ("2023-01-01 00:00:00,5", DATED + ",999", DAY + 0.5),
        ("2023-01-01 00:00:00", DATED + ".999", DAY),
        ("jan 1 23", "Jan 2 06", DAY),
        ("Sunday JANUARY 1 2023", "Monday January _2 2006", DAY),
        ("Fri 1 Jan 2023", "Mon 2 Jan 2006", DAY),
        ("69-01-01", "06-01-02", -31_536_000),
        ("-1-01-01", "06-01-02", 915_148_800),
        ("2023 001", "2006 002", DAY),
        ("2024  60", "2006 __2", 1_709_164_800),
        ("2023-01-01 12:00 AM", "2006-01-02 03:04 PM", DAY),
        ("2023-01-01 1:00 pm", "2006-01-02 3:04 pm", DAY + 46_800),
        ("2023-01-01 00:00:00 +0100", DATED + " -0700", DAY - 3_600),
        ("2023-01-01 00:00:00 -24:60", DATED + " -07:00", DAY + 90_000),
        ("2023-01-01 00:00:00 -00:00:30", DATED + " -07:00:00", DAY + 30),
        ("2023-01-01 00:00:00 Z", DATED + " Z07", DAY),
        ("2023-01-01 00:00:00 UTC", DATED + " MST", DAY),
        ("2023-01-01 00:00:00 ChST", DATED + " MST", DAY),
        ("2023-01-01 00:00:00 +03", DATED + " MST", DAY),
    ],
)
def test_texts_are_read(text: str, layout: str, value: float) -> None:
    assert seconds(text, layout) == value


@pytest.mark.parametrize(
    ("text", "layout", "element"),
    [
        ("2023", "06", ""),
        ("23", "2006", "2006"),
        ("x", "Jan", "Jan"),
        ("13", "01", "01"),
        ("1", "01", "01"),
        ("25", "15", "15"),
        ("13", "03", "03"),
        ("60", "4", "4"),
        ("60", "5", "5"),
        ("am", "PM", "PM"),
        ("+1", "-07", "-07"),
        ("+25", "-07", "-07"),
        ("0100", "-0700", "-0700"),
        ("+01x00", "-07:00", "-07:00"),
        ("AB", "MST", "MST"),
        ("ABCDEF", "MST", "MST"),
        ("+24", "MST", "MST"),
        (".x", ".000", ".000"),
        ("a b", "a-2", "a-"),
        ("31 Feb 2023", "2 Jan 2006", ""),
        ("2023 366", "2006 002", ""),
        ("2023 02 001", "2006 01 002", ""),
    ],
)
def test_what_does_not_fit_is_named(text: str, layout: str, element: str) -> None:
    with pytest.raises(LayoutMismatch) as caught:
        parse_layout(text, layout, UTC)
    assert caught.value.element == element


@pytest.mark.parametrize(
    ("text", "zone", "value"),
    [
        # Where the clock goes forward and back Go takes what held before, or holds after.
        ("2023-03-26 02:30:00", ("CEST", 7_200), 1_679_794_200),
        ("2023-10-29 02:30:00", ("CET", 3_600), 1_698_543_000),
    ],
)
def test_clocks_that_are_changed(text: str, zone: tuple[str, int], value: int) -> None:
    unix_nano, location = parse_layout(text, DATED, load_location("Europe/Berlin"))
    assert location.lookup(unix_nano // 10**9) == zone
    assert unix_nano // 10**9 == value


def test_an_offset_of_the_location_is_the_location() -> None:
    berlin = load_location("Europe/Berlin")
    assert parse_layout("2023-01-01 00:00:00 +0100", DATED + " -0700", berlin)[1] is berlin
    assert parse_layout("2023-01-01 00:00:00 +0200", DATED + " -0700", berlin)[1] is not berlin
