"""Locations and their abbreviations."""

import zoneinfo

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.go_time.zones import UTC, FixedZone, load_location, local, time_at, unix_seconds

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("name", "unix_s", "zone"),
    [
        ("Europe/Berlin", 1_672_531_200, ("CET", 3_600)),
        ("Europe/Berlin", 1_690_000_000, ("CEST", 7_200)),
        ("Europe/Berlin", -(10**11), ("LMT", 3_208)),
        # Rules go on for ever, in cycles of 400 years.
        ("Europe/Berlin", 1_690_000_000 + 12_622_780_800 * 50, ("CEST", 7_200)),
        ("", 0, ("UTC", 0)),
        ("UTC", 0, ("UTC", 0)),
        ("EST", 0, ("EST", -18_000)),
    ],
)
def test_rules(name: str, unix_s: int, zone: tuple[str, int]) -> None:
    assert load_location(name).lookup(unix_s) == zone


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "utc/x", "../etc/passwd", "/etc/localtime", "America", "\0", "\\x"]
)
def test_what_is_no_location(name: str) -> None:
    with pytest.raises(ExecutionError):
        load_location(name)


def test_names_are_known_even_when_they_do_not_hold() -> None:
    new_york = load_location("America/New_York")
    assert new_york.lookup_name("EST", 1_672_531_200) == -18_000
    assert new_york.lookup_name("EWT", 1_672_531_200) == -14_400
    assert new_york.lookup_name("CET", 1_672_531_200) is None
    assert UTC.lookup_name("UTC", 0) is None
    assert FixedZone("X", 60).lookup_name("X", 0) == 60
    assert FixedZone("X", 60).lookup_name("Y", 0) is None


def test_a_clock_that_is_put_forward() -> None:
    berlin = load_location("Europe/Berlin")
    # 2023-03-26 02:30 is on no clock.
    assert unix_seconds(1_679_797_800, berlin) == 1_679_794_200


def test_the_place_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, zone in (
        ("", "UTC"),
        (":Asia/Kolkata", "IST"),
        ("No/Where", "UTC"),
        ("/no/such/file", "UTC"),
    ):
        monkeypatch.setenv("TZ", value)
        local.cache_clear()
        assert local().lookup(0)[0] == zone
    monkeypatch.undo()
    local.cache_clear()


def test_the_package_serves_where_the_system_has_no_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    load_location.cache_clear()
    assert load_location("Asia/Tokyo").lookup(0) == ("JST", 32_400)
    with pytest.raises(ExecutionError):
        load_location("No/Where")
    load_location.cache_clear()


def test_a_time_moves_by_the_rules_of_its_place() -> None:
    before = time_at(1_679_788_800 * SECOND, load_location("Europe/Berlin"))
    assert before.zone == "CET"
    assert before.plus(7_200 * SECOND).zone == "CEST"
