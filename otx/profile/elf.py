"""Segments, sections and symbols of 64-bit little-endian ELF files (System V gABI, 4 and 5).

A reader of its own because a profiler opens dozens of libraries when it starts: `iter_unpack`
over a symbol table takes milliseconds where a general ELF library takes a second. Only the parts
in use are read, not mapped: a file that is overwritten meanwhile must not end otx with SIGBUS.
"""

import os
import struct
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from otx.profile.errors import UnreadableError
from otx.profile.symbols import (
    CODE_TYPES,
    SHN_UNDEF,
    STT_OBJECT,
    SYMBOL_SIZE,
    SymbolTable,
    order_symbols,
)

Reader: TypeAlias = Callable[[int, int], bytes]
"""Gives at most `size` bytes from `offset` of the file."""

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_NAME_SIZE = 4
_IDENT = b"\x7fELF\x02\x01"  # ELFCLASS64, ELFDATA2LSB
_PT_LOAD, _PT_NOTE = 1, 4
_NOTE = struct.Struct("<III")
_NT_GNU_BUILD_ID = 3  # elf.h
_MAX_NOTES_SIZE = 1 << 16
_PT_GNU_EH_FRAME = 0x6474E550
_EH_FRAME_HEADER = struct.Struct("<BBBBiI")
_EH_FRAME_ENTRY = struct.Struct("<ii")
_EH_FRAME_POINTER_AT = 4
_EH_FRAME_FORM = (1, 0x1B, 0x03, 0x3B)
"""Version 1; pcrel sdata4, udata4, datarel sdata4: what every linker writes (LSB 5.0, 10.6.2)."""
_EH_FRAME_SECTION = frozenset((b".eh_frame",))
_PF_X = 1
_SHT_SYMTAB, _SHT_DYNSYM = 2, 11
GO_TABLES = (b".gopclntab", b".data.rel.ro.gopclntab")
"""Sections with the Go runtime's functions; the second in programs whose place is not fixed."""
_PAGE = 4096
_MAX_SECTION_SIZE = 512 << 20
_MAX_FUNCTIONS, _MAX_SYMBOLS = 1 << 21, 1 << 22
"""The largest programs have half a million and a million. A file of holes costs its maker nothing,
and a reader ten times its size."""
_MAX_EXTENT = 1 << 47  # the user's half; beyond 2^63 a range has no length
_MAX_UNASKED = 1 << 16
_MAX_SEARCHED = 16
"""Names that are searched for one by one; a hostile file may have one of them a million times."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is loaded: `size` bytes from `offset` appear at `address`."""

    offset: int
    address: int
    size: int
    executable: bool


@dataclass(frozen=True, slots=True)
class EhFrame:
    """An unwind table (.eh_frame) with the index of .eh_frame_hdr, in addresses of the file.

    Attributes:
        address: Where the table lies.
        data: The table, and what follows it.
        starts: Where functions begin behind `base`, lowest first: stripped files have this too.
        entries: Where each function's entry lies behind `base`.
        base: The index's own address, of which it tells distances.
    """

    address: int
    data: bytes
    starts: Sequence[int]
    entries: Sequence[int]
    base: int = 0


@dataclass(frozen=True, slots=True)
class _SymbolSection:
    symbols: bytes
    names: bytes


class ElfFile:
    """An ELF file: its segments, read when this is made, and what else is asked for.

    Every method reads the file, and raises UnreadableError where that is cut or inconsistent;
    symbols are read once.

    Raises:
        UnreadableError: It is no 64-bit little-endian ELF file, or is cut or inconsistent.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._header = _HEADER.unpack(self._exactly(0, _HEADER.size))
        if self._header[0][:6] != _IDENT:
            raise UnreadableError("no 64-bit little-endian ELF file")
        self._eh_frame_header: tuple[int, int, int] | None = None
        self._notes: list[tuple[int, int]] = []
        self.segments = list(self._segments(self._header))
        self._sections_read: list[_SymbolSection] | None = None

    def load_bias(self, mapped_at: int, mapped_offset: int) -> int | None:
        """What the loader added to the file's addresses (position independent code, ASLR).

        Args:
            mapped_at: Where an executable mapping of the file begins.
            mapped_offset: Where in the file it begins, on a page boundary.
        """
        for segment in self.segments:
            first_page = segment.offset & -_PAGE
            if segment.executable and first_page <= mapped_offset < segment.offset + segment.size:
                return mapped_at - (segment.address + mapped_offset - segment.offset)
        return None

    def code_shift(self) -> int | None:
        """From a place in the file to its address there, where that is one for all its code."""
        shifts = {it.address - it.offset for it in self.segments if it.executable}
        return shifts.pop() if len(shifts) == 1 else None

    def build_id(self) -> bytes:
        """What the linker made of the contents (NT_GNU_BUILD_ID); b"" where it did not."""
        left = _MAX_NOTES_SIZE
        for offset, size in self._notes:
            notes = self._read(offset, min(size, left))
            left -= len(notes)
            if found := build_id_in(notes):
                return found
        return b""

    def read_symbols(self) -> None:
        """Read the symbols now, because the file is closed soon."""
        self._sections_read = self._symbol_sections

    def forget_symbols(self) -> None:
        """Give back the memory that they take."""
        self._sections_read = None

    def code_symbols(self) -> SymbolTable:
        """The functions, of .symtab where there is one, and of .dynsym."""
        return order_symbols((it.symbols, it.names) for it in self._symbol_sections)

    def file_offset(self, address: int) -> int | None:
        """Where in the file something lies that is loaded at an address."""
        for it in self.segments:
            if it.address <= address < it.address + it.size:
                return address - it.address + it.offset
        return None

    def section(self, wanted: frozenset[bytes]) -> bytes | None:
        """What is in the first section that has one of some names; None where there is none."""
        found = self._find_section(wanted)
        return self._exactly(found[1], found[2]) if found else None

    def section_extent(self, *wanted: bytes) -> range | None:
        """The addresses of the first section that has one of some names; None: there is none."""
        found = self._find_section(frozenset(wanted))
        if found and found[2] >= _MAX_EXTENT:
            raise UnreadableError(f"ELF section of {found[2]} bytes")
        return range(found[0], found[0] + found[2]) if found else None

    def eh_frame_section(self) -> tuple[int, bytes] | None:
        """Address and bytes of the unwind table by its section's name; None where it has none."""
        found = self._find_section(_EH_FRAME_SECTION)
        return (found[0], self._exactly(found[1], found[2])) if found else None

    def _find_section(self, wanted: frozenset[bytes]) -> tuple[int, int, int] | None:
        """Address, offset and size of a section."""
        sections = list(self._table(_SECTION, self._header[6], self._header[11], self._header[12]))
        number = self._header[13]  # of the section with the sections' names
        if number >= len(sections):
            return None
        names = self._exactly(sections[number][4], sections[number][5])
        texts = [name + b"\0" for name in wanted]
        for name, _, _, address, offset, size, *_ in sections:
            # Not read up to a NUL: 65535 sections may have one endless name.
            if any(names.startswith(text, name) for text in texts):
                return address, offset, size
        return None

    @property
    def has_sections(self) -> bool:
        """Whether there are section headers; nothing needs them to run."""
        return bool(self._header[12])

    @property
    def is_stripped(self) -> bool:
        """Whether there are no symbols but those that the linker needs at run time."""
        sections = self._table(_SECTION, self._header[6], self._header[11], self._header[12])
        return not any(kind == _SHT_SYMTAB for _, kind, *_ in sections)

    def data_addresses(self, wanted: frozenset[bytes]) -> Mapping[bytes, int]:
        """The addresses of the variables with the given names, those that are there."""
        return {name: extent.start for name, extent in self.data_extents(wanted).items()}

    def data_extents(self, wanted: frozenset[bytes]) -> Mapping[bytes, range]:
        """The addresses that variables with the given names take up, those that are there."""
        return self._extents(wanted, frozenset((STT_OBJECT,)))

    def function_offsets(self, wanted: frozenset[bytes]) -> Mapping[bytes, int]:
        """Where in the file functions with the given names begin, those that are there."""
        found = {}
        for name, extent in self._extents(wanted, CODE_TYPES).items():
            for it in self.segments:
                if it.executable and it.address <= extent.start < it.address + it.size:
                    found[name] = extent.start - it.address + it.offset
        return found

    def function_code(self, name: bytes, max_size: int) -> tuple[int, bytes] | None:
        """Where a function lies, and its code; None where it is not there or larger than that."""
        extent = self._extents(frozenset((name,)), CODE_TYPES).get(name)
        if extent is None or not 0 < len(extent) <= max_size:
            return None
        code = self.at(extent.start, len(extent))
        return (extent.start, code) if code else None

    def _extents(self, wanted: frozenset[bytes], types: Collection[int]) -> Mapping[bytes, range]:
        found: dict[bytes, range] = {}
        for section in self._symbol_sections:
            # Most files have none of them, and some have a hundred thousand symbols.
            places = {at: name for name in wanted for at in _places_of(name, section.names)}
            for name, info, _, index, value, size in _symbols_named(places, section.symbols):
                if info & 15 in types and index != SHN_UNDEF and size < _MAX_EXTENT:
                    found[places[name]] = range(value, value + size)
        return found

    def eh_frame(self) -> "EhFrame | None":
        """The unwind table with its index; None where there is none in the usual form."""
        if self._eh_frame_header is None:
            return None
        offset, address, size = self._eh_frame_header
        if size < _EH_FRAME_HEADER.size:
            return None
        *form, frame_pointer, count = _EH_FRAME_HEADER.unpack(
            self._exactly(offset, _EH_FRAME_HEADER.size)
        )
        if count > _MAX_FUNCTIONS:
            raise UnreadableError(f"unwind table of {count} functions")
        index_size = count * _EH_FRAME_ENTRY.size
        if tuple(form) != _EH_FRAME_FORM or size < _EH_FRAME_HEADER.size + index_size:
            return None
        frame_address = address + _EH_FRAME_POINTER_AT + frame_pointer
        table = self._from_address_to_end_of_segment(frame_address)
        if not table:
            return None
        index = self._exactly(offset + _EH_FRAME_HEADER.size, index_size)
        pairs = array("i", index)
        starts, entries = pairs[0::2], pairs[1::2]
        in_file = starts.tolist()
        if sorted(in_file) != in_file:
            rows = sorted(zip(starts, entries, strict=True))
            starts, entries = array("i", [at for at, _ in rows]), array("i", [at for _, at in rows])
        return EhFrame(frame_address, table, starts, entries, address)

    @property
    def _symbol_sections(self) -> list[_SymbolSection]:
        if self._sections_read is None:
            self._sections_read = list(self._read_symbol_sections(self._header))
        return self._sections_read

    def _from_address_to_end_of_segment(self, address: int) -> bytes:
        return self.at(address, _MAX_SECTION_SIZE)

    @property
    def entry(self) -> int:
        """Where the program, or the loader, begins; 0 where nothing does."""
        return int(self._header[4])

    def at(self, address: int, max_size: int) -> bytes:
        """What lies at an address, up to the end of its segment."""
        for segment in self.segments:
            inside = address - segment.address
            if 0 <= inside < segment.size:
                size = min(segment.size - inside, max_size)
                return self._exactly(segment.offset + inside, size)
        return b""

    def _segments(self, header: tuple[int, ...]) -> Iterator[Segment]:
        for fields in self._table(_SEGMENT, header[5], header[9], header[10]):
            kind, flags, offset, address, _, size, _, _ = fields
            if kind == _PT_GNU_EH_FRAME:
                self._eh_frame_header = (offset, address, size)
            if kind == _PT_NOTE and size:
                self._notes.append((offset, size))
            if kind == _PT_LOAD:
                yield Segment(offset, address, size, bool(flags & _PF_X))

    def _read_symbol_sections(self, header: tuple[int, ...]) -> Iterator[_SymbolSection]:
        sections = list(self._table(_SECTION, header[6], header[11], header[12]))
        wanted = {_SHT_SYMTAB, _SHT_DYNSYM}  # one of each (gABI, figure 4-9); a hostile file: 65535
        for _, kind, _, _, offset, size, link, *_ in sections:
            if kind in wanted and link < len(sections):
                if size > _MAX_SYMBOLS * SYMBOL_SIZE:
                    raise UnreadableError(f"ELF symbols of {size} bytes")
                wanted.remove(kind)
                whole = size // SYMBOL_SIZE * SYMBOL_SIZE
                names = sections[link]
                yield _SymbolSection(
                    self._exactly(offset, whole),
                    self._exactly(names[4], names[5]),
                )

    def _table(
        self, form: struct.Struct, start: int, step: int, count: int
    ) -> Iterator[tuple[int, ...]]:
        if count and step < form.size:
            raise UnreadableError(f"ELF table entries of {step} bytes")
        raw = self._exactly(start, step * count)
        for number in range(count):
            yield form.unpack_from(raw, number * step)

    def _exactly(self, offset: int, size: int) -> bytes:
        if size > _MAX_SECTION_SIZE:
            raise UnreadableError(f"ELF section of {size} bytes")
        return read_exactly(self._read, offset, size)


def build_id_in(notes: bytes) -> bytes:
    """The build-id among notes (gABI, chapter 5, Note Section); b"" where there is none."""
    at = 0
    while at + _NOTE.size <= len(notes):
        name_size, content_size, kind = _NOTE.unpack_from(notes, at)
        name_at = at + _NOTE.size
        content_at = name_at + (name_size + 3 & -4)
        at = content_at + (content_size + 3 & -4)
        if kind == _NT_GNU_BUILD_ID and notes[name_at : name_at + name_size] == b"GNU\0":
            return notes[content_at : content_at + content_size]
    return b""


def read_exactly(read: Reader, offset: int, size: int) -> bytes:
    """All of some bytes of a file; room for many is made only where the file reaches so far.

    Raises:
        UnreadableError: The file ends before.
    """
    reaches = size <= _MAX_UNASKED or read(offset + size - 1, 1)
    data = read(offset, size) if reaches else b""
    if len(data) != size:
        raise UnreadableError(f"file ends before {offset + size:#x}")
    return data


def bytes_reader(data: bytes) -> Reader:
    """A reader of a file that is in memory."""
    return lambda offset, size: data[offset : offset + size]


def file_reader(descriptor: int) -> Reader:
    """A reader of an open file; what cannot be read is empty."""

    def read(offset: int, size: int) -> bytes:
        try:
            return os.pread(descriptor, size, offset) if offset < 1 << 63 else b""
        except OSError:
            return b""

    return read


def _places_of(name: bytes, names: bytes) -> Iterator[int]:
    """Where a name stands in a string table; one that ends another shares its place.

    Not at the beginning, which symbols without a name point at: a file of holes has millions.
    """
    ended = name + b"\0"
    at = names.find(ended, 1)
    while at >= 0:
        yield at
        at = names.find(ended, at + 1)


def _symbols_named(places: Collection[int], symbols: bytes) -> Iterator[tuple[int, ...]]:
    """The symbols whose names are at some places of the string table, in their order."""
    if len(places) > _MAX_SEARCHED:
        yield from (it for it in _SYMBOL.iter_unpack(symbols) if it[0] in places)
        return
    if places:
        names = memoryview(symbols).cast("I")[:: SYMBOL_SIZE // _NAME_SIZE].tobytes()
        rows = sorted(row for at in places for row in _rows_with(at, names))
        yield from (_SYMBOL.unpack_from(symbols, row * SYMBOL_SIZE) for row in rows)


def _rows_with(name: int, names: bytes) -> Iterator[int]:
    """The numbers of the symbols whose name has a place in the string table.

    Args:
        names: The places of all symbols' names.
    """
    wanted = name.to_bytes(_NAME_SIZE, "little")
    at = names.find(wanted)
    while at >= 0:
        if at % _NAME_SIZE == 0:
            yield at // _NAME_SIZE
        at = names.find(wanted, at + 1)
