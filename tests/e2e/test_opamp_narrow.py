"""Tables of `otx opamp` in terminals of usual widths: a line a row, whatever agents say."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from otx.model.cells import width_of
from otx.opamp.server.documents import Document
from tests.conftest import RunCli
from tests.services.opamp_serve.answering import answering
from tests.services.opamp_serve.serving import Serving, until

WIDE_PUSH = {
    "selector": "service.name in (agent-1,agent-2,agent-3,agent-4,agent-5)",
    "name": "a-configuration-with-quite-a-long-name.yaml",
    "canary": "1",
}
HOST = "a-node-with-quite-a-long-name.example.internal"


@pytest.fixture
def serving(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[Serving]:
    made = Serving(tmp_path, cli_variables)
    with ExitStack() as stack:
        stack.callback(made.close)
        for number in (1, 2):
            stack.enter_context(answering(made.url, number, "kafka", **{"host.name": HOST}))
        push(made, {"selector": "", "objects": {"": {"body": "kafka: {}"}}}, "failed", "failed")
        yield made


def push(serving: Serving, wanted: Document, *last: str) -> None:
    """Push, and wait until the audit log ends with these words: what is listed changes no more."""
    serving.fleet.post("pushes", wanted)
    until(
        lambda: serving.fleet.get("audit")["audit"],
        lambda found: sorted(event["what"] for event in found[-len(last) :]) == sorted(last),
    )


def lines_in_terminal(
    columns: int, words: list[str], folder: Path, variables: dict[str, str]
) -> list[str]:
    """What a command writes into a terminal of so many columns."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", *words, "--color", "never"],
        stdin=subprocess.DEVNULL,
        stdout=inner,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=variables,
    )
    os.close(inner)
    pieces: list[bytes] = []
    with contextlib.suppress(OSError):  # the end of a terminal
        while piece := os.read(outer, 65536):
            pieces.append(piece)
    os.close(outer)
    assert process.wait(60) == 0
    return b"".join(pieces).decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [60, 80, 110])
def test_rows_fit(
    columns: int,
    serving: Serving,
    tmp_path: Path,
    cli_variables: dict[str, str],
    run_cli: RunCli,
) -> None:
    words = ["opamp", "agents", "--server", f"http://{serving.api}"]
    lines = lines_in_terminal(columns, words, tmp_path, cli_variables)
    assert len(lines) == 3, lines
    assert max(map(width_of, lines)) <= columns
    head = lines[0].split()
    assert head[:2] == ["uid", "service"]
    assert {"state", "health", "config"} <= set(head)
    uids = [line.split()[0] for line in lines[1:]]
    assert len(set(uids)) == 2, "they are told apart"
    assert all("agent-" in line for line in lines[1:])
    why = run_cli(*words, "--why", uids[1])
    assert why.returncode == 0, why.stderr
    assert why.stdout.startswith("agent-2 ")


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("words", [["push", "--list"], ["audit"]])
def test_lists_of_what_was_done_fit(
    words: list[str],
    columns: int,
    serving: Serving,
    tmp_path: Path,
    cli_variables: dict[str, str],
    run_cli: RunCli,
) -> None:
    push(serving, {**WIDE_PUSH, "objects": {"": {"body": "kafka: {a: 1}"}}}, "failed", "stop")
    words = ["opamp", *words, "--server", f"http://{serving.api}"]
    rows = run_cli(*words).stdout.splitlines()
    assert max(map(width_of, rows)) > columns
    lines = lines_in_terminal(columns, words, tmp_path, cli_variables)
    assert len(lines) == len(rows), lines
    assert max(map(width_of, lines)) <= columns
    wide = lines_in_terminal(columns, [*words, "--wide"], tmp_path, cli_variables)
    assert [line.rstrip() for line in wide] == [line.rstrip() for line in rows]


def test_all_is_shown_where_it_is_asked_for_and_in_a_pipe(
    serving: Serving, tmp_path: Path, cli_variables: dict[str, str], run_cli: RunCli
) -> None:
    words = ["opamp", "agents", "--server", f"http://{serving.api}"]
    wide = lines_in_terminal(80, [*words, "--wide", "-L", "host.name"], tmp_path, cli_variables)
    piped = run_cli(*words, "-L", "host.name").stdout.splitlines()
    assert wide[0].split() == piped[0].split()
    assert HOST in wide[1]
    assert HOST in piped[1]
    assert "01900000-0000-7000-8000-000000000001" in piped[1]
