"""`otx tui` as a person starts it: on a terminal, on none, with a file; nothing is left behind."""

import io
import json
import os
import re
import select
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import MachineError, UsageError
from otx.store.layout import ReceiverLock
from otx.system.bpf_support import probe_all
from otx.tui.app import OtxApp
from otx.tui.launch import TuiOptions, make_app, require_terminal
from otx.tui.snapshot import Interest
from tests.conftest import RunCli, Terminal
from tests.on_a_terminal import PATIENCE_S, Screen
from tests.on_a_terminal import on_a_terminal as run_on_a_terminal
from tests.tui.conftest import FixedFeed, clock

SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "from-a-file",
    "startTimeUnixNano": "1790000000000000000",
    "endTimeUnixNano": "1790000000200000000",
}
DOCUMENT = {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}


def on_a_terminal(
    variables: Mapping[str, str], *arguments: str, stdin: Path | None = None
) -> AbstractContextManager[Screen]:
    return run_on_a_terminal(variables, "tui", *arguments, stdin=stdin)


@pytest.mark.parametrize("leave", ["q", "\x03"])
def test_it_receives_while_it_shows_and_takes_the_receiver_with_it(
    cli_variables: dict[str, str], tmp_path: Path, leave: str
) -> None:
    store = tmp_path / "store"
    arguments = ("--store", str(store), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with on_a_terminal(cli_variables, *arguments) as screen:
        screen.wait_for("No traces yet")
        holder = ReceiverLock.holder(store)
        assert holder is not None
        assert holder.http
        screen.press(leave)
        assert screen.wait() == 0
        assert ReceiverLock.holder(store) is None
        with pytest.raises(ProcessLookupError):
            os.kill(holder.pid, 0)


@pytest.mark.parametrize("is_lost", [False, pytest.param(True, marks=pytest.mark.long)])
def test_term_and_a_lost_terminal_end_it_as_a_key_does(
    cli_variables: dict[str, str], tmp_path: Path, is_lost: bool
) -> None:
    store = tmp_path / "store"
    arguments = ("--store", str(store), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with on_a_terminal(cli_variables, *arguments) as screen:
        screen.wait_for("No traces yet")
        if is_lost:
            screen.hang_up()
        else:
            screen.process.terminate()
        assert (screen.process.wait(PATIENCE_S) if is_lost else screen.wait()) == 0
    assert ReceiverLock.holder(store) is None


def test_killed_it_leaves_no_receiver(cli_variables: dict[str, str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    arguments = ("--store", str(store), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with on_a_terminal(cli_variables, *arguments) as screen:
        screen.wait_for("No traces yet")
        holder = ReceiverLock.holder(store)
        assert holder is not None
        handle = os.pidfd_open(holder.pid)
        screen.process.send_signal(signal.SIGKILL)
        assert select.select([handle], [], [], PATIENCE_S)[0], "the receiver is still there"
        os.close(handle)


COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:[34]8;[25];[\d;]+|[349][0-7]|10[0-7])(?:;\d+)*m")


@pytest.mark.parametrize(
    ("variables", "flags", "is_coloured"),
    [
        ({}, (), True),
        ({"NO_COLOR": "1"}, (), False),
        ({}, ("--color", "never"), False),
        ({"NO_COLOR": "1"}, ("--color=always",), True),
    ],
)
def test_colour_is_sent_where_it_is_wanted(
    cli_variables: dict[str, str],
    tmp_path: Path,
    variables: dict[str, str],
    flags: tuple[str, ...],
    is_coloured: bool,
) -> None:
    arguments = ("--no-receive", "--store", str(tmp_path / "store"), *flags)
    with on_a_terminal({**cli_variables, **variables}, *arguments) as screen:
        screen.wait_for("No traces yet")
        assert (COLOUR.search(screen.seen) is not None) == is_coloured
        screen.press("q")
        assert screen.wait() == 0


def test_a_fault_is_handed_on_and_not_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    class Failing(FixedFeed):
        def ask(self, interest: Interest) -> None:
            raise ZeroDivisionError("a fault of the feed")

    app = OtxApp(Failing(), clock)
    app.run(headless=True)
    assert isinstance(app.failure, ZeroDivisionError)
    assert "Traceback" not in capfd.readouterr().err


def test_a_file_is_shown(cli_variables: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "spans.json"
    file.write_text(json.dumps(DOCUMENT))
    with on_a_terminal(cli_variables, str(file)) as screen:
        screen.wait_for("from-a-file")
        screen.press("q")
        assert screen.wait() == 0


def test_stdin_is_shown_and_keys_still_come_from_the_terminal(
    cli_variables: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "spans.json"
    file.write_text(json.dumps(DOCUMENT))
    with on_a_terminal(cli_variables, "-", stdin=file) as screen:
        screen.wait_for("from-a-file")
        screen.press("q")
        assert screen.wait() == 0


def test_the_screens_stand_back_for_an_editor_and_return(
    cli_variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "spans.json").write_text(json.dumps(DOCUMENT))
    seen = tmp_path / "seen.json"
    variables = {**cli_variables, "EDITOR": f"""sh -c 'cp "$1" {seen}; echo lent' editor"""}
    with on_a_terminal(variables, str(tmp_path / "spans.json")) as screen:
        screen.wait_for("from-a-file")
        screen.press("\te")
        screen.wait_for("lent")
        assert json.loads(seen.read_text())["span_id"] == SPAN["spanId"]
        screen.press("?")
        screen.wait_for("Help")
        screen.press("qq")
        assert screen.wait() == 0


def test_a_file_that_is_not_there_is_said(cli_variables: dict[str, str], tmp_path: Path) -> None:
    with on_a_terminal(cli_variables, str(tmp_path / "none.json")) as screen:
        assert screen.wait() == 2
        assert b"cannot read" in screen.seen
        assert b"Traceback" not in screen.seen


@pytest.mark.bpf
def test_a_process_that_is_not_there_is_said_and_the_receiver_ends(
    cli_variables: dict[str, str], tmp_path: Path
) -> None:
    missing = [probe for probe in probe_all() if not probe.ok]
    if missing:
        pytest.skip(f"{missing[0].name}: {missing[0].detail}")
    store = tmp_path / "store"
    arguments = ("--store", str(store), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with on_a_terminal(cli_variables, *arguments, "--pid", "4194305") as screen:
        assert screen.wait() == 2
        assert b"no process 4194305" in screen.seen
        assert b"Traceback" not in screen.seen
    assert ReceiverLock.holder(store) is None


def test_without_a_terminal_it_refuses_and_says_what_works(run_cli: RunCli) -> None:
    done = run_cli("tui")
    assert done.returncode == 5
    assert "hint: otx receive --print" in done.stderr


def test_a_dumb_terminal_is_refused(environment: Environment) -> None:
    class Keyboard(io.BytesIO):
        def isatty(self) -> bool:
            return True

    def world(term: str) -> Environment:
        return Environment(
            stdin=Keyboard(),
            stdout=Terminal(True),
            stderr=Terminal(True),
            variables={"TERM": term},
        )

    with pytest.raises(MachineError):
        require_terminal(world("dumb"))
    require_terminal(world("xterm"))


def test_an_unknown_theme_is_named(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "otx.toml").write_text('[tui]\ntheme = "neon-mauve"\n')
    with pytest.raises(UsageError, match="neon-mauve"):
        make_app(environment, TuiOptions(tmp_path / "store"))
