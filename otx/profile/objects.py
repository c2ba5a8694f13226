"""The object files that processes have mapped, each read once however many processes map it."""

import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from otx.profile.call_frames import CallFrames
from otx.profile.cold_parts import find_cold_parts
from otx.profile.debug_files import DebugSymbols, Places, find_debug_symbols
from otx.profile.elf import GO_TABLES, ElfFile, file_reader
from otx.profile.errors import UnreadableError
from otx.profile.file_key import FileKey, file_key
from otx.profile.maps import Mapping as MemoryMapping
from otx.profile.regular_files import open_regular
from otx.profile.symbol_cache import SymbolCache
from otx.profile.symbols import SymbolTable
from otx.profile.table_frames import TableFrames
from otx.profile.unwind.cache import TableCache
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.object_table import lacks_entries, whole_table
from otx.profile.unwind.rules import CfaKind
from otx.profile.unwind.table import UnwindTable

if TYPE_CHECKING:
    from otx.profile.go_functions import GoCall, GoFunctions

_MAX_FILES = 512

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ObjectCode:
    """The functions of an object as they lie in a process.

    Attributes:
        bias: What to take off an address of the process to get one of the file.
        cold_parts: Names of parts of functions that have none, by where they begin in the file.
        debug: Functions that are named outside of the file.
    """

    bias: int
    symbols: SymbolTable
    unwind: CallFrames | TableFrames | None
    go: "GoFunctions | None" = None
    cold_parts: Mapping[int, str] = field(default_factory=dict)
    debug: DebugSymbols | None = None

    def name(self, address: int) -> str | None:
        """The symbol of the function that holds an address of the process."""
        at = address - self.bias
        name = (self.go.find(at) if self.go else None) or self._symbol(at)
        return name or (self.cold_parts.get(self.start(address)) if self.cold_parts else None)

    def _symbol(self, at: int) -> str | None:
        if self.debug is None:
            return self.symbols.find(at)
        sure = self.symbols.find(at, is_sure=True) or self.debug.find(at)
        since = self.unwind.earliest_beginning(at) if self.unwind else 0
        return sure or self.symbols.find(at, since=since)

    def go_calls(self, address: int) -> "list[GoCall]":
        """The Go functions an address of the process belongs to, inlined ones first."""
        return self.go.calls(address - self.bias) if self.go else []

    def start(self, address: int) -> int:
        """Where the function begins, in the file; the address itself where that is not known."""
        at = address - self.bias
        start = self.unwind.function_start(at) if self.unwind else None
        return at if start is None else start

    def hidden_caller(self, address: int, *, by_tables: bool = False) -> int | None:
        """Where from the stack pointer the caller is that a walk misses, if it does.

        Args:
            by_tables: Whether frame pointers were followed only where there is no unwind table.
        """
        at = address - self.bias
        if self.go and (self.unwind is None or self.unwind.find(at).cfa is CfaKind.GAP):
            return self.go.hidden_caller(at)
        return None if by_tables or self.unwind is None else self.unwind.hidden_caller(at)


class _ObjectFile:
    """What was read of a file; its symbols are put in order when the first name is asked for.

    Args:
        elf: The file, which is closed soon.
        symbols: Where ordered symbols are kept.
        tables: Where unwind tables are.

    Attributes:
        source: The last process that was seen to have it mapped: through that it is read again.
    """

    def __init__(
        self,
        elf: ElfFile,
        descriptor: int,
        pid: int,
        mapping: MemoryMapping,
        symbols: SymbolCache,
        tables: TableCache | None,
    ) -> None:
        self._elf = elf
        self._tables = tables
        self.source = pid, mapping
        self._key = file_key(mapping, descriptor)
        self._cache = symbols
        self._variables: dict[frozenset[bytes], Mapping[bytes, range]] = {}
        self.debug = DebugSymbols(self._look_elsewhere)
        self.unwind = self._frames(elf)
        self.go = _find_go_functions(elf, descriptor)
        self.cold_parts = _find_cold_parts(elf, self.unwind)
        self._kept = symbols.load(self._key)
        if self._kept is None:
            elf.read_symbols()
        else:
            elf.forget_symbols()

    def load_bias(self, mapping: MemoryMapping) -> int | None:
        """What the loader added to the file's addresses."""
        return self._elf.load_bias(mapping.start, mapping.offset)

    @cached_property
    def symbols(self) -> SymbolTable:
        """The functions."""
        if self._kept is not None:
            return self._kept
        table = self._elf.code_symbols()
        self._elf.forget_symbols()
        self._cache.store(self._key, table)
        return table

    def variables(self, names: frozenset[bytes]) -> Mapping[bytes, range]:
        """The addresses in the file that variables take up, those that are there."""
        if names not in self._variables:
            self._variables[names] = self._ask(lambda elf: elf.data_extents(names)) or {}
        return self._variables[names]

    def function_offsets(self, names: frozenset[bytes]) -> Mapping[bytes, int]:
        """Where in the file functions begin, those that are there."""
        return self._ask(lambda elf: elf.function_offsets(names)) or {}

    def _frames(self, elf: ElfFile) -> CallFrames | TableFrames | None:
        table = indexed_table(elf)
        entries = CallFrames(table, lambda: self._ask(indexed_table)) if table else None
        return TableFrames(self._whole_table, entries) if lacks_entries(elf, table) else entries

    def _whole_table(self) -> UnwindTable | None:
        return self._ask(lambda elf: whole_table(elf, self._key, self._tables))

    def _look_elsewhere(self) -> SymbolTable | None:
        """The functions of what is mapped by other files, or by what is packed into its own."""
        pid, mapping = self.source
        places = Places(mapping.path, (f"/proc/{pid}/root", ""))
        return self._ask(lambda elf: find_debug_symbols(elf, places, self._cache, self._key))

    def _ask(self, about: Callable[[ElfFile], T]) -> T | None:
        """Read the file again; None where it is not to be had any more, has changed, or is cut."""
        with opened(*self.source) as descriptor, suppress(UnreadableError):
            if descriptor is not None and file_key(self.source[1], descriptor) == self._key:
                return about(ElfFile(file_reader(descriptor)))
        return None


class ObjectFiles:
    """Reads object files through the processes that have them mapped (containers, deleted files).

    At most 512 are kept; the one read first goes first.

    Args:
        symbols: Where ordered symbols are kept from one run to the next.
        tables: Where unwind tables are.
    """

    def __init__(
        self, symbols: SymbolCache | None = None, tables: TableCache | None = None
    ) -> None:
        self._files: dict[FileKey, _ObjectFile | None] = {}
        self._symbols = symbols or SymbolCache()
        self._tables = tables

    def code(self, pid: int, mapping: MemoryMapping) -> ObjectCode | None:
        """The functions of what is mapped; None where it cannot be read."""
        file = self._file(pid, mapping)
        bias = file.load_bias(mapping) if file else None
        if file is None or bias is None:
            return None
        return ObjectCode(bias, file.symbols, file.unwind, file.go, file.cold_parts, file.debug)

    def data_addresses(
        self, pid: int, mapping: MemoryMapping, names: frozenset[bytes]
    ) -> Mapping[bytes, int]:
        """Where variables of the object lie in the process, those that are there."""
        return {name: it.start for name, it in self.data_extents(pid, mapping, names).items()}

    def data_extents(
        self, pid: int, mapping: MemoryMapping, names: frozenset[bytes]
    ) -> Mapping[bytes, range]:
        """The addresses that variables of the object take up in the process."""
        file = self._file(pid, mapping)
        bias = file.load_bias(mapping) if file else None
        if file is None or bias is None:
            return {}
        found = file.variables(names)
        return {name: range(it.start + bias, it.stop + bias) for name, it in found.items()}

    def function_offsets(
        self, pid: int, mapping: MemoryMapping, names: frozenset[bytes]
    ) -> Mapping[bytes, int]:
        """Where in the mapped file functions begin, those that are there."""
        file = self._file(pid, mapping)
        return file.function_offsets(names) if file else {}

    def _file(self, pid: int, mapping: MemoryMapping) -> _ObjectFile | None:
        with opened(pid, mapping) as descriptor:
            if descriptor is None:
                return None
            key = file_key(mapping, descriptor)
            if key not in self._files:
                if len(self._files) >= _MAX_FILES:
                    del self._files[next(iter(self._files))]
                self._files[key] = self._read(descriptor, pid, mapping)
            file = self._files[key]
            if file is not None:
                file.source = pid, mapping
            return file

    def _read(self, descriptor: int, pid: int, mapping: MemoryMapping) -> _ObjectFile | None:
        try:
            elf = ElfFile(file_reader(descriptor))
            return _ObjectFile(elf, descriptor, pid, mapping, self._symbols, self._tables)
        except UnreadableError:
            return None


def _find_go_functions(elf: ElfFile, descriptor: int) -> "GoFunctions | None":
    """The functions of a Go program; None where it is none."""
    try:
        if elf.section_extent(*GO_TABLES) is None:
            return None
    except UnreadableError:
        return None
    from otx.profile.go_programs import find_go_functions  # 4 ms: few programs are

    return find_go_functions(elf, lambda: KeptFile(descriptor))


def _find_cold_parts(elf: ElfFile, unwind: CallFrames | TableFrames | None) -> Mapping[int, str]:
    """Parts of functions that a stripped file does not name."""
    if not isinstance(unwind, CallFrames) or not elf.is_stripped:
        return {}
    try:
        return find_cold_parts(elf, unwind.function_start)
    except UnreadableError:
        return {}


class KeptFile:
    """A reader of a file that stays open for as long as it is there."""

    def __init__(self, descriptor: int) -> None:
        own = os.dup(descriptor)
        weakref.finalize(self, os.close, own)
        self._read = file_reader(own)

    def __call__(self, offset: int, size: int) -> bytes:
        """At most so many bytes."""
        return self._read(offset, size)


@contextmanager
def opened(pid: int, mapping: MemoryMapping) -> Iterator[int | None]:
    """A descriptor of the mapped file; None where it is not to be had any more.

    The mapping's own link also reaches files that are deleted or in another mount namespace, but
    is for administrators. The program itself can be had by its link without being one. Paths lead
    to other files by now where what is mapped was deleted; the plain one, which is for processes
    that ended meanwhile, may as well.
    """
    link = f"/proc/{pid}/map_files/{mapping.start:x}-{mapping.end:x}"
    program = f"/proc/{pid}/exe"
    paths = (program,) if mapping.is_deleted else (f"/proc/{pid}/root{mapping.path}", mapping.path)
    for path in (link, *paths):
        try:
            descriptor = open_regular(path)
        except OSError:
            continue
        try:
            is_sure = path not in (mapping.path, program)
            if is_sure or os.fstat(descriptor).st_ino == mapping.inode:
                yield descriptor
                return
        finally:
            os.close(descriptor)
    yield None
