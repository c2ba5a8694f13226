"""The standard streams of a process, and files that say where writing failed.

A stream may be closed, and its disk full: both are told as errors that the user can mend. A closed
stream is filled first, so that no file that is opened later becomes stdin, stdout or stderr.
"""

import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from otx.errors import MachineError, OtxError, UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_MISNAMED = frozenset(
    (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)
)
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_MACHINE = _FULL | {errno.EIO, errno.EROFS, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
STDOUT = "stdout"


class Writer(io.FileIO):
    """A file whose first failure to be written is raised as an `OtxError` that names it.

    What is written afterwards goes nowhere, so that the error itself can still be told. A pipe that
    nobody reads any more raises BrokenPipeError as ever.
    """

    def __init__(self, file: "int | Path", place: str) -> None:
        super().__init__(file, "wb", closefd=not isinstance(file, int))
        self._place = place
        self._is_lost = False

    def write(self, data: "ReadableBuffer") -> int:
        """Write what fits; how many bytes that were."""
        if self._is_lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._is_lost = True
            raise cannot_write(self._place, error) from None


class _Remarks(io.FileIO):
    """Stderr: where it cannot be written, nobody is left to be told, and the work goes on."""

    def write(self, data: "ReadableBuffer") -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


class _Closed(io.RawIOBase):
    """A stdin that was closed before the process began."""

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0

    def readinto(self, _: "WriteableBuffer") -> int:
        raise UsageError("cannot read stdin: it is closed", hint="redirect it from a file or pipe")


def standard_streams() -> tuple[BinaryIO, TextIO, TextIO]:
    """Stdin, stdout and stderr of this process; `sys` is given the same ones."""
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        _fill_closed()
    stdin: BinaryIO = io.BufferedReader(_Closed()) if sys.stdin is None else sys.stdin.buffer
    sys.stdout = _text(Writer(1, STDOUT), sys.stdout, "strict")
    sys.stderr = _text(_Remarks(2, "wb", closefd=False), sys.stderr, "backslashreplace")
    return stdin, sys.stdout, sys.stderr


def _fill_closed() -> None:
    """Open the null device for each stream that is closed, stdout such that writing fails."""
    for number, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free: this one


def _text(raw: io.FileIO, before: "TextIO | None", errors: str) -> io.TextIOWrapper:
    """A text stream in the encoding and with the buffering of the one that Python made."""
    buffer = io.BufferedWriter(raw)
    if not isinstance(before, io.TextIOWrapper):
        return io.TextIOWrapper(buffer, "utf-8", errors, newline="\n")
    return io.TextIOWrapper(
        buffer,
        before.encoding,
        before.errors,
        newline="\n",
        line_buffering=before.line_buffering,
        write_through=before.write_through,
    )


def cannot_write(place: str, error: OSError) -> OtxError:
    """The error for a place that cannot be written, with the exit code that its cause has."""
    what = f"cannot write {place}: {error.strerror}"
    if error.errno in _MISNAMED:
        return UsageError(what, hint="-o takes a file in a folder that exists, or -")
    return MachineError(what, hint=_hint(error, place))


def machine_error(error: OSError) -> MachineError | None:
    """The error for what a full disk or an exhausted machine refused; None for any other cause."""
    if error.errno not in _MACHINE:
        return None
    place = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.EROFS:  # not all that is written has an -o
        return MachineError(f"{place}{error.strerror}", hint="pick a place that you may write")
    return MachineError(f"{place}{error.strerror}", hint=_hint(error, "what was being written"))


def _hint(error: OSError, place: str) -> str:
    if error.errno in _FULL:
        return f"free space, or a quota or limit, where {place} is kept"
    if error.errno == errno.EBADF:
        return "it is closed: redirect it to a file, a pipe or /dev/null"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "-o takes a place that you may write, or -"
    return ""
