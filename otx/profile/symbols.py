"""Functions of an object by address, from ELF symbols (System V gABI, chapter 4, Symbol Table).

Their order is made beforehand, their names are cut out when they are asked for: of a program's ten
thousand functions a profile names some dozen. What is made takes 24 bytes a function and can lie
in a file (`symbol_cache.py`).
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import Protocol, TypeAlias

STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_GNU_IFUNC = 0, 1, 2, 10
CODE_TYPES = frozenset((STT_NOTYPE, STT_FUNC, STT_GNU_IFUNC))
SHN_UNDEF = 0
SYMBOL_SIZE = 24
_INFO_AT = 4
_IS_CODE = bytes(info & 15 in CODE_TYPES for info in range(256))
_STB_GLOBAL = 1
_NAME_MASK = (1 << 32) - 1
_MAX_NAME = 64 << 10
_LEAST_PICKED = 2
"""For `itemgetter` to give a tuple."""
_MAX_ALIASES = 64
"""Symbols of one address that are compared: a hostile file may have millions."""

Column: TypeAlias = "array[int] | memoryview[int]"
"""64-bit numbers."""


class Text(Protocol):
    """Bytes in memory, or a file that is mapped."""

    def find(self, wanted: bytes, start: int, end: int, /) -> int:
        """Where something stands in a part of it; negative: nowhere."""

    def __getitem__(self, part: slice, /) -> bytes:
        """A part of it."""


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """Functions, lowest address first; several may have one.

    Of those the one with a size wins, then the global one.

    Attributes:
        addresses: Where each begins.
        sizes: Their sizes in bytes; 0 where that is not known.
        heads: Of each where in the text its name begins (32 bits), and above it st_info.
        text: The names, each ended by a NUL.
        text_at: What is before them there.
    """

    addresses: Column
    sizes: Column
    heads: Column
    text: Text
    text_at: int = 0

    def __len__(self) -> int:
        return len(self.addresses)

    def find(self, address: int, *, is_sure: bool = False, since: int = 0) -> str | None:
        """The name of the function that holds an address, without a version (`@@GLIBC_2.34`).

        Args:
            is_sure: Whether only a symbol with a size counts; one without reaches to the next.
            since: Where the function begins at the earliest.
        """
        last = bisect_right(self.addresses, address)
        if not last:
            return None
        start = self.addresses[last - 1]
        if start < since:
            return None
        first = max(bisect_left(self.addresses, start), last - _MAX_ALIASES)
        best = max(range(first, last), key=self._rank)
        size = self.sizes[best]
        if address >= start + size if size else is_sure:
            return None
        name = self.name(best, _MAX_NAME)
        at = name.find(b"@", 1)  # in .symtab, where ld has put it since binutils 2.35
        return (name if at < 0 else name[:at]).decode("utf-8", "replace") or None

    def name(self, number: int, longest: int) -> bytes:
        """The name of one of them as it stands there; none where it is longer."""
        return name_at(self.text, self.text_at + (self.heads[number] & _NAME_MASK), longest)

    def info(self, number: int) -> int:
        """What one of them is: its st_info."""
        return self.heads[number] >> 32 & 0xFF

    def _rank(self, number: int) -> tuple[bool, bool, int, int]:
        """What makes a symbol the better one of two: the greater."""
        size, head = self.sizes[number], self.heads[number]
        return size > 0, head >> 36 & 15 == _STB_GLOBAL, size, head & _NAME_MASK


def name_at(text: Text, offset: int, longest: int = _MAX_NAME) -> bytes:
    """The bytes before the next NUL; none where that is not to be found."""
    end = text.find(b"\0", offset, offset + longest)
    return text[offset:end] if end >= 0 else b""


def order_symbols(sections: Iterable[tuple[bytes, bytes]]) -> SymbolTable:
    """The functions among symbols.

    Args:
        sections: Symbols, whole ones, each section with its string table.
    """
    heads, addresses, sizes, kinds = array("Q"), array("Q"), array("Q"), b""
    text = b""
    for symbols, names in sections:
        words = array("Q", symbols)  # name, info, other, section; value; size
        heads += _moved(words[0::3], len(text), len(names)) if text else words[0::3]
        addresses += words[1::3]
        sizes += words[2::3]
        kinds += symbols[_INFO_AT::SYMBOL_SIZE]
        text += names
    code = [
        number
        for number in compress(range(len(heads)), kinds.translate(_IS_CODE))
        if addresses[number] and heads[number] >> 48 != SHN_UNDEF and heads[number] & _NAME_MASK
    ]
    order = sorted(code, key=addresses.__getitem__)
    picked = (_picked(order, column) for column in (addresses, sizes, heads))
    return SymbolTable(next(picked), next(picked), next(picked), text)


def _moved(heads: "array[int]", by: int, size: int) -> "array[int]":
    """Symbols whose names stand further behind; those without any are left out."""
    return array("Q", [head + by if head & _NAME_MASK < size else 0 for head in heads])


def _picked(order: Sequence[int], column: "array[int]") -> "array[int]":
    if len(order) < _LEAST_PICKED:
        return array("Q", [column[number] for number in order])
    return array("Q", itemgetter(*order)(column))
