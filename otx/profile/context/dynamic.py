"""What the dynamic linker reads of an ELF file: its symbols by hash, its relocations.

(System V gABI, chapter 5; GNU hash tables as binutils and glibc have them.) A file is asked for one
symbol, so nothing of it is read but a few words, unless it has that symbol.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from otx.profile.elf import Reader, read_exactly
from otx.profile.errors import UnreadableError

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<QQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")
_HASH_HEADER = struct.Struct("<IIII")
_IDENT = b"\x7fELF\x02\x01"
_ET_EXEC = 2
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_TLS = 1, 2, 3, 7
_DT_PLTRELSZ, _DT_STRTAB, _DT_SYMTAB, _DT_RELA, _DT_RELASZ, _DT_JMPREL = 2, 5, 6, 7, 8, 23
_DT_GNU_HASH, _DT_FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFFB
_DF_1_PIE = 0x08000000
_MAX_SEGMENTS = 512
_MAX_DYNAMIC_SIZE = 1 << 16
_MAX_CHAIN = 4096
"""Symbols looked at in one bucket: linkers keep them at a handful."""
_MAX_RELOCATIONS_SIZE = 64 << 20
_MAX_BUCKETS = 1 << 24


@dataclass(frozen=True, slots=True)
class DynamicSymbol:
    """A symbol that is defined, by its index in .dynsym.

    Attributes:
        value: Of a thread-local variable, where it is in the object's block.
    """

    index: int
    type: int
    value: int


@dataclass(frozen=True, slots=True)
class Relocation:
    """Something that the dynamic linker puts into a word of the object at `address`.

    Attributes:
        symbol: Index in .dynsym; 0 for none.
    """

    address: int
    kind: int
    symbol: int
    addend: int


class DynamicObject:
    """The dynamic part of a file.

    Every method reads the file and raises UnreadableError where that is cut or makes no sense.

    Attributes:
        is_program: Whether it is a program and no library.
        tls_size: Bytes of a thread's block, rounded up to its alignment; 0 without one.

    Raises:
        UnreadableError: It is no 64-bit little-endian ELF file, or is cut.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        header = _HEADER.unpack(self._exactly(0, _HEADER.size))
        if header[0][:6] != _IDENT or header[9] < _SEGMENT.size or header[10] > _MAX_SEGMENTS:
            raise UnreadableError("no 64-bit little-endian ELF file")
        self.is_program = header[1] == _ET_EXEC
        self.tls_size = 0
        self._loaded: list[tuple[int, int, int]] = []
        self._dynamic: dict[int, int] = {}
        raw = self._exactly(header[5], header[9] * header[10])
        for number in range(header[10]):
            self._take(*_SEGMENT.unpack_from(raw, number * header[9]))
        self.is_program |= bool(self._dynamic.get(_DT_FLAGS_1, 0) & _DF_1_PIE)

    def symbol(self, name: bytes) -> DynamicSymbol | None:
        """The symbol of a name that this object defines; None where it does not."""
        table = self._dynamic.get(_DT_GNU_HASH)
        if table is None or _DT_SYMTAB not in self._dynamic or _DT_STRTAB not in self._dynamic:
            return None
        buckets, first, words, shift = _HASH_HEADER.unpack(self._at(table, _HASH_HEADER.size))
        if not 0 < buckets <= _MAX_BUCKETS or not 0 < words <= _MAX_BUCKETS:
            return None
        hashed = gnu_hash(name)
        filter_at = table + _HASH_HEADER.size
        (word,) = struct.unpack("<Q", self._at(filter_at + 8 * (hashed // 64 % words), 8))
        if not word >> hashed % 64 & word >> (hashed >> (shift & 31)) % 64 & 1:
            return None
        buckets_at = filter_at + 8 * words
        (index,) = struct.unpack("<I", self._at(buckets_at + 4 * (hashed % buckets), 4))
        if index < first:
            return None
        return self._in_chain(buckets_at + 4 * buckets, first, index, hashed, name)

    def relocations(self) -> Iterator[Relocation]:
        """All of them, those of calls last."""
        for at, size in ((_DT_RELA, _DT_RELASZ), (_DT_JMPREL, _DT_PLTRELSZ)):
            length = min(self._dynamic.get(size, 0), _MAX_RELOCATIONS_SIZE)
            if at in self._dynamic and length:
                raw = self._at(self._dynamic[at], length - length % _RELOCATION.size)
                for address, info, addend in _RELOCATION.iter_unpack(raw):
                    yield Relocation(address, info & 0xFFFFFFFF, info >> 32, addend)

    def _in_chain(
        self, chains: int, first: int, index: int, hashed: int, name: bytes
    ) -> DynamicSymbol | None:
        for at in range(index, index + _MAX_CHAIN):
            (chained,) = struct.unpack("<I", self._at(chains + 4 * (at - first), 4))
            if chained | 1 == hashed | 1:
                symbol = self._at(self._dynamic[_DT_SYMTAB] + at * _SYMBOL.size, _SYMBOL.size)
                text, info, _, section, value, _ = _SYMBOL.unpack(symbol)
                text_at = self._dynamic[_DT_STRTAB] + text
                if section and self._at(text_at, len(name) + 1) == name + b"\0":
                    return DynamicSymbol(at, info & 15, value)
            if chained & 1:
                break
        return None

    def _take(  # noqa: PLR0913, RUF100 - a program header has eight fields
        self, kind: int, _: int, offset: int, address: int, __: int, size: int, memory: int, to: int
    ) -> None:
        if kind == _PT_LOAD:
            self._loaded.append((address, size, offset))
        elif kind == _PT_INTERP:
            self.is_program = True
        elif kind == _PT_TLS:
            self.tls_size = -(-memory // max(to, 1)) * max(to, 1)
        elif kind == _PT_DYNAMIC and not self._dynamic:
            raw = self._exactly(offset, min(size, _MAX_DYNAMIC_SIZE))
            whole = raw[: len(raw) - len(raw) % _ENTRY.size]
            self._dynamic = dict(reversed(list(_ENTRY.iter_unpack(whole))))

    def _at(self, address: int, size: int) -> bytes:
        """Bytes at an address of the file, which have to lie in one segment."""
        for start, length, offset in self._loaded:
            if start <= address and address + size <= start + length:
                return self._exactly(offset + address - start, size)
        raise UnreadableError(f"nothing is loaded at {address:#x}")

    def _exactly(self, offset: int, size: int) -> bytes:
        return read_exactly(self._read, offset, size)


def gnu_hash(name: bytes) -> int:
    """The hash of a name in DT_GNU_HASH tables."""
    hashed = 5381
    for byte in name:
        hashed = hashed * 33 + byte & 0xFFFFFFFF
    return hashed
