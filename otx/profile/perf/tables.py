"""Unwind tables and mappings for walks in this process, where there is no BPF program to walk."""

import sys
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from otx.profile.unwind.published import NO_OBJECT, FileIdentity, MappedObject
from otx.profile.unwind.table import UnwindTable
from otx.profile.unwind.walk import Code


class LocalTables:
    """What walks know of objects and processes; a `Publisher` of `TableLoader`."""

    def __init__(self) -> None:
        self._next = NO_OBJECT + 1
        self._tables: dict[int, UnwindTable] = {}
        self._mappings: dict[int, tuple[Sequence[MappedObject], list[int]]] = {}

    def new_number(self) -> int | None:
        """A number for an object."""
        self._next += 1
        return self._next

    def put_table(self, number: int, table: UnwindTable) -> bool:
        """Let walks use a table; there is always room."""
        self._tables[number] = table
        return True

    def know_file(self, number: int, file: FileIdentity, shift: int) -> None:
        """Nothing walks before mappings are told."""

    def drop(self, number: int) -> None:
        """Forget an object."""
        self._tables.pop(number, None)

    def drop_table(self, number: int) -> None:
        """Forget an object's table."""
        self._tables.pop(number, None)

    @property
    def room_words(self) -> int:
        """There is room for every table."""
        return sys.maxsize

    def will_fit(self, words: int) -> bool:
        """Whether a table fits: it does."""
        return True

    def last_needed_ns(self) -> Sequence[int]:
        """When walks last came by: not asked, for nothing has to go."""
        return ()

    def set_mappings(self, pid: int, mappings: Sequence[MappedObject]) -> bool:
        """Tell what a process has mapped; there is always room.

        Args:
            mappings: Sorted by address, without overlaps.
        """
        self._mappings[pid] = mappings, list(map(attrgetter("start"), mappings))
        return True

    def share(self, pid: int, parent: int) -> None:
        """Let a forked process have its parent's mappings."""
        known = self._mappings.get(parent)
        if known is None:
            self.forget(pid)
        else:
            self._mappings[pid] = known

    def forget(self, pid: int) -> None:
        """A process is no more, or is another program."""
        self._mappings.pop(pid, None)

    def knows(self, pid: int) -> bool:
        """Whether a process's mappings are known."""
        return pid in self._mappings

    def find_code(self, pid: int, address: int) -> Code | None:
        """The mapping of a process that holds an address."""
        mappings, starts = self._mappings.get(pid, ((), []))
        at = bisect_right(starts, address) - 1
        if at < 0 or address >= mappings[at].end:
            return None
        return Code(mappings[at].bias, self._tables.get(mappings[at].number))
