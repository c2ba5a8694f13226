"""A converter is kept running, and one that keeps dying is given up."""

import subprocess
import sys

from otx.services.converter_guard import MAX_FAILURES, ConverterGuard

WAITER = "import sys; sys.stdin.read()"


def start(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


def test_a_converter_that_keeps_dying_is_given_up() -> None:
    said: list[str] = []
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> "subprocess.Popen[bytes]":
        started.append(start("raise SystemExit(3)"))
        return started[-1]

    with ConverterGuard(begin, said.append, retry_s=0) as guard:
        while len(said) < MAX_FAILURES:
            guard.check()
            started[-1].wait()
        guard.check()
    assert len(started) == MAX_FAILURES
    assert guard.restarts == MAX_FAILURES - 1
    assert said[-1] == "the converter ended 5 times; what comes stays in the log"


def test_a_converter_that_runs_is_left_alone_and_ended_at_the_end() -> None:
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> "subprocess.Popen[bytes]":
        started.append(start(WAITER))
        return started[-1]

    with ConverterGuard(begin, lambda _: None) as guard:
        guard.check()
        guard.check()
        assert len(started) == 1
        assert started[0].poll() is None
    assert started[0].poll() is not None
    assert guard.restarts == 0
