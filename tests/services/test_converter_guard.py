"""A converter is kept running, and one that keeps dying is not hurried."""

import itertools
import subprocess
import sys

from otx.services.converter_guard import ConverterGuard

WAITER = "import sys; sys.stdin.read()"


def start(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


def test_a_converter_that_keeps_dying_is_started_ever_more_rarely() -> None:
    said: list[str] = []
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> "subprocess.Popen[bytes]":
        started.append(start("raise SystemExit(3)"))
        return started[-1]

    now = 1000.0
    with ConverterGuard(begin, said.append, clock=lambda: now) as guard:
        starts = []
        for _ in range(600):
            count = len(started)
            guard.check()
            if len(started) > count:
                starts.append(now)
                started[-1].wait()
            now += 1.0
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    # One second more each: the end is seen at the next look.
    assert gaps[:8] == [2, 3, 5, 9, 17, 33, 61, 61]
    assert guard.restarts == len(said) >= 8
    assert said[0] == "the converter ended with 3; it is started again"
    assert said[2] == "the converter ended with 3; it is started again in 4 s"


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
