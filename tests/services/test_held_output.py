"""A command's output while a screen has the terminal."""

import os
import subprocess

import pytest

from otx.environment import Environment
from otx.services.held_output import LIMIT, HeldOutput
from tests.conftest import Terminal, wait_until


def stdout_of(environment: Environment) -> str:
    assert isinstance(environment.stdout, Terminal)
    return environment.stdout.text


def test_it_is_held_and_then_passes_through(environment: Environment) -> None:
    output = HeldOutput(environment)
    command = subprocess.Popen(
        ["sh", "-c", "echo early; read line; echo late"], stdin=-1, stdout=output.writer
    )
    with output:
        assert command.stdin is not None
        wait_until(lambda: b"early" in b"".join(output._held), "it was read")
        assert stdout_of(environment) == ""
        output.release()
        assert stdout_of(environment) == "early\n"
        command.communicate(b"\n", timeout=20)
    assert stdout_of(environment) == "early\nlate\n"


@pytest.mark.parametrize("size", [0, LIMIT // 2, 5 * LIMIT])
def test_the_last_of_it_is_kept_and_what_is_missing_is_said(
    environment: Environment, size: int
) -> None:
    output = HeldOutput(environment)
    written = os.urandom(size // 2).hex()
    command = subprocess.Popen(["cat"], stdin=-1, stdout=output.writer)
    with output:
        command.communicate(written.encode(), timeout=20)
    shown = stdout_of(environment)
    if size > LIMIT:
        missing, _, shown = shown.partition("\n")
        assert missing.endswith(" of output are left out]")
        assert LIMIT <= len(shown) < 2 * LIMIT
    assert written.endswith(shown) and len(shown) >= min(size, LIMIT)
