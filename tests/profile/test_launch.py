"""Commands that wait at the gate."""

import os
import signal
from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.profile.launch import GatedCommand


def test_nothing_runs_before_the_release(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = GatedCommand(["touch", str(mark)])
    assert command.poll() is None and not mark.exists()
    command.release()
    assert command.wait() == 0 and mark.exists()


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -TERM $$", 143)])
def test_the_exit_code_is_the_commands(script: str, code: int) -> None:
    command = GatedCommand(["sh", "-c", script])
    command.release()
    assert command.wait() == code
    assert command.poll() == code


def test_a_signal_is_passed_on() -> None:
    command = GatedCommand(["sleep", "60"])
    command.release()
    command.forward(signal.SIGTERM)
    assert command.wait() == 128 + signal.SIGTERM


def test_a_command_that_is_not_there_is_an_error() -> None:
    command = GatedCommand(["/nonexistent/program"])
    with pytest.raises(UsageError, match="cannot run /nonexistent/program: No such file"):
        command.release()


def test_an_abandoned_command_never_ran(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    GatedCommand(["touch", str(mark)]).abandon()
    assert not mark.exists()


def test_its_output_goes_where_it_is_wanted_and_it_has_nothing_to_read() -> None:
    reader, writer = os.pipe()
    command = GatedCommand(["sh", "-c", "cat; echo out; echo err >&2"], writer)
    os.close(writer)
    command.release()
    assert command.wait() == 0
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"out\nerr\n"
