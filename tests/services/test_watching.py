"""Waiting for files to change, with a time of our own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.services.watching import INTERVAL_S, Marks, mark, wait_for_change

A, B = Path("a"), Path("b")


def looks(*sizes: int) -> Iterator[Marks]:
    """What one file looks like, one look after the other."""
    yield from ({A: (0, size, 0)} for size in sizes)


def wait(times: int, waited: list[float]) -> bool:
    waited.append(INTERVAL_S)
    return len(waited) > times


def test_a_change_counts_when_it_has_come_to_rest() -> None:
    waited: list[float] = []
    seen = looks(1, 1, 2, 3, 3, 3)
    changed = wait_for_change({A: (0, 1, 0)}, lambda: next(seen), lambda s: wait(99, waited))
    assert changed
    assert len(waited) == 5


def test_what_changed_back_is_no_change() -> None:
    seen = looks(2, 1, 1, 1)
    waited: list[float] = []
    assert not wait_for_change({A: (0, 1, 0)}, lambda: next(seen), lambda s: wait(4, waited))


@pytest.mark.parametrize("now", [{}, {A: None}, {A: (0, 1, 0), B: (0, 1, 0)}])
def test_a_file_that_comes_or_goes_is_a_change(now: Marks) -> None:
    waited: list[float] = []
    assert wait_for_change({A: (0, 1, 0)}, lambda: now, lambda s: wait(9, waited))


def test_waiting_that_is_ended_looks_no_more() -> None:
    assert not wait_for_change({}, lambda: {A: None}, lambda s: True)


def test_a_mark_tells_a_file_from_the_same_file_changed(tmp_path: Path) -> None:
    file = tmp_path / "x"
    assert mark(file) is None
    file.write_text("a")
    first = mark(file)
    file.write_text("ab")
    assert first is not None
    assert mark(file) not in (None, first)
    (tmp_path / "y").write_text("ab")
    second = mark(file)
    (tmp_path / "y").replace(file)
    assert mark(file) != second
