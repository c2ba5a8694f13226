"""`otx profile --live` as a person has it: a real terminal, real targets, every way to an end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.system.bpf_support import probe_all
from tests.conftest import RunCli
from tests.e2e.test_profile import BUSY, FOLDED_LINE
from tests.on_a_terminal import PATIENCE_S, on_a_terminal

TOLD_TO_END = """
import signal, sys
def end(*_):
    print('told to end')
    sys.exit(7)
signal.signal(signal.SIGINT, end)
"""
"""A handler: CPython 3.11 lets KeyboardInterrupt out of a `try` between two rounds of its loop."""
READY = "● live  pid "


@pytest.fixture
def busy() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.fixture
def needs_bpf() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


def hot_share(file: Path) -> float:
    """The share of folded samples that `hot` is on."""
    total = hot = 0
    for line in file.read_text().splitlines():
        assert FOLDED_LINE.fullmatch(line)
        stack, _, count = line.rpartition(" ")
        total += int(count)
        hot += int(count) * any(frame.startswith("hot (") for frame in stack.split(";"))
    return hot / total


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
class TestWithBpf:
    def test_the_picture_grows_and_what_was_sampled_is_written_at_the_end(
        self, cli_variables: dict[str, str], busy: "subprocess.Popen[bytes]", tmp_path: Path
    ) -> None:
        out = tmp_path / "out.folded"
        arguments = ("profile", "--live", "--pid", str(busy.pid), "-F", "499", "-o", str(out))
        with on_a_terminal(cli_variables, *arguments) as screen:
            screen.wait_for("hot")
            screen.press("q")
            assert screen.wait() == 0
            # The terminal is as it was: no other screen, and the cursor is there.
            assert screen.seen.rindex(b"\x1b[?1049l") > screen.seen.rindex(b"\x1b[?1049h")
            assert screen.seen.rindex(b"\x1b[?25h") > screen.seen.rindex(b"\x1b[?25l")
        assert hot_share(out) > 0.8

    @pytest.mark.parametrize(
        "number",
        [pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGHUP],
        ids=lambda number: number.name,
    )
    def test_a_signal_ends_it_and_nothing_is_lost(
        self,
        cli_variables: dict[str, str],
        busy: "subprocess.Popen[bytes]",
        tmp_path: Path,
        number: signal.Signals,
    ) -> None:
        out = tmp_path / "out.folded"
        arguments = ("profile", "--live", "--pid", str(busy.pid), "-F", "499", "-o", str(out))
        with on_a_terminal(cli_variables, *arguments) as screen:
            screen.wait_for("hot")
            if number is signal.SIGHUP:
                screen.hang_up()  # the kernel sends it, and every write fails from now on
                assert screen.process.wait(PATIENCE_S) == 0
            else:
                screen.process.send_signal(number)
                assert screen.wait() == 0
        assert hot_share(out) > 0.8

    def test_a_target_that_ends_is_told_and_its_picture_stays(
        self, cli_variables: dict[str, str], busy: "subprocess.Popen[bytes]"
    ) -> None:
        arguments = ("profile", "--live", "--pid", str(busy.pid), "-F", "499")
        with on_a_terminal(cli_variables, *arguments) as screen:
            screen.wait_for("hot")
            busy.kill()
            screen.wait_for("all sampled processes have ended")
            screen.press("\x03")
            assert screen.wait() == 0
            screen.wait_for("hottest functions")  # the summary, as without --live
            assert b"unwound_fully" in screen.seen

    def test_a_command_writes_behind_the_screen_and_passes_its_code_on(
        self, cli_variables: dict[str, str], tmp_path: Path
    ) -> None:
        out = str(tmp_path / "out.folded")
        command = (sys.executable, "-c", TOLD_TO_END + BUSY)
        with on_a_terminal(cli_variables, "profile", "--live", "-o", out, "--", *command) as screen:
            screen.wait_for("hot")
            assert b"ready" not in screen.seen
            screen.press("\x03")
            assert screen.wait() == 7
            _, _, after = screen.seen.rpartition(b"\x1b[?1049l")
            assert after.index(b"ready") < after.index(b"told to end")

    @pytest.mark.long  # two seconds have to go by
    def test_time_that_is_over_ends_it(
        self, cli_variables: dict[str, str], busy: "subprocess.Popen[bytes]", tmp_path: Path
    ) -> None:
        out = tmp_path / "out.json"
        arguments = ("profile", "--live", "--pid", str(busy.pid), "-d", "2s", "-o", str(out))
        with on_a_terminal(cli_variables, *arguments, "--event", "wall") as screen:
            screen.wait_for("Wall time")
            assert screen.wait() == 0
        assert '"wall"' in out.read_text()


def test_without_bpf_perf_events_are_taken_and_that_is_said(
    cli_variables: dict[str, str], busy: "subprocess.Popen[bytes]"
) -> None:
    arguments = ("profile", "--live", "--pid", str(busy.pid), "--backend", "perf")
    with on_a_terminal(cli_variables, *arguments) as screen:
        screen.wait_for("sampling with perf events")
        screen.wait_for(READY)
        screen.press("q")
        assert screen.wait() == 0


class TestRefusals:
    def test_no_terminal(self, run_cli: RunCli) -> None:
        done = run_cli("profile", "--live", "--pid", str(os.getpid()))
        assert (done.returncode, done.stdout) == (5, "")
        assert "the screens need a terminal" in done.stderr
        assert "hint: otx profile -o FILE.html" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (("--pid", "4194305"), 2, "no process 4194305"),
            (("--", "/nonexistent/program"), 2, "cannot run /nonexistent/program"),
            (("--self-test",), 2, "--self-test has no picture to show"),
        ],
    )
    def test_the_screen_is_not_taken(
        self, cli_variables: dict[str, str], arguments: tuple[str, ...], code: int, said: str
    ) -> None:
        with on_a_terminal(cli_variables, "profile", "--live", *arguments) as screen:
            assert screen.wait() == code
            assert said.encode() in screen.seen
            assert b"\x1b[?1049h" not in screen.seen
            assert b"Traceback" not in screen.seen
