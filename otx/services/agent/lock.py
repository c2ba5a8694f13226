"""One agent a state folder: a lock that the kernel lets go of when the process ends, however."""

import fcntl
import os
from pathlib import Path

from otx.errors import MachineError

PID = "pid"


class Lock:
    """The lock of a running agent."""

    def __init__(self, number: int, path: Path) -> None:
        self._number = number
        self._path = path

    def release(self) -> None:
        """Let go; the file stays, empty, for a file that is removed could be locked twice."""
        os.ftruncate(self._number, 0)
        os.close(self._number)


def hold_lock(folder: Path) -> Lock:
    """Take the lock of a state folder, which is made.

    Raises:
        MachineError: Another agent has it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / PID
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = os.read(number, 32).decode(errors="replace").strip()
        os.close(number)
        raise MachineError(
            f"an agent runs already in {folder}" + (f", as process {other}" if other else ""),
            hint="`otx agent status` shows it; --state picks another folder",
        ) from None
    os.ftruncate(number, 0)
    os.pwrite(number, f"{os.getpid()}\n".encode(), 0)
    return Lock(number, path)


def running_pid(folder: Path) -> int | None:
    """The process id of the agent that holds a folder's lock; None where none does."""
    try:
        number = os.open(folder / PID, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(number, 32).decode(errors="replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(number)
    return None
