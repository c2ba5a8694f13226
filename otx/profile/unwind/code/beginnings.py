"""Where functions begin, as far as a file says: its symbols, its relocated pointers, its header.

Not all of them tell: a `.cold` symbol names what a compiler moved out of the middle of a function,
assemblers keep labels for a loop's beginning, and a pointer that is relocated may be a place for a
`goto`. At such a place more may be on the stack than at a beginning.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import attrgetter

from otx.profile.elf import ElfFile
from otx.profile.symbols import STT_NOTYPE, SymbolTable

_RELOCATION = struct.Struct("<QQq")
_RELATIVE = 8  # R_X86_64_RELATIVE
_RELOCATIONS = frozenset((b".rela.dyn",))
_size_of = attrgetter("size")
_COLD = b".cold"
_LONGEST = 4096
_WORD = 8
_MOST_DATA = 4 << 20
_LABEL = STT_NOTYPE  # of st_info, with STB_LOCAL above it


def beginnings(elf: ElfFile) -> list[int]:
    """Where functions begin, lowest first.

    Raises:
        UnreadableError: The file is cut or inconsistent.
    """
    symbols = elf.code_symbols()
    found = set(_named(symbols))
    sized = [it for it in zip(symbols.addresses, symbols.sizes, strict=True) if it[1]]
    found.update(it for it in _relocated(elf) if not _is_inside(sized, it))
    if elf.entry:
        found.add(elf.entry)
    return sorted(found)


def code_extent(elf: ElfFile) -> range | None:
    """Where an object's code is: all that is executable where its section headers were removed."""
    text = elf.section_extent(b".text")
    if text is not None or elf.has_sections:
        return text
    largest = max((it for it in elf.segments if it.executable), key=_size_of, default=None)
    return range(largest.address, largest.address + largest.size) if largest else None


def is_fixed(elf: ElfFile) -> bool:
    """Whether an object is loaded where its file says, and has no relocated pointers."""
    return min((it.address for it in elf.segments), default=0) > 0


def words_of_data(elf: ElfFile) -> list[int]:
    """Those of an object that is fixed: pointers are among them, also those to a `switch`'s cases.

    Raises:
        UnreadableError: The file is cut or inconsistent.
    """
    words: set[int] = set()
    left = _MOST_DATA
    for it in elf.segments:
        if left and not it.executable:
            data = elf.at(it.address, min(it.size, left))
            left -= len(data)
            words.update(memoryview(data)[: len(data) & -_WORD].cast("Q"))
    return sorted(words)


def _named(symbols: SymbolTable) -> Iterator[int]:
    for number, address in enumerate(symbols.addresses):
        if symbols.info(number) != _LABEL and _COLD not in symbols.name(number, _LONGEST):
            yield address


def _relocated(elf: ElfFile) -> Iterator[int]:
    relocations = elf.section(_RELOCATIONS) or b""
    whole = len(relocations) // _RELOCATION.size * _RELOCATION.size
    for _, kind, address in _RELOCATION.iter_unpack(relocations[:whole]):
        if kind == _RELATIVE:
            yield address


def _is_inside(functions: Sequence[tuple[int, int]], address: int) -> bool:
    """Whether an address is in a function of known size, but not its beginning."""
    last = bisect_left(functions, (address, 0)) - 1
    return last >= 0 and address < sum(functions[last])
