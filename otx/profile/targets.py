"""Which processes there are: what a pid names, and the children of processes, from /proc."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otx.errors import UsageError
from otx.profile.choice import NO_CHOICE, Choice

_PPID_FIELD = 1  # of /proc/PID/stat behind the comm, which may hold anything but a ")"


@dataclass(frozen=True)
class Target:
    """What to sample.

    Attributes:
        pids: Processes by id.
        children: Whether to sample their children too, those that exist and those to come.
        choice: Processes by what they are, also those that start later.
    """

    pids: tuple[int, ...]
    children: bool = True
    choice: Choice = NO_CHOICE


def process_of(pid: int) -> int:
    """The process that an id names: itself, or the one that a thread's id belongs to.

    Raises:
        UsageError: There is no such process.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name == "Tgid":
                return int(value)
    raise UsageError(
        f"there is no process {pid}", hint="pgrep -l NAME lists the ids of a program by name"
    )


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def descendants_of(pids: Collection[int]) -> set[int]:
    """The children of processes, their children and so on, as they are now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                stat = (entry / "stat").read_text(errors="replace")
                parent = int(stat.rpartition(")")[2].split()[_PPID_FIELD])
                children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    waiting = list(pids)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found - set(pids)
