"""How far a run is."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.otlp.pieces import Piece
from otx.services.ottl_progress import RunProgress, interruptible, size_of
from tests.conftest import Terminal
from tests.services.ottl_case import said, world

SECOND = 1_000_000_000


@pytest.fixture
def watched(tmp_path: Path) -> Environment:
    """An environment whose stderr is a terminal."""
    return replace(world(tmp_path), stderr=Terminal(True))


def pieces(*sizes: int) -> Iterator[Piece]:
    return (Piece("protobuf", bytes(size), "in.pb") for size in sizes)


def progress(environment: Environment, *moments_s: float, size: int | None = None) -> RunProgress:
    """A progress whose clock shows one moment after the other."""
    moments = iter(moments_s)
    return RunProgress(environment, size, lambda: int(next(moments) * SECOND))


def test_what_is_quick_says_nothing(watched: Environment) -> None:
    one = progress(watched, 0, 0.5, 0.9)
    one.add(10)
    one.add(10)
    one.clear()
    assert said(watched)[1] == ""


def test_what_takes_longer_says_how_many_how_fast_and_how_long_still(watched: Environment) -> None:
    one = progress(watched, 0, 0.5, 2, 2, size=400)
    list(one.reading(pieces(100)))
    one.add(3000)
    line = "running: 3 000 records, 1 500/s, 25 %, 6.00 s left (Ctrl-C ends)"
    assert said(watched)[1] == f"\r\x1b[K{line}"
    one.clear()
    assert said(watched)[1] == f"\r\x1b[K{line}\r\x1b[K"


def test_where_the_size_is_not_known_no_share_is_told(watched: Environment) -> None:
    one = progress(watched, 0, 2, 2)
    one.add(1)
    assert said(watched)[1].endswith("running: 1 record, 0/s (Ctrl-C ends)")


def test_there_is_no_line_where_stderr_is_no_terminal(tmp_path: Path) -> None:
    here = world(tmp_path)
    one = progress(here, 0, 2, 2)
    one.add(1)
    one.clear()
    assert said(here)[1] == ""


def test_there_is_no_line_among_what_is_shown_on_a_terminal(watched: Environment) -> None:
    shown = replace(watched, stdout=Terminal(True))
    one = RunProgress(shown, clock=iter((0, 2 * SECOND)).__next__, shares_terminal=True)
    one.add(1)
    assert said(shown)[1] == ""


def test_the_size_of_a_file_is_known_where_it_is_not_compressed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a", tmp_path / "b"
    plain.write_bytes(b"abc")
    packed.write_bytes(gzip.compress(b"abc"))
    assert size_of(plain) == 3
    assert size_of(packed) is None
    assert size_of(tmp_path / "none") is None


def test_ctrl_c_is_exit_130_and_takes_the_line_away(watched: Environment) -> None:
    one = progress(watched, 0, 2, 2)
    one.add(7)

    def write() -> int:
        raise KeyboardInterrupt

    assert interruptible(watched, one, write, leaves_part=False) == 130
    assert said(watched)[1].endswith("\r\x1b[Kotx: stopped after 7 records: nothing was written\n")
