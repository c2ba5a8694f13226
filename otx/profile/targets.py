"""Which processes there are: what a pid names, and the children of processes, from /proc."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otx.errors import UsageError
from otx.profile.choice import NO_CHOICE, Choice
from otx.profile.memory import require_readable
from otx.profile.proc_text import read_lines

_PPID_FIELD, _FLAGS_FIELD = 1, 6
"""Of /proc/PID/stat behind the comm, which may hold anything but a ")" (proc(5))."""
_PF_KTHREAD = 0x00200000  # linux/sched.h


@dataclass(frozen=True)
class Target:
    """What to sample.

    Attributes:
        pids: Processes by id.
        children: Whether to sample their children too, those that exist and those to come.
        choice: Processes by what they are, also those that start later.
    """

    pids: tuple[int, ...] = ()
    children: bool = True
    choice: Choice = NO_CHOICE


def process_of(pid: int) -> int:
    """The process that an id names: itself, or the one that a thread's id belongs to.

    Raises:
        UsageError: There is no such process, or it has ended.
    """
    with suppress(OSError):
        for line in read_lines(f"/proc/{pid}/status"):
            name, _, value = line.partition(":")
            if name == "Tgid":
                return _living(int(value))
    raise UsageError(
        f"there is no process {pid}", hint="pgrep -l NAME lists the ids of a program by name"
    )


def _living(pid: int) -> int:
    if is_alive(pid):
        return pid
    parent = _stat(pid)[_PPID_FIELD:][:1] or ["?"]
    raise UsageError(
        f"process {pid} has ended: it is a zombie",
        hint=f"its parent {parent[0]} has not asked for its exit code yet",
    )


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended.

    One whose first thread has ended lives on in the others.
    """
    if _is_running(_stat(pid)):
        return True
    with suppress(OSError):
        threads = Path(f"/proc/{pid}/task").iterdir()
        return any(_is_running(_stat(pid, int(thread.name))) for thread in threads)
    return False


def is_kernel_thread(pid: int) -> bool:
    """Whether a process is one of the kernel's own, which have no program."""
    fields = _stat(pid)
    return len(fields) > _FLAGS_FIELD and bool(int(fields[_FLAGS_FIELD]) & _PF_KTHREAD)


def may_be_read(pid: int) -> bool:
    """Whether a process's memory may be read, in which the names of Python functions are."""
    try:
        require_readable(pid)
    except PermissionError:
        return False
    except OSError:
        return True  # it has ended meanwhile
    return True


def _stat(pid: int, tid: int | None = None) -> list[str]:
    """The fields of /proc/PID/stat behind the comm; none where there is no such process."""
    try:
        place = f"/proc/{pid}/stat" if tid is None else f"/proc/{pid}/task/{tid}/stat"
        return Path(place).read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _is_running(fields: list[str]) -> bool:
    return bool(fields) and fields[0] not in ("Z", "X")


def descendants_of(pids: Collection[int]) -> set[int]:
    """The children of processes, their children and so on, as they are now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                parent = int(_stat(int(entry.name))[_PPID_FIELD])
                children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    waiting = list(pids)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found - set(pids)
