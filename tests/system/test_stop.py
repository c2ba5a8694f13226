"""How a command learns that it should stop."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from otx.system.stop import StopSignal

WAITER = """
import sys, threading
from otx.system.stop import StopSignal
with StopSignal() as stop:
    print("ready", flush=True)
    stop.wait()
    print("draining", flush=True)
    threading.Event().wait(60) if sys.argv[1] == "hang" else None
"""


def start(mode: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WAITER, mode], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_for_a_clean_end(number: signal.Signals) -> None:
    process = start("end")
    try:
        process.send_signal(number)
        assert process.communicate(timeout=20)[0] == "draining\n"
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_signal_ends_at_once(number: signal.Signals, code: int) -> None:
    process = start("hang")
    try:
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stdout.readline() == "draining\n"
        process.send_signal(number)
        assert process.wait(timeout=20) == code
    finally:
        process.kill()
        process.communicate()


def test_asking_from_within_and_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal() as stop:
        assert not stop.wait(0)
        stop.ask()
        assert stop.is_set
        assert stop.wait(0)
    assert signal.getsignal(signal.SIGTERM) is before


HEARER = """
import sys
from otx.system.stop import StopSignal
with StopSignal() as stop:
    stop.hear_hangup(lambda: print("hung up", flush=True))
    print("ready", flush=True)
    stop.wait()
    print("to nobody", file=sys.stderr)
    open(sys.argv[1], "w").write("drained")
"""


def test_a_hangup_is_heard_and_ends_nothing() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HEARER, os.devnull], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
            assert process.stdout.readline() == "hung up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_hangup_of_a_terminal_that_is_gone_asks_for_the_end(tmp_path: Path) -> None:
    done = tmp_path / "done"
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", HEARER, str(done)], stdout=there, stderr=there, text=True
    )
    try:
        os.close(there)
        said = b""
        while not said.endswith(b"\n"):
            said += os.read(here, 100)
        assert said == b"ready\r\n"
        os.close(here)
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=20) == 0
        assert done.read_text() == "drained"
    finally:
        process.kill()
        process.wait()
