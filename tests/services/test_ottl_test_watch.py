"""Test files run again when they change, with a time of our own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import UsageError
from otx.services.ottl_test import TestOptions
from otx.services.ottl_test_watch import watch, watch_until
from tests.conftest import Terminal

PASSES = """\
config: c.yaml
tests:
  - {name: one, input: {file: in.json}, changes: {log.body: a}}
"""
CONFIG = "transform: {log_statements: ['set(log.body, \"a\")']}\n"
INPUT = '{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}\n'


class Day:
    """A day on which something happens between two looks, and which then ends."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        self._happens = list(happens)
        self._looks = 0

    def wait(self, seconds: float) -> bool:
        self._looks += 1
        if self._looks % 3:
            return False  # two looks for a change to come to rest
        if not self._happens:
            return True
        self._happens.pop(0)()
        return False


def results(environment: Environment) -> list[str]:
    """The summary of each run."""
    assert isinstance(environment.stdout, Terminal)
    lines = environment.stdout.text.splitlines()
    return [line for line in lines if "passed" in line]


def write(folder: Path) -> None:
    for name, text in (("a.test.yaml", PASSES), ("c.yaml", CONFIG), ("in.json", INPUT)):
        (folder / name).write_text(text)


def test_every_file_that_a_test_reads_is_watched(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path)
    happens = [
        lambda: (tmp_path / "c.yaml").write_text(CONFIG.replace('"a"', '"b"')),
        lambda: (tmp_path / "a.test.yaml").write_text(PASSES.replace("body: a", "body: b")),
        lambda: (tmp_path / "in.json").write_text("{}"),
    ]
    watch_until(environment, TestOptions(["a.test.yaml"]), Day(*happens).wait)
    assert results(environment) == [
        "1 passed",
        "0 passed, 1 failed",
        "1 passed",
        "0 passed, 1 file unusable",
    ]


def test_files_that_come_and_go_are_noticed(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path)
    happens = [
        lambda: (tmp_path / "b.test.yaml").write_text(PASSES),
        lambda: (tmp_path / "a.test.yaml").unlink(),
        lambda: (tmp_path / "b.test.yaml").unlink(),
        lambda: (tmp_path / "b.test.yaml").write_text(PASSES),
    ]
    watch_until(environment, TestOptions(["."]), Day(*happens).wait)
    assert results(environment) == ["1 passed", "2 passed", "1 passed", "1 passed"]
    assert isinstance(environment.stderr, Terminal)
    assert "there is no test file in ." in environment.stderr.text


def test_nothing_runs_again_where_nothing_changes(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "other.yaml").write_text("x")
    happens = [lambda: (tmp_path / "other.yaml").write_text("y")]
    watch_until(environment, TestOptions(["."]), Day(*happens).wait)
    assert results(environment) == ["1 passed"]


def test_a_terminal_is_cleared_and_a_pipe_is_not(environment: Environment, tmp_path: Path) -> None:
    write(tmp_path)
    watch_until(environment, TestOptions(["."]), Day().wait)
    assert isinstance(environment.stdout, Terminal)
    assert "\x1b" not in environment.stdout.text
    terminal = Terminal(is_terminal=True)
    world = Environment(**{**vars(environment), "stdout": terminal, "variables": {"NO_COLOR": "1"}})
    watch_until(world, TestOptions(["."]), Day().wait)
    assert terminal.text.startswith("\x1b[H\x1b[2Ja.test.yaml\n")


@pytest.mark.parametrize(
    "options", [TestOptions(["."], update=True), TestOptions(["."], form="json")]
)
def test_watching_excludes_what_makes_no_sense_with_it(
    environment: Environment, options: TestOptions
) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        watch(environment, options)
