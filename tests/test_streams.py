"""Streams that are closed, and disks that are full: told, with the exit code of their cause."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import ExitCode, MachineError, UsageError
from otx.output import Output
from otx.streams import Writer, cannot_write, machine_error

WORDS = [
    ["--version"],
    ["--help"],
    ["config", "show"],
    ["config", "--help"],
    ["completion", "bash"],
    ["ottl", "functions"],
    ["ottl", "explain", "set(span.name, 1)"],
]


def run(
    words: list[str], redirection: str, variables: dict[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    """The command line through a shell, which is what opens and closes streams."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "otx", *words],
        capture_output=True,
        text=True,
        env=variables,
        cwd=folder,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
@pytest.mark.parametrize(
    ("redirection", "why"),
    [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")],
)
def test_stdout_that_cannot_be_written_is_the_machines_fault(
    tmp_path: Path, cli_variables: dict[str, str], words: list[str], redirection: str, why: str
) -> None:
    done = run(words, redirection, cli_variables, tmp_path)
    assert done.returncode == ExitCode.MACHINE
    first, hint = done.stderr.splitlines()
    assert first == f"otx: error: cannot write stdout: {why}"
    assert hint.startswith("  hint: ")
    assert not list(tmp_path.rglob("crash-*"))


def test_a_closed_stdin_is_named_by_what_reads_it(
    tmp_path: Path, cli_variables: dict[str, str]
) -> None:
    done = run(["ottl", "eval", "span.name"], "<&-", cli_variables, tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith("otx: error: cannot read stdin: it is closed")
    assert run(["config", "show"], "<&-", cli_variables, tmp_path).returncode == ExitCode.DONE


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "<&- >&- 2>&-"])
def test_an_error_that_nobody_can_be_told_keeps_its_exit_code(
    tmp_path: Path, cli_variables: dict[str, str], redirection: str
) -> None:
    done = run(["nonsense"], redirection, cli_variables, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.USAGE, "", "")


def test_a_full_disk_behind_a_file_is_the_machines_fault(environment: Environment) -> None:
    with pytest.raises(MachineError, match="cannot write /dev/full: No space left on device"):
        Output(environment, "/dev/full").text("x")
    with pytest.raises(MachineError, match="cannot write /dev/full: No space left on device"):
        Output(environment, "/dev/full").binary(b"x" * 100_000)


def test_a_failure_of_what_is_written_is_not_taken_for_one_of_writing(
    environment: Environment, tmp_path: Path
) -> None:
    with pytest.raises(ConnectionError), Output(environment, str(tmp_path / "out")).stream():
        raise ConnectionResetError


def test_the_first_failure_is_told_and_the_rest_is_lost() -> None:
    with Writer(Path("/dev/full"), "there") as writer:
        with pytest.raises(MachineError, match="there"):
            writer.write(b"x")
        assert writer.write(b"xy") == 2


def test_a_pipe_that_nobody_reads_is_no_error_of_the_disk() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with pytest.raises(BrokenPipeError):
            Writer(writer, "there").write(b"x")
    finally:
        os.close(writer)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, UsageError),
        (errno.EISDIR, UsageError),
        (errno.EACCES, MachineError),
        (errno.EROFS, MachineError),
        (errno.EDQUOT, MachineError),
    ],
)
def test_the_cause_decides_whose_fault_it_is(number: int, kind: type[Exception]) -> None:
    error = cannot_write("out", OSError(number, os.strerror(number)))
    assert isinstance(error, kind)
    assert error.hint


def test_a_full_disk_is_never_a_fault_of_otx() -> None:
    full = machine_error(OSError(errno.ENOSPC, "No space left on device", "store/log"))
    assert full is not None
    assert full.message == "store/log: No space left on device"
    assert machine_error(OSError(errno.ECONNRESET, "Connection reset by peer")) is None
