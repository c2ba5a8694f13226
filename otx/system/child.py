"""Runs a command as if this process were not there: its signals, its exit code, what it used.

Signals are taken by `sigwaitinfo`, which says who sent them: one that the terminal sends, as Ctrl-C
does, reaches the whole process group and so the command too; only what another process sent to this
one alone is passed on.
"""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from resource import struct_rusage

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""What a shell returns for a command that cannot be started (POSIX, "Exit Status for Commands")."""
_SIGNAL_BASE = 128
_PASSED_ON = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGCONT,
    signal.SIGWINCH,
}
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}
_BY_THE_KERNEL = 0x80
"""`si_code` of a signal that a terminal sent (SI_KERNEL, sigaction(2))."""


@dataclass(frozen=True, slots=True)
class PassedSignal:
    """A signal that was passed on, and when by the monotonic clock."""

    number: signal.Signals
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: What a shell would return: 128 and the signal's number where one killed it.
        pid: 0 where it could not be started.
        killed_by: The signal that killed it; None where none did.
        cannot_start: Why it could not be started, "" where it was.
        usage: What it and its children used (getrusage(2)); None where it could not be started.
        passed_on: Signals that it was sent through this process.
    """

    code: int
    started_ns: int
    ended_ns: int
    pid: int = 0
    killed_by: signal.Signals | None = None
    cannot_start: str = ""
    usage: struct_rusage | None = None
    passed_on: tuple[PassedSignal, ...] = field(default_factory=tuple)


def run_child(words: Sequence[str], variables: Mapping[str, str]) -> Ended:
    """Run a command to its end.

    Call it from the main thread, before there are others: a signal goes to any that takes it.

    Args:
        words: The program, looked up in PATH, and its arguments.
        variables: Its environment.
    """
    watched = _PASSED_ON | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    # Ignored, children would vanish without a status; it is inherited from who started us.
    former = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    started_ns = time.monotonic_ns()
    try:
        try:
            pid = os.posix_spawnp(
                words[0],
                list(words),
                dict(variables),
                setsigmask=before,
                setsigdef=_IGNORED_BY_PYTHON,
            )
        except OSError as error:
            code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
            why = error.strerror or str(error)
            return Ended(code, started_ns, time.monotonic_ns(), cannot_start=why)
        except ValueError as error:  # a NUL byte, which no argument can have
            return Ended(NOT_EXECUTABLE, started_ns, time.monotonic_ns(), cannot_start=str(error))
        return _wait(pid, watched, started_ns)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGCHLD, former)


def _wait(pid: int, watched: set[signal.Signals], started_ns: int) -> Ended:
    passed_on: list[PassedSignal] = []
    while True:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            break
        info = signal.sigwaitinfo(watched)
        number = signal.Signals(info.si_signo)
        if number is not signal.SIGCHLD and info.si_code != _BY_THE_KERNEL:
            os.kill(pid, number)
            passed_on.append(PassedSignal(number, time.monotonic_ns()))
    code = os.waitstatus_to_exitcode(status)
    return Ended(
        code=code if code >= 0 else _SIGNAL_BASE - code,
        started_ns=started_ns,
        ended_ns=time.monotonic_ns(),
        pid=pid,
        killed_by=None if code >= 0 else signal.Signals(-code),
        usage=usage,
        passed_on=tuple(passed_on),
    )
