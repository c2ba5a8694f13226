"""Silence for C libraries that write to stderr and cannot be told not to."""

import ctypes
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_lock = threading.Lock()
_silent = 0
_kept: int | None = None


@contextmanager
def silenced() -> Iterator[None]:
    """Send what C writes to its stderr nowhere; Python's own stderr is another and stays.

    Other threads' C code is silent meanwhile, too. Elsewhere than with glibc nothing is done: there
    the variable may not be written to.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _silent, _kept
    with _lock:
        if _silent == 0:
            variable = _stderr()
            _kept, variable.value = variable.value, _nowhere()
        _silent += 1


def _leave() -> None:
    global _silent
    with _lock:
        _silent -= 1
        if _silent == 0:
            _stderr().value = _kept


@cache
def _stderr() -> ctypes.c_void_p:
    """C's variable `stderr`, a FILE*."""
    return ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr")


@cache
def _nowhere() -> int | None:
    """A FILE* of /dev/null, opened once."""
    open_ = ctypes.CDLL(None).fopen
    open_.restype = ctypes.c_void_p
    opened: int | None = open_(b"/dev/null", b"w")
    return opened
