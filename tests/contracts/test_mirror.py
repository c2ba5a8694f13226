"""Tests stand where the code they test stands, so that both are found from one word."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FREE = {"contracts", "e2e", "interop", "simulation", "tui", "data"}
"""Folders of tests that cut across rooms."""


def mirrored() -> list[Path]:
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    return [test for test in tests if test.relative_to(ROOT / "tests").parts[0] not in FREE]


@pytest.mark.parametrize("test", mirrored(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_file_is_named_for_a_module(test: Path) -> None:
    place = test.relative_to(ROOT / "tests")
    module = ROOT / "otx" / place.with_name(place.name.removeprefix("test_"))
    assert module.exists() or module.with_suffix("").is_dir(), f"{test} tests no module of otx/"


@pytest.mark.parametrize(
    "room",
    sorted(path.name for path in (ROOT / "otx").iterdir() if (path / "__init__.py").exists()),
)
def test_every_room_has_tests(room: str) -> None:
    # A command is tested as a user calls it.
    tests = ROOT / "tests" / ("e2e" if room == "commands" else room)
    assert list(tests.glob("test_*.py")), f"otx/{room} has no tests in {tests.name}/"
