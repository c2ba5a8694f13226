"""A command that runs as if this process were not there."""

import os
import signal
import sys

import pytest

from otx.system.child import Ended, run_child


def run(*words: str) -> Ended:
    return run_child(words, os.environ)


def python(code: str) -> Ended:
    return run(sys.executable, "-c", code)


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_its_code_is_returned(code: int) -> None:
    ended = python(f"raise SystemExit({code})")
    assert (ended.code, ended.killed_by, ended.cannot_start) == (code, None, "")
    assert ended.pid > 0
    assert ended.ended_ns > ended.started_ns


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE])
def test_a_signal_that_ends_it_is_128_and_its_number(number: signal.Signals) -> None:
    # Of those that Python ignores, SIGPIPE is the one that a command counts on.
    ended = run("sh", "-c", f"kill -{int(number)} $$")
    assert (ended.code, ended.killed_by) == (128 + number, number)


def test_what_cannot_be_started_is_told_as_a_shell_does() -> None:
    assert run("no-such-program").code == 127
    assert run("/").code == 126
    assert run("a\0b").code == 126


def test_it_has_the_signals_that_it_would_have_without_us() -> None:
    code = """
import signal
blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
raise SystemExit(len(blocked) + (signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL))
"""
    assert python(code).code == 0


def test_nothing_stays_changed_here() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    handler = signal.getsignal(signal.SIGCHLD)
    python("pass")
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert signal.getsignal(signal.SIGCHLD) == handler


def test_what_it_used_is_counted() -> None:
    usage = python("sum(range(3_000_000))").usage
    assert usage is not None
    assert usage.ru_utime + usage.ru_stime > 0
    assert usage.ru_maxrss > 1_000
