"""Where unwind tables go, and what is mapped: to BPF programs, or to a walk in this process."""

from collections.abc import Sequence
from typing import Protocol

from otx.profile.unwind.published import FileIdentity, MappedObject
from otx.profile.unwind.table import UnwindTable


class Publisher(Protocol):
    """Where tables and mappings go (`PublishedTables`)."""

    def new_number(self) -> int | None:
        """A number for an object; None where there is none left."""

    def put_table(self, number: int, table: UnwindTable) -> bool:
        """Let walks use a table; False where there is no room."""

    def know_file(self, number: int, file: FileIdentity, shift: int) -> None:
        """Let walks find an object where it is mapped, before mappings are told of a process."""

    def drop(self, number: int) -> None:
        """Take back a number and its table."""

    def drop_table(self, number: int) -> None:
        """Take back the table of an object that may still be mapped."""

    @property
    def room_words(self) -> int:
        """The words of all tables for which there is room."""

    def will_fit(self, words: int) -> bool:
        """Whether a table fits once what was dropped before has rested."""

    def last_needed_ns(self) -> Sequence[int]:
        """When walks last came by each object, by number; 0: never."""

    def set_mappings(self, pid: int, mappings: Sequence[MappedObject]) -> bool:
        """Tell what a process has mapped; False where there is no room."""

    def share(self, pid: int, parent: int) -> None:
        """Let a forked process have its parent's mappings."""

    def forget(self, pid: int) -> None:
        """A process is no more."""
