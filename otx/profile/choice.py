"""Which processes are sampled for what they are: every one, those of a name, those in a cgroup.

The kernel side (bpf/targets.h) looks at each process it meets, so that those which start later are
sampled as well; what is here tells it what to look for, and finds those that are there already.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otx.errors import UsageError
from otx.profile.cgroups import Cgroup, pids_below

_CHOICE = struct.Struct("<6IQ")
_CGROUP_KEY = struct.Struct("<QII")
_COMM_SIZE = 16
MAX_CHOSEN = 256
_ALL_HIERARCHIES = 64
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a process has to be for being sampled: any of these.

    Attributes:
        everything: Every process, kernel threads among them, is.
        names: The names (comms) of processes, of which the kernel keeps 15 bytes.
        cgroups: Control groups, with those below them.

    Raises:
        UsageError: There are too many names or groups (256 of each), or a name is empty.
    """

    everything: bool = False
    names: tuple[str, ...] = ()
    cgroups: tuple[Cgroup, ...] = ()

    def __post_init__(self) -> None:
        if max(len(self.names), len(self.cgroups)) > MAX_CHOSEN:
            raise UsageError(f"more than {MAX_CHOSEN} names or control groups to sample")
        if not all(self.names):
            raise UsageError("a process has a name of one letter at least", hint="--comm nginx")

    def __bool__(self) -> bool:
        return self.everything or bool(self.names or self.cgroups)

    @property
    def may_be_many(self) -> bool:
        """Whether hundreds of different programs may be among them."""
        return self.everything or bool(self.cgroups)

    def for_bpf(self, flags: int, excluded_pid: int, *, kernel_threads: bool) -> bytes:
        """`struct choice` of bpf/targets.h.

        Args:
            flags: How what is chosen is sampled.
            excluded_pid: A process that is never chosen.
            kernel_threads: Whether those are sampled where everything is.
        """
        hierarchies = 0
        for group in self.cgroups:
            if group.hierarchy:
                hierarchies |= 1 << group.hierarchy % _ALL_HIERARCHIES
        return _CHOICE.pack(
            self.everything,
            bool(self.names),
            flags,
            excluded_pid,
            any(not group.hierarchy for group in self.cgroups),
            self.everything and kernel_threads,
            hierarchies,
        )

    def name_keys(self) -> list[bytes]:
        """The names as the kernel keeps them."""
        return [_comm(name).ljust(_COMM_SIZE, b"\0") for name in self.names]

    def cgroup_keys(self) -> list[bytes]:
        """`struct cgroup_key` of each group."""
        return [_CGROUP_KEY.pack(group.id, group.hierarchy, 0) for group in self.cgroups]

    def named_pids(self) -> set[int]:
        """The processes that have one of the names now."""
        names = {_comm(name) for name in self.names}
        return {pid for pid, comm in _comms() if comm in names} if names else set()

    def grouped_pids(self) -> set[int]:
        """The processes that are in one of the groups now."""
        return {pid for group in self.cgroups for pid in pids_below(group.path)}

    def __str__(self) -> str:
        """What is looked for, in words."""
        names = [f"a process called {name}" for name in self.names]
        return " or ".join([*names, *(f"a process in {group.path}" for group in self.cgroups)])


NO_CHOICE = Choice()
"""No process is sampled for what it is."""


def _comm(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")[: _COMM_SIZE - 1]


def _comms() -> Iterator[tuple[int, bytes]]:
    """Every process with its name."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "comm").read_bytes().removesuffix(b"\n")
