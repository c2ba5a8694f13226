"""Silence for C code, and for C code alone."""

import ctypes
import sys
import threading

import pytest

from otx.ottl.quiet_c import silenced


def complain(text: bytes) -> None:
    """Write to stderr as C libraries do."""
    c = ctypes.CDLL(None)
    stderr = ctypes.c_void_p.in_dll(c, "stderr")
    c.fputs(text, stderr)
    c.fflush(stderr)


def test_c_is_silent_and_python_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with silenced():
        complain(b"unheard\n")
        sys.stderr.write("heard\n")
    complain(b"heard again\n")
    assert capfd.readouterr().err == "heard\nheard again\n"


def test_the_last_of_several_threads_ends_the_silence(capfd: pytest.CaptureFixture[str]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with silenced():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait()
    with silenced():
        complain(b"unheard\n")
    complain(b"unheard\n")
    leave.set()
    thread.join()
    complain(b"heard\n")
    assert capfd.readouterr().err == "heard\n"
