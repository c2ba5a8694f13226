"""Tables of this very process's objects, and of objects made for it."""

import ctypes
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from otx.profile.maps import AddressSpace, Mapping, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.unwind import loader as loader_module
from otx.profile.unwind.cache import TableCache
from otx.profile.unwind.loader import TableLoader
from otx.profile.unwind.pool import REST_NS
from otx.profile.unwind.published import NO_OBJECT, FileIdentity, MappedObject
from otx.profile.unwind.room import IDLE_NS, RETRY_NS
from otx.profile.unwind.rules import CfaKind
from otx.profile.unwind.table import UnwindTable
from tests.profile.conftest import Build

PROGRAM = Path("/proc/self/exe").readlink().name
LIBRARY_C = "int here(int x) { return x + 3; }"


class Published:
    """Keeps what would go to BPF programs."""

    def __init__(self, room: int = 1000) -> None:
        self.tables: dict[int, UnwindTable] = {}
        self.mappings: dict[int, list[MappedObject]] = {}
        self.room = room
        self.dropped: set[int] = set()
        self.needed_ns: dict[int, int] = {}
        self.files: dict[int, tuple[FileIdentity, int]] = {}
        self.numbers = 1000
        self._last = NO_OBJECT

    def new_number(self) -> int | None:
        if self._last >= self.numbers:
            return None
        self._last += 1
        return self._last

    def put_table(self, number: int, table: UnwindTable) -> bool:
        if len(self.tables) >= self.room:
            return False
        self.tables[number] = table
        return True

    def know_file(self, number: int, file: FileIdentity, shift: int) -> None:
        self.files[number] = file, shift

    def drop(self, number: int) -> None:
        self.tables.pop(number, None)
        self.dropped.add(number)

    def drop_table(self, number: int) -> None:
        del self.tables[number]

    @property
    def room_words(self) -> int:
        return 1 << 30 if self.room else 0

    def will_fit(self, words: int) -> bool:
        return len(self.tables) < self.room

    def last_needed_ns(self) -> list[int]:
        return [self.needed_ns.get(number, 0) for number in range(self._last + 1)]

    def set_mappings(self, pid: int, mappings: Sequence[MappedObject]) -> bool:
        self.mappings[pid] = list(mappings)
        return True

    def share(self, pid: int, parent: int) -> None:
        self.mappings[pid] = self.mappings[parent]

    def forget(self, pid: int) -> None:
        self.mappings.pop(pid, None)

    def find(self, pid: int, address: int) -> CfaKind:
        """The kind of rule a walk would find."""
        for mapped in self.mappings[pid]:
            if mapped.start <= address < mapped.end and mapped.number in self.tables:
                return self.tables[mapped.number].find(address - mapped.bias).cfa
        return CfaKind.GAP


PID = os.getpid()


@pytest.fixture
def memory() -> Iterator[ProcessMemory]:
    own = ProcessMemory(PID)
    yield own
    own.close()


@pytest.fixture
def library(build: Build) -> Path:
    return build(LIBRARY_C, "libhere.so", "-shared", "-fPIC")


def loader_of(published: Published, cache: TableCache | None = None) -> TableLoader:
    return TableLoader(published, cache, lambda about, text: None, time.monotonic_ns)


def space_of(*names: str) -> AddressSpace:
    """This process's mappings of some objects."""
    return AddressSpace(
        mapping
        for mapping in read_address_space(PID).executable
        if mapping.base_name.startswith(names)
    )


def address_of(library: ctypes.CDLL, name: str) -> int:
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


def test_tables_of_what_is_mapped_arrive_step_by_step(memory: ProcessMemory) -> None:
    published = Published()
    loader = loader_of(published)
    loader.follow(PID, space_of("libc.so", "[vdso]"), memory)
    getpid = address_of(ctypes.CDLL(None), "getpid")
    assert (published.find(PID, getpid), loader.is_busy) == (CfaKind.GAP, True)
    steps = 0
    while loader.advance():
        steps += 1
    assert steps > 5
    assert published.find(PID, getpid) is CfaKind.SP
    assert (loader.loaded, loader.missing) == (2, 0)


def test_files_are_told_as_the_kernel_knows_them(memory: ProcessMemory, library: Path) -> None:
    loaded = ctypes.CDLL(str(library))
    published = Published()
    space = space_of(library.name, "[vdso]")
    loader_of(published).follow(PID, space, memory)
    file, vdso = sorted(published.files.values(), key=lambda told: -told[0].inode)
    status, mapping = library.stat(), space.find_code(address_of(loaded, "here"))
    assert mapping is not None
    identity = (mapping.device, status.st_ino, status.st_size, status.st_mtime_ns)
    assert file[0] == FileIdentity(*identity)
    assert vdso[0].inode == vdso[0].changed_ns == 0 and vdso[0].size >= 4096


def test_a_second_session_has_them_at_once(
    memory: ProcessMemory, library: Path, tmp_path: Path
) -> None:
    here = address_of(ctypes.CDLL(str(library)), "here")
    cache = TableCache(tmp_path / "cache")
    first = loader_of(Published(), cache)
    first.follow(PID, space_of("libhere"), memory)
    while first.advance():
        pass
    published = Published()
    second = loader_of(published, cache)
    second.follow(PID, space_of("libhere"), memory)
    assert not second.is_busy
    assert published.find(PID, here) is CfaKind.SP


def test_what_is_mapped_later_is_followed(memory: ProcessMemory, library: Path) -> None:
    published = Published()
    loader = loader_of(published)
    loader.follow(PID, space_of("[vdso]"), memory)
    copy = library.with_name("liblater.so")
    shutil.copy(library, copy)
    here = address_of(ctypes.CDLL(str(copy)), "here")
    loader.follow(PID, space_of("[vdso]", "liblater"), memory)
    loader.inherit(1, PID)
    while loader.advance():
        pass
    assert published.find(1, here) is CfaKind.SP
    loader.forget(1)
    assert list(published.mappings) == [PID]


def test_what_a_walk_lacks_is_built_first(memory: ProcessMemory, library: Path) -> None:
    here = address_of(ctypes.CDLL(str(library)), "here")
    published = Published()
    loader = loader_of(published)
    loader.follow(PID, space_of("libc.so", "libm.so", "libhere"), memory)
    loader.hasten(PID, here)
    while published.find(PID, here) is CfaKind.GAP:
        assert loader.advance()
    assert loader.loaded == 1


def test_what_a_walk_lacks_does_not_wait_for_a_large_table_that_is_begun(
    memory: ProcessMemory, library: Path
) -> None:
    here = address_of(ctypes.CDLL(str(library)), "here")
    published = Published()
    loader = loader_of(published)
    loader.follow(PID, space_of(PROGRAM, "libc.so", "libhere"), memory)
    assert loader.advance() and loader.advance()
    assert loader.hasten(PID, here)
    while published.find(PID, here) is CfaKind.GAP:
        assert loader.advance()
    assert loader.lacks_basics, "the C library's was begun before"
    assert not loader.hasten(PID, here)


def test_small_tables_come_before_large_ones(memory: ProcessMemory, library: Path) -> None:
    here = address_of(ctypes.CDLL(str(library)), "here")
    published = Published()
    loader = loader_of(published)
    loader.follow(PID, space_of(PROGRAM, "libm.so", "libhere"), memory)
    while published.find(PID, here) is CfaKind.GAP:
        assert loader.advance()
    libm = address_of(ctypes.CDLL("libm.so.6"), "cos")
    assert published.find(PID, libm) is CfaKind.GAP


def test_code_without_a_table_is_mapped_all_the_same(memory: ProcessMemory, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no object")
    inode = text.stat().st_ino
    others = [
        Mapping(0x1000, 0x2000, True, 0, "00:00", 0, ""),
        Mapping(0x3000, 0x4000, True, 0, "00:00", inode, str(text)),
        Mapping(0x5000, 0x6000, True, 0, "00:00", 5, "/nonexistent/lib.so"),
    ]
    published = Published()
    loader = loader_of(published)
    loader.follow(PID, AddressSpace([*others, *space_of("libc.so").mappings]), memory)
    assert [mapped.number for mapped in published.mappings[PID]] == [NO_OBJECT] * 3 + [1]
    loader.follow(PID, AddressSpace(others), memory)
    assert PID not in published.mappings, "what has no object is left to the kernel's own walk"


class Crowded:
    """A loader with room for some tables, a clock to turn, and libraries that are all mapped."""

    def __init__(self, library: Path, memory: ProcessMemory, room: int, copies: int) -> None:
        self.published = Published(room)
        self.now_ns = 0
        self.said: list[str] = []
        self.loader = TableLoader(
            self.published, None, lambda about, text: self.said.append(text), lambda: self.now_ns
        )
        self._memory = memory
        # Those of other tests stay mapped.
        self.names = [f"lib-{library.parent.name}-{number}.so" for number in range(copies)]
        for name in self.names:
            ctypes.CDLL(str(shutil.copy(library, library.with_name(name))))

    def follow(self, pid: int, *copies: int) -> None:
        self.loader.follow(pid, space_of(*(self.names[copy] for copy in copies)), self._memory)
        self.build()

    def build(self) -> None:
        while self.loader.advance():
            pass

    def pass_time(self, ns: int) -> None:
        self.now_ns += ns
        self.build()

    def need(self, number: int) -> None:
        self.published.needed_ns[number] = self.now_ns


def test_tables_that_nobody_needs_make_room_the_least_recently_needed_first(
    memory: ProcessMemory, library: Path
) -> None:
    one = Crowded(library, memory, room=2, copies=3)
    one.follow(1, 0)
    one.follow(2, 1)
    one.loader.forget(1)
    one.loader.forget(2)
    one.published.needed_ns = {1: 20, 2: 10}
    one.follow(3, 2)
    assert one.published.dropped == {2} and list(one.published.tables) == [1]
    one.pass_time(REST_NS)
    assert list(one.published.tables) == [1, 3]
    assert (one.loader.loaded, one.loader.missing, one.said) == (2, 0, [])


def test_what_found_no_room_is_brought_when_it_is_missed_and_others_have_ended(
    memory: ProcessMemory, library: Path
) -> None:
    one = Crowded(library, memory, room=1, copies=2)
    one.follow(1, 0)
    one.follow(2, 1)
    assert one.said == [f"no room for unwind tables: {one.names[1]} is walked by frame pointers"]
    assert one.loader.lacking() == (f"{one.names[1]} (no room)",)
    one.loader.forget(1)
    one.pass_time(RETRY_NS)
    assert list(one.published.tables) == [1], "no walk came by"
    one.pass_time(RETRY_NS - 1)
    one.need(2)
    one.pass_time(1)
    assert one.loader.missing == 0 and one.published.dropped == {1}
    one.pass_time(REST_NS)
    assert (list(one.published.tables), one.loader.lacking()) == ([2], ())


def test_what_is_mapped_and_idle_goes_for_what_is_missed_and_comes_back(
    memory: ProcessMemory, library: Path
) -> None:
    one = Crowded(library, memory, room=1, copies=2)
    one.follow(1, 0)
    one.follow(2, 1)
    one.pass_time(IDLE_NS - 1)
    one.need(1)
    one.need(2)
    one.pass_time(RETRY_NS)
    assert list(one.published.tables) == [1], "both are in use"
    one.pass_time(IDLE_NS)
    one.need(2)
    one.pass_time(RETRY_NS)
    one.pass_time(REST_NS)
    assert (list(one.published.tables), one.published.dropped) == ([2], set())
    assert one.loader.lacking() == (f"{one.names[0]} (no room)",)
    one.published.needed_ns.clear()
    one.pass_time(IDLE_NS)
    one.need(1)
    one.pass_time(RETRY_NS)
    one.pass_time(REST_NS)
    assert list(one.published.tables) == [1]


def test_numbers_that_ran_out_are_taken_from_what_nobody_maps(
    memory: ProcessMemory, library: Path
) -> None:
    one = Crowded(library, memory, room=9, copies=3)
    one.published.numbers = 1
    one.follow(1, 0)
    one.follow(2, 1)
    assert one.published.mappings.get(2) is None and one.published.dropped == set()
    assert one.said == ["too many object files: some are walked by frame pointers only"]
    one.loader.forget(1)
    one.follow(2, 1)
    assert one.published.dropped == {1}
    one.published.numbers += 1  # the one that was taken back has rested
    one.follow(2, 1)
    assert list(one.published.tables) == [2]


def test_a_file_that_was_gone_with_its_process_is_found_in_another(
    memory: ProcessMemory, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container, where its path leads nowhere for otx."""
    one = Crowded(library, memory, room=9, copies=1)
    (mapping,) = space_of(one.names[0]).executable
    one.loader.follow(PID, AddressSpace([mapping]), memory)
    one.loader.forget(PID)
    with monkeypatch.context() as patched:
        patched.setattr(loader_module, "opened", lambda pid, mapping: nullcontext(None))
        one.build()
    assert one.loader.lacking() == (f"{one.names[0]} (the file is gone)",)
    one.loader.follow(PID, AddressSpace([mapping]), memory)
    one.build()
    assert (one.loader.loaded, one.loader.missing) == (1, 0)


def test_a_table_larger_than_all_room_takes_nothing_from_others(
    memory: ProcessMemory, library: Path
) -> None:
    one = Crowded(library, memory, room=0, copies=1)
    one.follow(1, 0)
    assert one.loader.lacking() == (f"{one.names[0]} (larger than all the room)",)
    assert not one.loader.is_busy


def test_to_make_room_takes_nothing_from_what_is_being_followed(
    memory: ProcessMemory, library: Path, tmp_path: Path
) -> None:
    cache = TableCache(tmp_path / "cache")
    copies = [library.with_name(f"libcopy{number}.so") for number in range(4)]
    for copy in copies:
        shutil.copy(library, copy)
        ctypes.CDLL(str(copy))
    ready = loader_of(Published(), cache)
    ready.follow(PID, space_of("libcopy"), memory)
    while ready.advance():
        pass
    published = Published(room=2)
    loader = loader_of(published, cache)
    loader.follow(PID, space_of("libcopy0"), memory)
    loader.follow(PID, space_of("libcopy1", "libcopy2", "libcopy3"), memory)
    numbers = {mapped.number for mapped in published.mappings[PID]}
    assert len(numbers) == 3 and not numbers & published.dropped


def test_what_ended_before_its_table_was_there_gives_its_number_to_nobody_else(
    memory: ProcessMemory, library: Path
) -> None:
    published, now_ns = Published(room=1), 0
    loader = TableLoader(published, None, lambda about, text: None, lambda: now_ns)
    loader.follow(PID, space_of("libm.so"), memory)
    while loader.advance():
        pass
    ctypes.CDLL(str(library))
    loader.follow(PID, space_of("libhere"), memory)
    loader.forget(PID)
    while loader.advance():
        pass
    now_ns = REST_NS
    while loader.advance():
        pass
    assert not published.tables.keys() & published.dropped


def test_an_object_without_entries_has_a_table_by_its_code(
    build: Build, memory: ProcessMemory, tmp_path: Path
) -> None:
    bare = build(LIBRARY_C, "libplain.so", "-shared", "-fPIC", "-nostdlib", *NO_TABLES)
    here = address_of(ctypes.CDLL(str(bare)), "here")
    for _ in range(2):  # built, and kept
        published = Published()
        loader = loader_of(published, TableCache(tmp_path / "cache"))
        loader.follow(PID, space_of("libplain"), memory)
        while loader.advance():
            pass
        assert (loader.loaded, loader.missing) == (1, 0)
        assert published.find(PID, here) is CfaKind.SP


def test_an_object_without_a_table_is_counted(build: Build, memory: ProcessMemory) -> None:
    source = '__attribute__((section(".code"))) int here(int x) { return x + 3; }'
    bare = build(source, "libbare.so", "-shared", "-fPIC", "-nostdlib", *NO_TABLES)
    loaded = ctypes.CDLL(str(bare))
    published = Published()
    loader = loader_of(published)
    loader.follow(PID, space_of("libbare"), memory)
    while loader.advance():
        pass
    assert (loader.loaded, loader.missing) == (0, 1)
    assert loader.lacking() == ("libbare.so (no unwind table)",)
    assert published.find(PID, address_of(loaded, "here")) is CfaKind.GAP


NO_TABLES = ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-Wl,--no-eh-frame-hdr")
