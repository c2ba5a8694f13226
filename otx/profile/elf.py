"""Symbols and segments of 64-bit little-endian ELF files (System V gABI, chapters 4 and 5).

A reader of its own because a profiler opens dozens of libraries when it starts: `iter_unpack`
over a symbol table takes milliseconds where a general ELF library takes a second. Names are
decoded when they are asked for; most never are.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from otx.profile.errors import UnreadableError

Buffer: TypeAlias = "bytes | memoryview"

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_IDENT = b"\x7fELF\x02\x01"  # ELFCLASS64, ELFDATA2LSB
_PT_LOAD = 1
_SHT_SYMTAB, _SHT_DYNSYM = 2, 11
_SHN_UNDEF = 0
_STT_NOTYPE, _STT_OBJECT, _STT_FUNC, _STT_GNU_IFUNC = 0, 1, 2, 10
_CODE_TYPES = frozenset((_STT_NOTYPE, _STT_FUNC, _STT_GNU_IFUNC))
_MAX_NAME = 64 * 1024


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is loaded: `size` bytes from `offset` appear at `address`."""

    offset: int
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class _SymbolSection:
    offset: int
    size: int
    names: bytes


class ElfFile:
    """An ELF file's segments and symbols.

    Args:
        data: The whole file.

    Raises:
        UnreadableError: It is no 64-bit little-endian ELF file, or is cut or inconsistent.
    """

    def __init__(self, data: Buffer) -> None:
        self._data = data
        try:
            header = _HEADER.unpack_from(data)
            if header[0][:6] != _IDENT:
                raise UnreadableError("no 64-bit little-endian ELF file")
            self.segments = self._read_segments(header)
            self._symbol_sections = self._read_symbol_sections(header)
        except struct.error as error:
            raise UnreadableError(f"ELF file is cut: {error}") from None

    def address_of(self, offset: int) -> int | None:
        """The address, as the file's symbols count, of a place in the file that is loaded."""
        for segment in self.segments:
            if segment.offset <= offset < segment.offset + segment.size:
                return offset - segment.offset + segment.address
        return None

    def code_symbols(self) -> "SymbolTable":
        """The functions, of .symtab where there is one, and of .dynsym."""
        return SymbolTable(
            (value, size, info >> 4, name, section.names)
            for section, (name, info, _, index, value, size) in self._symbols()
            if index != _SHN_UNDEF and value and info & 15 in _CODE_TYPES and name
        )

    def data_addresses(self, wanted: frozenset[bytes]) -> Mapping[bytes, int]:
        """The addresses of the variables with the given names, those that are there."""
        found: dict[bytes, int] = {}
        for section, (name, info, _, index, value, _) in self._symbols():
            if index != _SHN_UNDEF and info & 15 == _STT_OBJECT:
                text = _name_at(section.names, name)
                if text in wanted:
                    found[text] = value
        return found

    def _symbols(self) -> Iterator[tuple[_SymbolSection, tuple[int, int, int, int, int, int]]]:
        for section in self._symbol_sections:
            raw = self._data[section.offset : section.offset + section.size]
            raw = raw[: len(raw) // _SYMBOL.size * _SYMBOL.size]
            for symbol in _SYMBOL.iter_unpack(raw):
                yield section, symbol

    def _read_segments(self, header: tuple[int, ...]) -> list[Segment]:
        start, size, count = header[5], header[9], header[10]
        segments = []
        for number in range(count):
            kind, _, offset, address, _, length, _, _ = _unpack(
                _SEGMENT, self._data, start + number * size
            )
            if kind == _PT_LOAD:
                segments.append(Segment(offset, address, length))
        return segments

    def _read_symbol_sections(self, header: tuple[int, ...]) -> list[_SymbolSection]:
        start, size, count = header[6], header[11], header[12]
        sections = [_unpack(_SECTION, self._data, start + n * size) for n in range(count)]
        found = []
        for _, kind, _, _, offset, length, link, *_ in sections:
            if kind in (_SHT_SYMTAB, _SHT_DYNSYM) and link < len(sections):
                names = sections[link]
                text = bytes(self._data[names[4] : names[4] + names[5]])
                found.append(_SymbolSection(offset, length, text))
        return found


class SymbolTable:
    """Functions by address.

    Of several symbols with one address the one with a size wins, then the global one.
    """

    def __init__(self, symbols: "Iterator[tuple[int, int, int, int, bytes]]") -> None:
        # (address, size, binding, offset of the name, string table)
        ranked = sorted(symbols, key=lambda symbol: (symbol[0], symbol[1] > 0, symbol[2] == 1))
        best = {symbol[0]: symbol for symbol in ranked}
        self._addresses = list(best)
        self._symbols = list(best.values())

    def __len__(self) -> int:
        return len(self._addresses)

    def find(self, address: int) -> str | None:
        """The name of the function that holds an address.

        A symbol without a size reaches to the next one.
        """
        index = bisect_right(self._addresses, address) - 1
        if index < 0:
            return None
        start, size, _, name, names = self._symbols[index]
        if size and address >= start + size:
            return None
        return _name_at(names, name).decode("utf-8", "replace") or None


def _name_at(names: bytes, offset: int) -> bytes:
    end = names.find(b"\0", offset, offset + _MAX_NAME)
    return names[offset:end] if end >= 0 else b""


def _unpack(form: struct.Struct, data: Buffer, offset: int) -> tuple[int, ...]:
    if offset + form.size > len(data):
        raise UnreadableError(f"ELF file ends before {offset:#x}")
    return form.unpack_from(data, offset)
