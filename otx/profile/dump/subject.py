"""The process that is dumped: that it is one, and that it may be looked into."""

import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otx.errors import MachineError, UsageError
from otx.profile.memory import require_readable
from otx.profile.targets import process_of

_FLAGS_FIELD = 6  # of /proc/PID/stat behind the comm
_USER_HINT = "run otx as root (sudo), or with CAP_SYS_PTRACE"
_ROOT_HINT = "this root may not: it lacks CAP_SYS_PTRACE, or capabilities that the process has"
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, linux/sched.h


@dataclass(frozen=True, slots=True)
class Subject:
    """A process that has memory and may be looked into.

    Attributes:
        command: Its command line; "" where it has emptied that.
    """

    pid: int
    comm: str
    command: str

    def gone(self) -> UsageError:
        """The error for a process that ended meanwhile."""
        return UsageError(f"process {self.pid} ({self.comm}) ended while it was looked at")


def find_subject(pid: int) -> Subject:
    """The process that an id names: itself, or the one that a thread's id belongs to.

    Raises:
        UsageError: There is no such process, or it has no stack of its own.
        MachineError: It may not be looked into.
    """
    process = process_of(pid)
    if process == os.getpid():
        raise UsageError(f"process {pid} is otx itself", hint="the id of another process")
    folder = Path(f"/proc/{process}")
    try:
        head, _, tail = (folder / "stat").read_text(errors="replace").rpartition(")")
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        raise UsageError(f"there is no process {pid}") from None
    comm, fields = head.partition("(")[2], tail.split()
    subject = Subject(process, comm, command.strip())
    if int(fields[_FLAGS_FIELD]) & _KERNEL_THREAD:
        raise UsageError(
            f"process {process} ({comm}) is a thread of the kernel: it has no stack of a program",
            hint=f"cat /proc/{process}/stack shows the kernel's",
        )
    _require_readable(subject, folder)
    return subject


def _require_readable(subject: Subject, folder: Path) -> None:
    try:
        require_readable(subject.pid)
    except PermissionError:
        owner = "another user"
        with suppress(OSError, KeyError):
            owner = pwd.getpwuid(folder.stat().st_uid).pw_name
        raise MachineError(
            f"may not look into process {subject.pid} ({subject.comm}), which is {owner}'s",
            hint=_ROOT_HINT if os.geteuid() == 0 else _USER_HINT,
        ) from None
    except OSError:
        raise subject.gone() from None
