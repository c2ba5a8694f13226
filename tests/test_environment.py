"""Colour and directories, from variables and terminals."""

import dataclasses
import fcntl
import os
import pty
import struct
import termios
from pathlib import Path

import pytest

from otx.environment import ColourMode, Environment
from otx.output import Painter
from tests.conftest import Terminal


@pytest.mark.parametrize(
    ("mode", "variables", "is_terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {}, True, False),
    ],
)
def test_colour(
    environment: Environment,
    mode: ColourMode,
    variables: dict[str, str],
    is_terminal: bool,
    expected: bool,
) -> None:
    world = dataclasses.replace(environment, colour_mode=mode, variables=variables)
    assert world.wants_colour(Terminal(is_terminal)) is expected


def test_directories_follow_xdg(environment: Environment, tmp_path: Path) -> None:
    assert environment.config_dir == tmp_path / ".config" / "otx"
    assert environment.state_dir == tmp_path / ".local/state" / "otx"
    moved = dataclasses.replace(
        environment,
        variables={"HOME": str(tmp_path), "XDG_STATE_HOME": "/var/s", "XDG_CACHE_HOME": "rel"},
    )
    assert moved.state_dir == Path("/var/s/otx")
    assert moved.cache_dir == tmp_path / ".cache" / "otx", "a relative XDG path is ignored"


def test_a_dumb_terminal_shows_no_full_screen(environment: Environment) -> None:
    assert not environment.is_interactive


def test_a_terminal_has_a_width_and_other_streams_have_none(
    environment: Environment, tmp_path: Path
) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, os.fdopen(master), (tmp_path / "f").open("w") as file:
        assert environment.width_of(terminal) is None  # it says 0 until somebody sets it
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 97, 0, 0))
        assert environment.width_of(terminal) == 97
        assert Painter.of(environment, terminal).width == 97
        assert environment.width_of(file) is None
    assert environment.width_of(environment.stdout) is None
