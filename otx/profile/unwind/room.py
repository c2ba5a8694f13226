"""Who gets the room for unwind tables where it is short: what walks need, by when they needed it.

Walks note when they last came by an object, whether it has a table or not. So what found no room is
known to be missed, and what only stands there, mapped and not walked, is known to be idle.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from otx.model.units import NS_PER_S
from otx.profile.elf import ElfFile
from otx.profile.file_key import FileKey
from otx.profile.maps import Mapping

NO_ROOM = "no room"
IDLE_NS = 30 * NS_PER_S
"""A table that no walk needed for so long goes for one that is missed, though it is mapped."""
RETRY_NS = 2 * NS_PER_S
_RECENTLY_NS = 2 * RETRY_NS
_MAX_TOLD, _MAX_NAMED = 4096, 100


@dataclass(slots=True, eq=False)
class KnownObject:
    """An object file, or the kernel's library.

    Attributes:
        number: What BPF programs call it.
        cache_id: What its table is kept by.
        elf: Asked for its segments only: the file is closed.
        source: A process and its mapping of the object, to read it through.
        is_basic: Whether nearly every stack of the process goes through it.
        has_table: Whether walks use its table by now.
        words: The size of its table, where that is known.
        is_missed: Whether walks came by while it had no room.
        is_gone: Whether its file was gone with its process before the table was built.
    """

    key: FileKey
    number: int
    name: str
    cache_id: bytes
    elf: ElfFile
    source: tuple[int, Mapping]
    is_basic: bool
    has_table: bool = False
    words: int = 0
    is_missed: bool = False
    is_gone: bool = False


def expendable(
    objects: Iterable[KnownObject],
    mapped: Collection[int],
    last_needed_ns: Sequence[int],
    idle_since_ns: int | None,
) -> Iterator[KnownObject]:
    """Objects whose table may go for another one's, the least recently needed first.

    Those that no process maps come before all others.

    Args:
        objects: Those that may be asked.
        mapped: The numbers of what processes have mapped.
        last_needed_ns: When walks last came by, by number.
        idle_since_ns: Mapped ones may go too that were not needed since; None: none may.
    """
    tables = sorted(
        (one for one in objects if one.has_table), key=lambda one: last_needed_ns[one.number]
    )
    yield from (one for one in tables if one.number not in mapped)
    if idle_since_ns is not None:
        for one in tables:
            if one.number in mapped and last_needed_ns[one.number] < idle_since_ns:
                yield one


@dataclass(slots=True)
class Lacking:
    """The objects without a table, and why; those that found no room are tried again."""

    _reasons: dict[FileKey, str] = field(default_factory=dict)
    _roomless: list[KnownObject] = field(default_factory=list)
    _retry_at_ns: int = 0

    def __len__(self) -> int:
        return len(self._reasons)

    def texts(self) -> list[str]:
        """Objects with what they lack, in words; a hundred at most, the last ones."""
        last = list(self._reasons.items())[-_MAX_NAMED:]
        return [f"{name} ({reason})" for (name, *_), reason in last]

    def add(self, one: KnownObject, reason: str) -> None:
        """An object has no table, for good."""
        self._reasons.pop(_told(one), None)
        if len(self._reasons) >= _MAX_TOLD:
            del self._reasons[next(iter(self._reasons))]
        self._reasons[_told(one)] = reason

    def add_roomless(self, one: KnownObject, now_ns: int) -> None:
        """An object found no room for its table: it will be tried again when it is missed."""
        self.add(one, NO_ROOM)
        if not self._roomless:
            self._retry_at_ns = now_ns + RETRY_NS
        self._roomless.append(one)

    def is_due(self, now_ns: int) -> bool:
        """Whether it is time to look for what is missed."""
        return bool(self._roomless) and now_ns >= self._retry_at_ns

    def missed(self, last_needed_ns: Sequence[int], now_ns: int) -> list[KnownObject]:
        """What found no room and walks came by lately, what was needed last first."""
        self._retry_at_ns = now_ns + RETRY_NS
        since_ns = max(now_ns - _RECENTLY_NS, 0)  # which is never
        found = [one for one in self._roomless if last_needed_ns[one.number] > since_ns]
        return sorted(found, key=lambda one: last_needed_ns[one.number], reverse=True)

    def remove(self, one: KnownObject) -> None:
        """An object has its table, or is about to."""
        self._reasons.pop(_told(one), None)
        self.forget(one)

    def forget(self, one: KnownObject) -> None:
        """Nobody needs an object any more; what is said of it stays."""
        self._roomless = [other for other in self._roomless if other is not one]


def _told(one: KnownObject) -> FileKey:
    _, inode, size, changed_ns = one.key
    return one.name, inode, size, changed_ns
