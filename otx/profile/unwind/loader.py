"""Which unwind tables the BPF programs have: those of every object that a followed process maps.

A table that was built before is read from the cache at once. The others are built a few functions
at a time by `advance`, because a process's Python frames have to be named meanwhile: first what is
on nearly every stack (programs, C libraries, libpython), then what a walk ended in, then the rest.
Tables stay when no process maps their object any more, until their room is needed.
"""

import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from otx.errors import MachineError
from otx.profile.elf import ElfFile, bytes_reader, file_reader
from otx.profile.errors import UnreadableError
from otx.profile.maps import AddressSpace, Mapping
from otx.profile.memory import ProcessMemory
from otx.profile.objects import FileKey, file_key, opened
from otx.profile.unwind.cache import TableCache
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.pool import REST_NS
from otx.profile.unwind.published import NO_OBJECT, MappedObject
from otx.profile.unwind.table import UnwindTable, build_in_steps

VDSO = "[vdso]"
_VSYSCALL = "[vsyscall]"
_MAX_VDSO_SIZE = 1 << 20
_BASIC_LIBRARIES = ("libc.so", "libc-", "ld-linux", "ld-musl", "libpython")


class Publisher(Protocol):
    """Where tables and mappings go (`PublishedTables`)."""

    def new_number(self) -> int | None:
        """A number for an object; None where there is none left."""

    def put_table(self, number: int, table: UnwindTable) -> bool:
        """Let walks use a table; False where there is no room."""

    def drop(self, number: int) -> None:
        """Take back a number and its table."""

    def set_mappings(self, pid: int, mappings: Sequence[MappedObject]) -> bool:
        """Tell what a process has mapped; False where there is no room."""

    def share(self, pid: int, parent: int) -> None:
        """Let a forked process have its parent's mappings."""

    def forget(self, pid: int) -> None:
        """A process is no more."""


@dataclass(slots=True)
class _Object:
    """An object file, or the kernel's library.

    Attributes:
        number: What BPF programs call it.
        elf: Asked for its segments only: the file is closed.
        source: A process and its mapping of the object, to read it through.
        is_basic: Whether nearly every stack of the process goes through it.
        has_table: Whether walks use its table by now.
    """

    number: int
    name: str
    build_id: bytes
    elf: ElfFile
    source: tuple[int, Mapping]
    is_basic: bool
    has_table: bool = False


class TableLoader:
    """Follows processes' mappings and brings the tables for them.

    Args:
        publisher: Where they go.
        cache: Where built tables are kept; None builds them anew each time.
        on_warning: Told what is lost: the matter, and a text.
        clock_ns: A monotonic clock.
    """

    def __init__(
        self,
        publisher: Publisher,
        cache: TableCache | None,
        on_warning: Callable[[str, str], None],
        clock_ns: Callable[[], int],
    ) -> None:
        self._publisher = publisher
        self._cache = cache
        self._warn = on_warning
        self._clock_ns = clock_ns
        self._objects: dict[FileKey, _Object | None] = {}
        self._mapped: dict[int, dict[Mapping, MappedObject]] = {}
        self._being_followed: set[int] = set()
        self._program: Mapping | None = None
        self._waiting: deque[_Object] = deque()
        self._building: tuple[_Object, Iterator[UnwindTable | None]] | None = None
        self._late: deque[tuple[int, _Object, UnwindTable]] = deque()
        self.missing = 0

    @property
    def is_busy(self) -> bool:
        """Whether tables are still to be built, or wait for room that is there by now."""
        return self._building is not None or bool(self._waiting) or self._has_room_by_now()

    @property
    def lacks_basics(self) -> bool:
        """Whether tables of what is on nearly every stack are still to be built."""
        building = self._building is not None and self._building[0].is_basic
        return building or any(one.is_basic for one in self._waiting)

    @property
    def loaded(self) -> int:
        """How many objects have their table."""
        return sum(1 for one in self._objects.values() if one is not None and one.has_table)

    def follow(self, pid: int, space: AddressSpace, memory: ProcessMemory) -> None:
        """Take over what a process has mapped now."""
        known = self._mapped.get(pid, {})
        self._program = next((m for m in space.executable if m.is_file), None)
        mapped = {
            mapping: known.get(mapping) or self._find(pid, mapping, memory)
            for mapping in space.executable
            if mapping.path != _VSYSCALL
        }
        self._mapped[pid] = mapped
        self._being_followed.clear()
        if all(one.number == NO_OBJECT for one in mapped.values()):
            self._publisher.forget(pid)  # a program of 32 bits, whose stack is not of our words
            return
        try:
            fits = self._publisher.set_mappings(pid, list(mapped.values()))
        except MachineError:
            fits = False
        if not fits:
            text = f"pid {pid} and others: no room for what they have mapped, frame pointers only"
            self._warn("mappings", text)

    def inherit(self, pid: int, parent: int) -> None:
        """A process was forked: it has the same mapped as its parent."""
        self._mapped[pid] = self._mapped.get(parent, {})
        self._publisher.share(pid, parent)

    def forget(self, pid: int) -> None:
        """A process is no more, or is another program."""
        self._mapped.pop(pid, None)
        self._publisher.forget(pid)

    def hasten(self, pid: int, address: int) -> None:
        """Build the table of the code at an address next: a walk ended there."""
        for mapping, mapped in self._mapped.get(pid, {}).items():
            if mapping.start <= address < mapping.end:
                for one in self._waiting:
                    if one.number == mapped.number:
                        self._waiting.remove(one)
                        self._waiting.appendleft(one)
                        return

    def advance(self) -> bool:
        """Build for 2 to 5 ms; whether more is to be done."""
        if self._has_room_by_now():
            _, one, table = self._late.popleft()
            self._put(one, table)
            return self.is_busy
        if self._building is None:
            if not self._waiting:
                return False
            one = self._waiting.popleft()
            self._building = one, _build(one)
        one, steps = self._building
        try:
            built = next(steps)
        except (UnreadableError, StopIteration):
            self._building = None
            self.missing += 1
            return self.is_busy
        if built is not None:
            self._building = None
            self._keep(one, built)
        return self.is_busy

    # -- objects ----------------------------------------------------------------------------

    def _find(self, pid: int, mapping: Mapping, memory: ProcessMemory) -> MappedObject:
        """What BPF programs are told of a mapping."""
        one = None
        try:
            if mapping.base_name == VDSO:
                one = self._vdso(pid, mapping, memory)
            elif mapping.is_file:
                one = self._file(pid, mapping)
        except UnreadableError:
            one = None
        bias = one.elf.load_bias(mapping.start, mapping.offset) if one else None
        if one is None or bias is None:
            return MappedObject(mapping.start, mapping.end, 0, NO_OBJECT)
        self._being_followed.add(one.number)
        return MappedObject(mapping.start, mapping.end, bias, one.number)

    def _vdso(self, pid: int, mapping: Mapping, memory: ProcessMemory) -> _Object | None:
        size = min(mapping.end - mapping.start, _MAX_VDSO_SIZE)
        image = memory.read(mapping.start, size)
        key = (VDSO, zlib.crc32(image), size, 0)
        if key not in self._objects:
            self._objects[key] = None
            self._add(key, ElfFile(bytes_reader(image)), (pid, mapping))
        return self._objects.get(key)

    def _file(self, pid: int, mapping: Mapping) -> _Object | None:
        with opened(pid, mapping) as descriptor:
            if descriptor is None:
                return None
            key = file_key(mapping, descriptor)
            if key not in self._objects:
                self._objects[key] = None
                self._add(key, ElfFile(file_reader(descriptor)), (pid, mapping))
            return self._objects.get(key)

    def _add(self, key: FileKey, elf: ElfFile, source: tuple[int, Mapping]) -> None:
        """Know an object from now on, with its table if that is in the cache."""
        number = self._publisher.new_number()
        if number is None:
            self._drop_unused()
            self._warn("objects", "too many object files: some are walked by frame pointers only")
            return
        name = source[1].base_name
        is_basic = source[1] == self._program or name.startswith(_BASIC_LIBRARIES)
        one = _Object(number, name, elf.build_id(), elf, source, is_basic)
        self._objects[key] = one
        table = self._cache.load(one.build_id) if self._cache and one.build_id else None
        if table is not None:
            self._put(one, table)
        elif is_basic:
            self._waiting.appendleft(one)
        else:
            self._waiting.append(one)

    def _keep(self, one: _Object, table: UnwindTable) -> None:
        if self._cache and one.build_id:
            self._cache.store(one.build_id, table)
        self._put(one, table)

    def _put(self, one: _Object, table: UnwindTable) -> None:
        one.has_table = self._publisher.put_table(one.number, table)
        if one.has_table:
            return
        if self._drop_unused(one.number):
            self._late.append((self._clock_ns() + REST_NS, one, table))
            return
        self.missing += 1
        self._warn("tables", f"no room for unwind tables: {one.name} is walked by frame pointers")

    def _has_room_by_now(self) -> bool:
        return bool(self._late) and self._late[0][0] <= self._clock_ns()

    def _drop_unused(self, wanted: int = NO_OBJECT) -> bool:
        """Give back the room of objects that no process maps any more; whether there were any.

        Args:
            wanted: The object that the room is for.
        """
        used = {mapped.number for known in self._mapped.values() for mapped in known.values()}
        used.add(wanted)
        used |= self._being_followed
        used.update(one.number for one in self._waiting)
        used.update(one.number for _, one, _ in self._late)
        if self._building is not None:
            used.add(self._building[0].number)
        unused = [
            key for key, one in self._objects.items() if one is None or one.number not in used
        ]
        dropped = [self._objects.pop(key) for key in unused]
        for one in dropped:
            if one is not None:
                self._publisher.drop(one.number)
        return any(one is not None and one.has_table for one in dropped)


def _build(one: _Object) -> Iterator[UnwindTable | None]:
    """Build an object's table step by step."""
    pid, mapping = one.source
    if mapping.base_name == VDSO:
        yield from _build_of(one.elf)
        return
    with opened(pid, mapping) as descriptor:
        if descriptor is None:
            raise UnreadableError("the file is gone")
        elf = ElfFile(file_reader(descriptor))
        yield from _build_of(elf)


def _build_of(elf: ElfFile) -> Iterator[UnwindTable | None]:
    table = indexed_table(elf)
    if table is None:
        raise UnreadableError("no unwind table")
    yield from build_in_steps(table)
