"""Files that are there as a whole or not at all, after a crash as well.

POSIX promises that a rename is atomic to other processes; that it survives a power cut needs an
fsync of the file before it and of the directory after it. Locks are "open file description" locks
(fcntl(2), F_OFD_SETLK): they end with their process however it ends, and unlike flock(2) they can
be looked at without being taken, so that a curious reader never gets in a claimant's way.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from otx.errors import MachineError

Step: TypeAlias = Callable[[str], None]
"""Called with a step's name before each change on disk; tests end the process there."""

_NOT_OURS = frozenset((errno.EROFS, errno.EACCES, errno.EPERM, errno.EISDIR))

_FLOCK = struct.Struct("hhqqi4x")
"""struct flock of 64-bit Linux: type, whence, start, len, pid."""


def no_step(name: str) -> None:
    """Do nothing before a step: what everybody but a crash test wants."""


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file's content durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path) -> None:
    """Create a directory and those above it, durably; fine when it is there."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    sync_directory(directory.parent)


def replace_durably(path: Path, content: bytes, step: Step = no_step) -> None:
    """Replace a small file as a whole: after a crash it holds the old content or the new."""
    beside = path.with_name(path.name + ".new")
    step(f"write {path.name}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    step(f"rename {path.name}")
    beside.replace(path)
    step(f"sync {path.name}")
    sync_directory(path.parent)


class FileLock:
    """An exclusive lock on a file, held by this process until it is released or ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def acquire(self) -> bool:
        """Take the lock if nobody has it; whether it is ours now.

        Raises:
            MachineError: Its file cannot be written, as on a file system that is read-only.
        """
        if self._descriptor >= 0:
            return True
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
            raise MachineError(
                f"cannot write {self.path}: {error.strerror}",
                hint="pick a place that you may write (of a store: --store DIR or OTX_STORE)",
            ) from None
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_WRLCK))
        except (BlockingIOError, PermissionError):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back; fine when it is not held."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_locked(path: Path) -> bool:
    """Whether any process, this one included, holds a `FileLock` on a path; takes nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _whole_file(fcntl.F_WRLCK))
        return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
    finally:
        os.close(descriptor)


def _whole_file(kind: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0)
