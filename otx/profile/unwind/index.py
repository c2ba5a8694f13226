"""The index of an unwind table, of an object that comes without one.

A linker writes `.eh_frame_hdr`, which has the functions' entries in order, for what may be loaded
beside others. Of a program that is linked statically gcc asks for none: at run time the table is
handed to libgcc as it is. Its section is found by name then, which strip leaves in place, and its
entries are walked one after the other, 1 µs each.
"""

from otx.profile.elf import EhFrame, ElfFile
from otx.profile.errors import UnreadableError
from otx.profile.unwind.cursor import MAX_ENTRY
from otx.profile.unwind.eh_frame import EhFrameReader

_LENGTH_SIZE = 4
_MAX_ENTRIES = 1 << 21
"""The largest programs have half a million functions."""


def indexed_table(elf: ElfFile) -> EhFrame | None:
    """The unwind table of a file with its index; None where it has no table.

    Raises:
        UnreadableError: The file is cut or inconsistent.
    """
    return elf.eh_frame() or _indexed_section(elf)


def _indexed_section(elf: ElfFile) -> EhFrame | None:
    try:
        section = elf.eh_frame_section()
    except UnreadableError:
        return None  # a program runs without its sections, or with any bytes in their place
    return index_entries(*section) if section else None


def index_entries(address: int, data: bytes) -> EhFrame | None:
    """The table with the index that its entries make; None where no entry is a function's.

    Args:
        address: Where the table lies.
        data: Its entries, up to one without length or to the end (LSB 5.0, 10.6.1).

    Raises:
        UnreadableError: There are more entries than any program has.
    """
    reader = EhFrameReader(EhFrame(address, data, (), ()))
    found: list[tuple[int, int]] = []
    at = 0
    for _ in range(_MAX_ENTRIES):
        length = int.from_bytes(data[at : at + _LENGTH_SIZE], "little")
        if not 0 < length <= MAX_ENTRY:
            break
        start = reader.start_at(at)
        if start is not None and start >= 0:
            found.append((start, address + at))
        at += _LENGTH_SIZE + length
    else:
        raise UnreadableError("more entries than any program has functions")
    found.sort()
    if not found:
        return None
    return EhFrame(address, data, [start for start, _ in found], [entry for _, entry in found])
