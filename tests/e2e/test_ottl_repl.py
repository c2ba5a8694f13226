"""`otx ottl repl`: a script through a pipe, and a person at a real terminal."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import WAIT_S, RunCli, StartReceiver

_CONTROL = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_=>])")
_ASKS_FOR_CURSOR = b"\x1b[6n"
_SIZE = struct.pack("HHHH", 40, 120, 0, 0)


def test_a_script_is_carried_out_and_shown(run_cli: RunCli, tmp_path: Path) -> None:
    script = """\
# what the checkout says of itself
set(span.name, "GET /cart/{id}") where span.kind == SPAN_KIND_SERVER
replace_pattern(span.attributes["url.query"],
  "token=[^&]*", "token=$$1")
Len(span.attributes)
:save cart
:export cart.yaml
"""
    done = run_cli("ottl", "repl", stdin=script)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith('ottl(span)> set(span.name, "GET /cart/{id}") where')
    assert lines[1] == '  ~ span.name  "GET /cart/8812" → "GET /cart/{id}"'
    assert "9  int" in lines
    assert "\x1b" not in done.stdout
    assert run_cli("ottl", "check", "cart.yaml").returncode == 0
    assert run_cli("ottl", "test", "cart.test.yaml").returncode == 0


def test_a_line_that_fails_is_told_by_the_exit_code(run_cli: RunCli) -> None:
    done = run_cli("ottl", "repl", stdin='sett(span.name, "x")\nspan.name\n')
    assert done.returncode == 1
    assert "hint: did you mean set?" in done.stdout
    assert '"GET /cart/8812"  string' in done.stdout


def test_an_entry_that_is_not_closed_is_a_fault_at_the_end(run_cli: RunCli) -> None:
    done = run_cli("ottl", "repl", stdin='set(span.name, "x"\n')
    assert done.returncode == 1
    assert "hint: ) is missing" in done.stdout


def test_leaving_ends_a_script(run_cli: RunCli) -> None:
    done = run_cli("ottl", "repl", stdin="span.kind\n:quit\nnonsense(\n")
    assert done.returncode == 0
    assert "nonsense" not in done.stdout


def test_data_comes_from_a_file(run_cli: RunCli, tmp_path: Path) -> None:
    span = {
        "name": "a",
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7",
    }
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span, {**span, "name": "b"}]}]}]}
    (tmp_path / "spans.json").write_text(json.dumps(document))
    done = run_cli(
        *("ottl", "repl", "--in", "spans.json", "--context", "span"),
        stdin=':next\nname\n:all set(name, "c")\n',
    )
    assert done.returncode == 0
    assert '"b"  string' in done.stdout
    assert "2 of 2 spans matched, 2 changed, 0 failed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--in", "nothing.json"), "cannot read"),
        (("--in", "-"), "stdin holds what is typed"),
        (("--context", "spam"), "'spam' is no context"),
    ],
)
def test_what_cannot_be_used_is_refused(
    run_cli: RunCli, arguments: tuple[str, ...], message: str
) -> None:
    done = run_cli("ottl", "repl", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_is_written_to_is_read_again(
    start_receiver: StartReceiver, run_cli: RunCli, cli_variables: dict[str, str], tmp_path: Path
) -> None:
    receiver = start_receiver()

    def send(count: int) -> None:
        endpoint = f"http://{receiver.http}"
        sent = run_cli("send", "traces", "--endpoint", endpoint, "--count", str(count))
        assert sent.returncode == 0, sent.stderr

    send(5)
    with subprocess.Popen(
        [sys.executable, "-m", "otx", "ottl", "repl", "--store", str(tmp_path / "store")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=cli_variables,
    ) as prompt:
        assert prompt.stdin is not None
        assert prompt.stdout is not None
        prompt.stdin.write("span.name\n")
        prompt.stdin.flush()
        assert prompt.stdout.readline() == "ottl(span)> span.name\n"
        send(3)
        told, _ = prompt.communicate(":reset\n", WAIT_S)
    assert prompt.returncode == 0
    assert ": 8 spans\n" in told
    assert "record 1 of 8" in told


class Screen:
    """A program at a pseudo-terminal: keys in, and all that it wrote."""

    def __init__(self, arguments: list[str], variables: dict[str, str], cwd: Path) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, _SIZE)
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=variables,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._raw = b""
        self._seen = 0

    def resize(self, columns: int) -> None:
        """Another width of the terminal, as a person makes it by dragging its edge."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.kill(self.process.pid, signal.SIGWINCH)

    def press(self, keys: str) -> None:
        """Type; what was written before is forgotten by `wait_for`."""
        self._read(0)
        self._seen = len(self.text)
        os.write(self._master, keys.encode())

    @property
    def text(self) -> str:
        """All that was written, without control sequences."""
        return _CONTROL.sub("", self.raw)

    @property
    def raw(self) -> str:
        """All that was written."""
        return self._raw.decode("utf-8", "replace")

    def wait_for(self, text: str) -> None:
        """Wait for something that is written after the last key."""
        self._wait(lambda: text in self.text[self._seen :], text)

    def wait_for_raw(self, text: str) -> None:
        """Wait for control sequences and all."""
        self._wait(lambda: text in self.raw, repr(text))

    def end(self) -> int:
        """The exit code, once everything was read."""
        ends_s = time.monotonic() + WAIT_S
        while self.process.poll() is None:
            self._read(0.05)
            assert time.monotonic() < ends_s, f"it does not end; last it wrote {self.text[-500:]!r}"
        self._read(0)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        ends_s = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < ends_s, f"no {what} in {self.text[self._seen :]!r}"
            self._read(0.05)

    def _read(self, timeout_s: float) -> None:
        while select.select([self._master], [], [], timeout_s)[0]:
            with contextlib.suppress(OSError):  # EIO: the program has ended
                if data := os.read(self._master, 1 << 16):
                    self._raw += data
                    if _ASKS_FOR_CURSOR in data:
                        os.write(self._master, b"\x1b[1;1R")
                    continue
            return


@pytest.fixture
def screen(cli_variables: dict[str, str], tmp_path: Path) -> Iterator[Screen]:
    """The prompt on the sample, waiting for the first key."""
    variables = {**cli_variables, "TERM": "xterm-256color"}
    made = Screen([sys.executable, "-m", "otx", "ottl", "repl"], variables, tmp_path)
    made.wait_for("ottl(span)>")
    yield made
    made.close()


def test_a_person_sees_the_record_and_how_to_go_on(screen: Screen) -> None:
    screen.wait_for("record 1 of 3   context inferred   0 statements ran")
    assert "the built-in sample: 1 span, 1 log record, 1 metric" in screen.text
    assert ":help lists the commands" in screen.text
    screen.press("\x04")
    assert screen.end() == 0


def test_keys_of_the_data_are_completed(screen: Screen) -> None:
    screen.press('set(span.attributes["http.ro')
    screen.wait_for("in 1 record")
    screen.press("\t")
    screen.wait_for('te"]')
    screen.press(', "/")\r')
    screen.wait_for('~ span.attributes["http.route"]  "/cart/{id}" → "/"')


def test_a_fault_stays_at_the_prompt_and_is_cleared_by_ctrl_c(screen: Screen) -> None:
    screen.press('sett(span.name, "x")\r')
    screen.wait_for("did you mean set?")
    screen.press("\x03")
    screen.wait_for("ottl(span)>")
    screen.press("Len(span.attributes)\r")
    screen.wait_for("9  int")
    screen.press("\x04")
    assert screen.end() == 0


def test_a_fault_is_told_whole_on_a_narrow_terminal(screen: Screen) -> None:
    screen.resize(50)
    screen.press('set(resource.attributes["a"], ToUppercase(span.name))\r')
    screen.wait_for("undefined function 'ToUppercase'")
    screen.wait_for("ToUpperCase?")


def test_an_open_bracket_goes_on_in_the_next_line(screen: Screen) -> None:
    screen.press("set(span.name,\r")
    screen.wait_for("...>")
    screen.press('"new")\r')
    screen.wait_for('~ span.name  "GET /cart/8812" → "new"')
    screen.press(":undo\r")
    screen.wait_for('~ span.name  "new" → "GET /cart/8812"')


def test_what_was_typed_is_kept_for_next_time(screen: Screen, tmp_path: Path) -> None:
    screen.press('set(span.name, "kept")\r')
    screen.wait_for("✓ ran")
    screen.press(" Len(span.name)\r")
    screen.wait_for("4  int")
    screen.press(":quit\r")
    assert screen.end() == 0
    history = tmp_path / ".local/state/otx/ottl-history"
    assert '+set(span.name, "kept")' in history.read_text()
    assert "Len" not in history.read_text()  # it began with a blank
    assert history.stat().st_mode & 0o777 == 0o600


def test_changes_are_coloured_unless_that_is_not_wanted(
    screen: Screen, cli_variables: dict[str, str], tmp_path: Path
) -> None:
    screen.press("set(span.kind, 3)\r")
    screen.wait_for_raw("\x1b[33m  ~ span.kind  SPAN_KIND_SERVER → SPAN_KIND_CLIENT")
    variables = {**cli_variables, "TERM": "xterm", "NO_COLOR": "1"}
    plain = Screen([sys.executable, "-m", "otx", "ottl", "repl"], variables, tmp_path)
    try:
        plain.wait_for("ottl(span)>")
        plain.press("set(span.kind, 3)\r")
        plain.wait_for("~ span.kind  SPAN_KIND_SERVER → SPAN_KIND_CLIENT")
        plain.press("\x04")
        assert plain.end() == 0
        assert not re.search(r"\x1b\[(3[0-8]|4[0-8]|9\d|10\d)", plain.raw)
    finally:
        plain.close()
