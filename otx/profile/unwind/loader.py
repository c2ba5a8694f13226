"""Which unwind tables the BPF programs have: those of every object that a followed process maps.

A table that was built before is read from the cache at once. The others are built a few functions
at a time by `advance`, because a process's Python frames have to be named meanwhile: first what is
on nearly every stack (programs, C libraries, libpython) and what walks ended in, then the rest.
Tables stay when no process maps their object any more, until their room is needed; then the least
recently needed goes first. What found no room is tried again when walks miss it.
"""

import zlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace

from otx.errors import MachineError
from otx.profile.elf import ElfFile, bytes_reader, file_reader
from otx.profile.errors import UnreadableError
from otx.profile.file_key import FileKey, file_key
from otx.profile.maps import AddressSpace, Mapping
from otx.profile.memory import ProcessMemory
from otx.profile.objects import opened
from otx.profile.records import SeenArea
from otx.profile.unwind.cache import TableCache, cache_id
from otx.profile.unwind.object_table import table_in_steps
from otx.profile.unwind.pool import REST_NS
from otx.profile.unwind.published import NO_OBJECT, FileIdentity, MappedObject
from otx.profile.unwind.publisher import Publisher
from otx.profile.unwind.queue import BuildQueue, Steps
from otx.profile.unwind.room import IDLE_NS, KnownObject, Lacking, expendable
from otx.profile.unwind.table import UnwindTable

VDSO = "[vdso]"
_VSYSCALL = "[vsyscall]"
_MAX_VDSO_SIZE = 1 << 20
_BASIC_LIBRARIES = ("libc.so", "libc-", "ld-linux", "ld-musl", "libpython")


class _GoneError(UnreadableError):
    """A file was there only for as long as its process was."""


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
        self._objects: dict[FileKey, KnownObject | None] = {}
        self._by_number: dict[int, KnownObject] = {}
        self._mapped: dict[int, dict[Mapping, MappedObject]] = {}
        self._being_followed: set[int] = set()
        self._ran_out = False
        self._program: Mapping | None = None
        self._queue = BuildQueue(self._bring)
        self._late: deque[tuple[int, KnownObject]] = deque()
        self._lacking = Lacking()
        self._users: Counter[int] = Counter()

    @property
    def is_busy(self) -> bool:
        """Whether tables are still to be built, or may find room by now."""
        if self._queue or self._has_room_by_now():
            return True
        return self._lacking.is_due(self._clock_ns())

    @property
    def lacks_basics(self) -> bool:
        """Whether tables of what is on nearly every stack are still to be built."""
        return self._queue.has_basics

    @property
    def loaded(self) -> int:
        """How many objects have their table."""
        return sum(1 for one in self._objects.values() if one is not None and one.has_table)

    @property
    def missing(self) -> int:
        """How many objects have none, because it is not in the file or found no room."""
        return len(self._lacking)

    def lacking(self) -> tuple[str, ...]:
        """Which these are, and why."""
        return tuple(self._lacking.texts())

    def follow(self, pid: int, space: AddressSpace, memory: ProcessMemory) -> None:
        """Take over what a process has mapped now."""
        known = self._mapped.get(pid, {})
        self._program = next((m for m in space.executable if m.is_file), None)
        mapped = {
            mapping: self._found_before(known, mapping) or self._find(pid, mapping, memory)
            for mapping in space.executable
            if mapping.path != _VSYSCALL
        }
        self._take_over(pid, mapped)
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

    def _found_before(
        self, known: dict[Mapping, MappedObject], mapping: Mapping
    ) -> MappedObject | None:
        """What was told of a mapping; where numbers ran out, only that which has one."""
        one = known.get(mapping)
        return None if one is not None and self._ran_out and one.number == NO_OBJECT else one

    def inherit(self, pid: int, parent: int) -> None:
        """A process was forked: it has the same mapped as its parent."""
        self._take_over(pid, self._mapped.get(parent, {}))
        self._publisher.share(pid, parent)

    def forget(self, pid: int) -> None:
        """A process is no more, or is another program."""
        self._take_over(pid, {})
        del self._mapped[pid]
        self._publisher.forget(pid)

    def _take_over(self, pid: int, mapped: dict[Mapping, MappedObject]) -> None:
        before = self._mapped.get(pid, {})
        self._mapped[pid] = mapped
        self._users.update(one.number for one in mapped.values())
        for one in before.values():
            self._users[one.number] -= 1
            if not self._users[one.number]:
                del self._users[one.number]

    def mapping_of(self, area: SeenArea) -> Mapping | None:
        """What a walk met in a process of which nothing was told; None where it is gone by now."""
        one = self._by_number.get(area.object)
        if one is None:
            return None
        return replace(one.source[1], start=area.start, end=area.end, offset=area.offset)

    def hasten(self, pid: int, address: int) -> bool:
        """Build the table of the code at an address next: a walk ended there; whether it is due."""
        for mapping, mapped in self._mapped.get(pid, {}).items():
            if mapping.start <= address < mapping.end:
                return self._queue.hasten(mapped.number)
        return False

    def advance(self) -> bool:
        """Build for 2 to 5 ms; whether more is to be done."""
        if self._has_room_by_now():
            self._queue.add(self._late.popleft()[1], is_missed=True)
        one = self._queue.first()
        if one is None:
            self._look_for_the_missed()
        else:
            self._build_on(one)
        return self.is_busy

    def _build_on(self, one: KnownObject) -> None:
        try:
            built = next(self._queue.steps(one))
        except (UnreadableError, StopIteration) as error:
            self._queue.remove(one)
            one.is_gone = isinstance(error, _GoneError)
            self._lacking.add(one, str(error) or "unreadable")
            return
        if built is not None:
            self._queue.remove(one)
            self._put(one, built)

    def _bring(self, one: KnownObject) -> Steps:
        """The table of an object, from the cache or built step by step."""
        table = self._cached(one)
        if table is not None:
            yield table
            return
        for built in _build(one):
            if built is not None and self._cache:
                self._cache.store(one.cache_id, built)
            yield built

    def _cached(self, one: KnownObject) -> UnwindTable | None:
        return self._cache.load(one.cache_id) if self._cache else None

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

    def _vdso(self, pid: int, mapping: Mapping, memory: ProcessMemory) -> KnownObject | None:
        size = min(mapping.end - mapping.start, _MAX_VDSO_SIZE)
        image = memory.read(mapping.start, size)
        key = (VDSO, zlib.crc32(image), size, 0)
        if key not in self._objects:
            self._objects[key] = None
            self._add(key, ElfFile(bytes_reader(image)), (pid, mapping))
        return self._objects.get(key)

    def _file(self, pid: int, mapping: Mapping) -> KnownObject | None:
        with opened(pid, mapping) as descriptor:
            if descriptor is None:
                return None
            key = file_key(mapping, descriptor)
            if key not in self._objects:
                self._objects[key] = None
                self._add(key, ElfFile(file_reader(descriptor)), (pid, mapping))
            known = self._objects.get(key)
            if known is not None and known.source[0] not in self._mapped:
                self._find_again(known, (pid, mapping))
            return known

    def _find_again(self, known: KnownObject, source: tuple[int, Mapping]) -> None:
        """The process through which an object was read has ended, and this one maps it too."""
        known.source = source
        if known.is_gone:
            known.is_gone = False
            self._queue.add(known)

    def _add(self, key: FileKey, elf: ElfFile, source: tuple[int, Mapping]) -> None:
        """Know an object from now on, with its table if that is in the cache."""
        number = self._publisher.new_number()
        if number is None:
            self._ran_out = True
            self._give_numbers_back()
            self._objects.pop(key, None)  # to be found again when some have rested
            self._warn("objects", "too many object files: some are walked by frame pointers only")
            return
        name = source[1].base_name
        is_basic = source[1] == self._program or name.startswith(_BASIC_LIBRARIES)
        one = KnownObject(key, number, name, cache_id(elf, key), elf, source, is_basic)
        self._objects[key] = self._by_number[number] = one
        self._make_known(one)
        table = self._cached(one)
        if table is not None:
            self._put(one, table)
        else:
            self._queue.add(one)

    def _make_known(self, one: KnownObject) -> None:
        mapping, shift = one.source[1], one.elf.code_shift()
        if shift is None:
            return
        _, _, size, changed_ns = one.key
        file = FileIdentity(mapping.device, mapping.inode, size, changed_ns)
        if not mapping.is_file:
            file = FileIdentity("0:0", 0, mapping.end - mapping.start, 0)
        self._publisher.know_file(one.number, file, shift)

    # -- room -------------------------------------------------------------------------------

    def _put(self, one: KnownObject, table: UnwindTable) -> None:
        one.words = table.words
        one.has_table = self._publisher.put_table(one.number, table)
        if one.has_table:
            self._lacking.remove(one)
        elif one.words > self._publisher.room_words:
            self._lacking.add(one, "larger than all the room")
        elif self._make_room(one):
            self._late.append((self._clock_ns() + REST_NS, one))
        else:
            self._lacking.add_roomless(one, self._clock_ns())
            text = f"no room for unwind tables: {one.name} is walked by frame pointers"
            self._warn("tables", text)

    def _make_room(self, one: KnownObject) -> bool:
        """Give tables back until one more fits, once they have rested; whether it does."""
        idle_since_ns = self._clock_ns() - IDLE_NS if one.is_missed or one.is_basic else None
        kept = self._kept() | {one.number}
        needed_ns = self._publisher.last_needed_ns()
        others = [it for it in self._objects.values() if it is not None and it.number not in kept]
        for other in expendable(others, self._users.keys(), needed_ns, idle_since_ns):
            if self._publisher.will_fit(one.words):
                break
            other.has_table = False
            if other.number in self._users:
                self._publisher.drop_table(other.number)
                self._lacking.add_roomless(other, self._clock_ns())
            else:
                self._drop(other)
        return self._publisher.will_fit(one.words)

    def _look_for_the_missed(self) -> None:
        """Make room for what walks came by meanwhile."""
        now_ns = self._clock_ns()
        if not self._lacking.is_due(now_ns):
            return
        for one in self._lacking.missed(self._publisher.last_needed_ns(), now_ns):
            one.is_missed = True
            if not self._make_room(one):
                return
            self._lacking.remove(one)
            self._late.append((now_ns + REST_NS, one))

    def _has_room_by_now(self) -> bool:
        return bool(self._late) and self._late[0][0] <= self._clock_ns()

    def _kept(self) -> set[int]:
        """The numbers of objects that are not to be given back, though nobody may map them."""
        kept = self._being_followed | self._queue.numbers
        kept.update(one.number for _, one in self._late)
        return kept

    def _give_numbers_back(self) -> None:
        """Forget the objects that no process maps any more."""
        kept = self._kept()
        for one in list(self._objects.values()):
            if one is not None and one.number not in self._users and one.number not in kept:
                self._drop(one)
        for key in [key for key, one in self._objects.items() if one is None]:
            del self._objects[key]

    def _drop(self, one: KnownObject) -> None:
        self._lacking.forget(one)
        del self._objects[one.key], self._by_number[one.number]
        self._publisher.drop(one.number)


def _build(one: KnownObject) -> Steps:
    """Build an object's table step by step."""
    pid, mapping = one.source
    if mapping.base_name == VDSO:
        yield from table_in_steps(one.elf)
        return
    with opened(pid, mapping) as descriptor:
        if descriptor is None:
            raise _GoneError("the file is gone")
        yield from table_in_steps(ElfFile(file_reader(descriptor)))
