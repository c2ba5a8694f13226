"""Unwind tables and mappings in the maps that bpf/unwind.h reads.

An object is known to BPF programs by its number, from the moment a process has it mapped; its table
comes later, for all processes at once. A process's mappings are a sorted stretch of one array; a
new stretch takes the place of the old one in a single step, and forked processes share theirs.
"""

import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from otx.errors import MachineError
from otx.profile.unwind.pool import StretchPool
from otx.profile.unwind.table import UnwindTable

BLOCK_SIZE = 4096
"""sizeof(struct block); tables begin at one, so that writing one touches no other's pages."""
MAX_MAPPINGS_A_PROCESS = 4096  # 2^MAPPING_STEPS or fewer

_OBJECT = struct.Struct("<QIIIIII")
_NEEDED_WORD, _OBJECT_WORDS = 6, _OBJECT.size // 4
_NEEDED_SHIFT = 30
"""What is needed is noted in a second or so of nanoseconds (NEEDED_SHIFT)."""
_MAPPING = struct.Struct("<QQQII")
_SPACE = struct.Struct("<II")
_NUMBER = struct.Struct("<I")
_FILE_KEY = struct.Struct("<QQQII")
_KNOWN_FILE = struct.Struct("<IIQ")
_MINOR_BITS = 20  # linux/kdev_t.h
_WORD_MASK = (1 << 64) - 1
_WORD_SIZE = 4
NO_OBJECT = 0


_LEAST_ROOM, _MOST_ROOM = 16 << 20, 64 << 20
_SHARE_OF_MEMORY = 64
_MANY_MAPPINGS = 1 << 17


def room_for_many(memory: int) -> dict[str, int]:
    """The sizes of maps for hundreds of programs, whose tables are more than the usual 16 MiB.

    The kernel takes the memory at once, full or not. All of a Debian server's programs and
    libraries together have 44 MiB of tables.

    Args:
        memory: The machine's, in bytes.
    """
    room = min(max(memory // _SHARE_OF_MEMORY, _LEAST_ROOM), _MOST_ROOM)
    return {"unwind_words": room // BLOCK_SIZE, "unwind_mappings": _MANY_MAPPINGS}


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells a file and its contents in the kernel (`struct file_key` of bpf/vmas.h).

    Attributes:
        device: `major:minor` in hex, as /proc/PID/maps has it.
        changed_ns: Unix time of the last change.
    """

    device: str
    inode: int
    size: int
    changed_ns: int

    def for_bpf(self) -> bytes:
        """The key that BPF programs make of a mapped file."""
        major, _, minor = self.device.partition(":")
        device = int(major, 16) << _MINOR_BITS | int(minor or "0", 16)
        return _FILE_KEY.pack(self.inode, self.size, self.changed_ns, device, 0)


class WritableMap(Protocol):
    """A BPF map."""

    @property
    def max_entries(self) -> int:
        """How many elements it has room for."""

    def update(self, key: bytes, value: bytes) -> None:
        """Set the value of a key; raises MachineError where the map is full."""

    def delete(self, key: bytes) -> None:
        """Forget a key."""

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes of an array's memory."""

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of an array's memory."""


@dataclass(frozen=True, slots=True)
class MappedObject:
    """An executable mapping of a process.

    Attributes:
        bias: What to take off an address of the process to get one of the file.
        number: The object's number; NO_OBJECT where it has none.
    """

    start: int
    end: int
    bias: int
    number: int


@dataclass(slots=True)
class _Space:
    """A stretch of mappings, and how many processes are said to have it."""

    first: int
    mappings: tuple[MappedObject, ...]
    processes: int = 0


@dataclass(frozen=True)
class UnwindMaps:
    """The maps of bpf/unwind.h."""

    words: WritableMap
    objects: WritableMap
    mappings: WritableMap
    spaces: WritableMap
    files: WritableMap


class PublishedTables:
    """What BPF programs know of objects and processes.

    Args:
        maps: The maps of a loaded object, empty.
        clock_ns: A monotonic clock.
    """

    def __init__(self, maps: UnwindMaps, clock_ns: Callable[[], int]) -> None:
        self._maps = maps
        self._clock_ns = clock_ns
        self._blocks = StretchPool(maps.words.max_entries, clock_ns)
        self._places = StretchPool(maps.mappings.max_entries, clock_ns)
        self._numbers = StretchPool(maps.objects.max_entries, clock_ns)
        self._numbers.take(NO_OBJECT + 1)
        self._blocks_of: dict[int, tuple[int, int]] = {}
        self._spaces: dict[int, _Space] = {}
        self._files: dict[int, bytes] = {}

    def new_number(self) -> int | None:
        """A number for an object; None where there is none left."""
        return self._numbers.take(1)

    @property
    def room_words(self) -> int:
        """The words of all tables for which there is room."""
        return self._maps.words.max_entries * BLOCK_SIZE // _WORD_SIZE

    def will_fit(self, words: int) -> bool:
        """Whether a table fits once what was dropped before has rested."""
        return self._blocks.will_fit(_blocks(words))

    def last_needed_ns(self) -> Sequence[int]:
        """When walks last came by each object, by number, to a second or so; 0: never."""
        raw = self._maps.objects.read(0, self._maps.objects.max_entries * _OBJECT.size)
        words = memoryview(raw).cast("I")
        return [at << _NEEDED_SHIFT for at in words[_NEEDED_WORD::_OBJECT_WORDS]]

    def put_table(self, number: int, table: UnwindTable) -> bool:
        """Let walks use an object's table; False where there is no room for it."""
        count = _blocks(table.words)
        first = self._blocks.take(count)
        if first is None:
            return False
        self._maps.words.write(first * BLOCK_SIZE, table.image())
        pages_at = first * (BLOCK_SIZE // _WORD_SIZE)
        rules_at = pages_at + len(table.pages)
        rows_at = rules_at + len(table.rules) // _WORD_SIZE
        now = self._clock_ns() >> _NEEDED_SHIFT
        entry = _OBJECT.pack(table.base, pages_at, table.page_count, rules_at, rows_at, now, 0)
        self._maps.objects.update(_NUMBER.pack(number), entry)
        self._blocks_of[number] = first, count
        return True

    def know_file(self, number: int, file: FileIdentity, shift: int) -> None:
        """Let walks find an object where it is mapped, before mappings are told of a process.

        Args:
            number: The object's.
            file: What it is mapped from.
            shift: From a place in the file to its address there.
        """
        key = file.for_bpf()
        with suppress(MachineError):  # as many files as objects are known at most
            self._maps.files.update(key, _KNOWN_FILE.pack(number, 0, shift & _WORD_MASK))
            self._files[number] = key

    def drop(self, number: int) -> None:
        """Take back an object's number and table; no process may have it."""
        if number in self._files:
            self._maps.files.delete(self._files.pop(number))
        self.drop_table(number)
        self._numbers.give_back(number, 1)

    def drop_table(self, number: int) -> None:
        """Take back an object's table; walks go on by frame pointers there."""
        self._maps.objects.update(_NUMBER.pack(number), bytes(_OBJECT.size))
        blocks = self._blocks_of.pop(number, None)
        if blocks is not None:
            self._blocks.give_back(*blocks)

    def set_mappings(self, pid: int, mappings: Sequence[MappedObject]) -> bool:
        """Tell what a process has mapped; False where there is no room, and it has none then.

        Args:
            mappings: Sorted by address, without overlaps.
        """
        before = self._spaces.get(pid)
        wanted = tuple(mappings)
        if before is not None and before.mappings == wanted:
            return True
        first = None
        if len(wanted) <= MAX_MAPPINGS_A_PROCESS:
            first = self._places.take(len(wanted)) if wanted else 0
        if first is None:
            self.forget(pid)
            return False
        packed = (_MAPPING.pack(m.start, m.end, m.bias, m.number, 0) for m in wanted)
        if wanted:
            self._maps.mappings.write(first * _MAPPING.size, b"".join(packed))
        self._point(pid, _Space(first, wanted))
        return True

    def share(self, pid: int, parent: int) -> None:
        """Let a forked process have its parent's mappings."""
        space = self._spaces.get(parent)
        if space is None:
            self.forget(pid)
        elif self._spaces.get(pid) is not space:
            self._point(pid, space)

    def forget(self, pid: int) -> None:
        """A process is no more, or is another program."""
        self._maps.spaces.delete(_NUMBER.pack(pid))
        self._leave(pid)

    def _point(self, pid: int, space: _Space) -> None:
        self._maps.spaces.update(_NUMBER.pack(pid), _SPACE.pack(space.first, len(space.mappings)))
        self._leave(pid)
        space.processes += 1
        self._spaces[pid] = space

    def _leave(self, pid: int) -> None:
        space = self._spaces.pop(pid, None)
        if space is None:
            return
        space.processes -= 1
        if not space.processes:
            self._places.give_back(space.first, len(space.mappings))


def _blocks(words: int) -> int:
    return -(-words * _WORD_SIZE // BLOCK_SIZE)
