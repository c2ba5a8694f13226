"""The edge: global flags, unknown commands, errors and exit codes."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from otx import __version__, cli
from otx.cli import Invocation, parse_global_flags, run
from otx.command_table import COMMANDS
from otx.environment import Environment
from otx.errors import ExitCode, MachineError, UsageError
from tests.conftest import RunCli, Terminal


def text_of(stream: object) -> str:
    assert isinstance(stream, Terminal)
    return stream.text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Invocation([])),
        (["query", "--color", "never", "x"], Invocation(["query", "x"], colour_mode="never")),
        (["--color=always", "demo"], Invocation(["demo"], colour_mode="always")),
        (["doctor", "--log-level", "debug"], Invocation(["doctor"], debug=True)),
        (["doctor", "--log-level=info"], Invocation(["doctor"])),
        (
            ["profile", "--", "ls", "--color", "x"],
            Invocation(["profile", "--", "ls", "--color", "x"]),
        ),
    ],
)
def test_global_flags_are_taken_out_wherever_they_stand(
    words: list[str], expected: Invocation
) -> None:
    assert parse_global_flags(words) == expected


@pytest.mark.parametrize("words", [["--color", "red"], ["--color"], ["--log-level", "loud"]])
def test_a_global_flag_refuses_what_it_does_not_take(words: list[str]) -> None:
    with pytest.raises(UsageError, match="takes"):
        parse_global_flags(words)


def test_no_words_print_help_with_every_command(environment: Environment) -> None:
    assert run([], environment) == ExitCode.DONE
    shown = text_of(environment.stdout)
    assert shown.index("Examples:") < shown.index("Commands:")
    for name, (_, summary) in COMMANDS.items():
        assert f"  {name} " in shown
        assert summary in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_when_asked_shortly(name: str, environment: Environment) -> None:
    assert run([name, "-h"], environment) == ExitCode.DONE


def test_a_near_miss_is_named(environment: Environment) -> None:
    assert run(["profle"], environment) == ExitCode.USAGE
    assert text_of(environment.stderr) == (
        "otx: error: no such command 'profle'\n  hint: did you mean 'profile'?\n"
    )


def test_a_bad_option_is_a_usage_error_without_a_traceback(environment: Environment) -> None:
    assert run(["config", "show", "--no-such"], environment) == ExitCode.USAGE
    shown = text_of(environment.stderr)
    assert shown.startswith("otx: error: ")
    assert "--no-such" in shown
    assert "hint: otx config show --help" in shown
    assert len(shown.splitlines()) <= 3


def failing_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    app = typer.Typer(add_completion=False)

    @app.command()
    def fail() -> None:
        raise error

    command = typer.main.get_command(app)
    monkeypatch.setattr(cli, "load_command", lambda name: command)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MachineError("no BPF", hint="be root"), ExitCode.MACHINE),
        (UsageError("no such file"), ExitCode.USAGE),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (ZeroDivisionError("oops"), ExitCode.FAULT),
    ],
)
def test_errors_become_exit_codes(
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: ExitCode,
) -> None:
    failing_command(monkeypatch, error)
    assert run(["doctor"], environment) == code
    assert "Traceback" not in text_of(environment.stderr)


def test_ctrl_c_while_otx_is_still_loaded_is_no_traceback() -> None:
    code = """
import signal, sys
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "otx.cli":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupted())
from otx.__main__ import main
main()
"""
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "")


def test_a_fault_of_otx_is_written_down_and_named(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_command(monkeypatch, ZeroDivisionError("oops"))
    run(["doctor"], environment)
    (report,) = environment.state_dir.glob("crash-*.txt")
    assert "ZeroDivisionError: oops" in report.read_text()
    assert str(report) in text_of(environment.stderr)


def test_debug_shows_the_traceback(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_command(monkeypatch, UsageError("no such file"))
    run(["doctor"], dataclasses.replace(environment, debug=True))
    assert "Traceback" in text_of(environment.stderr)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["ottl", "run", "-f", "a.yaml", "--file=b.yaml"], "-f/--file"),
        (["ottl", "eval", "span.name", "--in", "a", "--in", "b"], "--in"),
        (["ottl", "bench", "-s", "x", "-s", "y", "--store", "a", "--store", "a"], "--store"),
        (["ottl", "eval", "span.name", "-o", "a", "-ob"], "-o/--out"),
    ],
)
def test_what_is_read_or_written_is_named_once(
    environment: Environment, words: list[str], name: str
) -> None:
    assert run(words, environment) == ExitCode.USAGE
    assert f"otx: error: {name} is given twice\n" in text_of(environment.stderr)


def test_other_options_may_be_repeated_and_the_last_one_counts(environment: Environment) -> None:
    words = ["ottl", "functions", "--format", "json", "--format", "jsonl"]
    assert run(words, environment) == ExitCode.DONE
    assert text_of(environment.stdout).startswith('{"')


def test_version_is_one_line(run_cli: RunCli) -> None:
    done = run_cli("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"otx {__version__}\n", "")


def test_version_stands_alone(run_cli: RunCli) -> None:
    assert run_cli("--version", "extra").returncode == 2


def test_a_closed_pipe_ends_quietly(tmp_path: Path, cli_variables: dict[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "otx", "config", "show"],
            stdout=writer,
            stderr=subprocess.PIPE,
            env=cli_variables,
            cwd=tmp_path,
            timeout=30,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
