"""Control groups: where they are mounted, which one a path means, what is in them (cgroups(7)).

Version 2 is one hierarchy, version 1 one for each controller or set of them; a machine may have
both. A group's number is its directory's inode, and is its own within its hierarchy only.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from otx.errors import UsageError
from otx.profile.proc_text import read_lines

UNIFIED = 0
"""The hierarchy's number of version 2, as in /proc/PID/cgroup."""

_MOUNTS = Path("/proc/self/mountinfo")
_MEMBERSHIPS = Path("/proc/self/cgroup")
_NAMED = "name="
_MOUNT_FIELDS, _TAIL_FIELDS = 5, 3
"""Of a line of mountinfo, before and behind its dash, those that are read."""
_SHOWN = 5
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A mounted hierarchy.

    Attributes:
        number: As in /proc/PID/cgroup; 0 is version 2.
        mount: Where its groups are directories.
    """

    number: int
    mount: Path


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A control group.

    Attributes:
        id: Its directory's inode, which is what BPF programs see.
        hierarchy: The number of its hierarchy.
        path: Its directory.
    """

    id: int
    hierarchy: int
    path: Path


def parse_hierarchies(mounts: Iterable[str], memberships: Iterable[str]) -> list[Hierarchy]:
    """The hierarchies whose groups BPF programs can tell, version 2 first.

    Those of version 1 without a controller (name=systemd) are none of them: a process has no
    pointer to its group there.

    Args:
        mounts: Lines of /proc/PID/mountinfo (proc(5)), in whose paths blanks are octal.
        memberships: Lines of /proc/PID/cgroup, for the numbers of the hierarchies.
    """
    numbers = dict(_numbers(memberships))
    found: dict[int, Hierarchy] = {}
    for line in mounts:
        head, _, tail = line.partition(" - ")
        fields, kind = head.split(" "), tail.split(" ")
        if len(fields) < _MOUNT_FIELDS or len(kind) < _TAIL_FIELDS:
            continue
        mount = Path(_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        if kind[0] == "cgroup2":
            found.setdefault(UNIFIED, Hierarchy(UNIFIED, mount))
        elif kind[0] == "cgroup":
            options = set(kind[2].split(","))
            for controllers, number in numbers.items():
                if controllers <= options:
                    found.setdefault(number, Hierarchy(number, mount))
    return sorted(found.values(), key=lambda hierarchy: hierarchy.number)


def _numbers(memberships: Iterable[str]) -> Iterator[tuple[frozenset[str], int]]:
    """The hierarchies of version 1 that have controllers, by these."""
    for line in memberships:
        number, _, rest = line.partition(":")
        names = rest.partition(":")[0]
        if number.isdecimal() and names and not names.startswith(_NAMED):
            yield frozenset(names.split(",")), int(number)


def read_hierarchies() -> list[Hierarchy]:
    """The hierarchies of this machine, version 2 first.

    Raises:
        UsageError: There are none.
    """
    try:
        mounts = read_lines(_MOUNTS, errors="surrogateescape")  # paths, to be opened
        found = parse_hierarchies(mounts, read_lines(_MEMBERSHIPS))
    except OSError:
        found = []
    if not found:
        raise UsageError(
            "no control groups are mounted here", hint="mount -t cgroup2 none /sys/fs/cgroup"
        )
    return found


def find_cgroup(path: str, hierarchies: list[Hierarchy] | None = None) -> Cgroup:
    """The control group that a path means.

    Args:
        path: Its directory, or its name as in /proc/PID/cgroup (`/system.slice/nginx.service`),
            looked for in version 2 first.
        hierarchies: Those to look in; None for the machine's.

    Raises:
        UsageError: There is no such group.
    """
    known = read_hierarchies() if hierarchies is None else hierarchies
    if not path:  # a shell's variable that is not set, and not the group of all
        raise UsageError("a control group has a path", hint=_what_there_is(path, known))
    for hierarchy in sorted(known, key=lambda one: -len(one.mount.parts)):
        directory = Path(os.path.normpath(path))
        if directory.is_absolute() and directory.is_relative_to(hierarchy.mount):
            group = _group(hierarchy, directory)
            if group is not None:
                return group
    inside = os.path.normpath("/" + path.lstrip("/")).lstrip("/")  # no .. leads out of a hierarchy
    for hierarchy in known:
        group = _group(hierarchy, hierarchy.mount / inside)
        if group is not None:
            return group
    raise UsageError(f"there is no control group {path}", hint=_what_there_is(path, known))


def pids_below(directory: Path) -> set[int]:
    """The processes in a group and in those below it, as they are now."""
    found: set[int] = set()
    for folder in walk_groups(directory):
        with suppress(OSError, ValueError):  # a threaded group has none of its own to tell
            found.update(map(int, (folder / "cgroup.procs").read_text().split()))
    return found - {0}


def walk_groups(directory: Path) -> Iterator[Path]:
    """A group's directory and those below it; those that go away meanwhile are left out."""
    for folder, _, _ in os.walk(directory):
        yield Path(folder)


def _group(hierarchy: Hierarchy, directory: Path) -> Cgroup | None:
    """The group of a directory; None where it is none."""
    try:
        if not (directory / "cgroup.procs").exists():
            return None
        return Cgroup(directory.stat().st_ino, hierarchy.number, directory)
    except (OSError, ValueError):
        return None


def _what_there_is(path: str, hierarchies: list[Hierarchy]) -> str:
    """The groups that are where the path stops being one, in the hierarchy that has most of it."""
    given = PurePosixPath(os.path.normpath("/" + path.lstrip("/")))
    mounted = [one.mount for one in hierarchies if given.is_relative_to(one.mount)]
    wanted = (
        [Path(given)] if mounted else [one.mount / given.relative_to("/") for one in hierarchies]
    )
    for folder in sorted(map(_nearest, wanted), key=lambda folder: -len(folder.parts)):
        there = sorted(child.name for child in folder.iterdir() if child.is_dir())
        if there:
            more = ", ..." if len(there) > _SHOWN else ""
            return f"in {folder} there are: {', '.join(there[:_SHOWN])}{more}"
    return "systemd-cgls shows those of a machine with systemd"


def _nearest(folder: Path) -> Path:
    while not folder.is_dir():
        folder = folder.parent
    return folder
