"""The unwind table of an object: from its entries or, where it has next to none, from its code."""

from collections.abc import Iterator

from otx.profile.elf import GO_TABLES, EhFrame, ElfFile
from otx.profile.errors import UnreadableError
from otx.profile.file_key import FileKey
from otx.profile.unwind.cache import TableCache, cache_id
from otx.profile.unwind.code.beginnings import code_extent
from otx.profile.unwind.code.derived import functions_in_steps
from otx.profile.unwind.eh_frame import EhFrameReader
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.table import UnwindTable, build_in_steps, build_of

_USUAL = 1024
"""Bytes of code an entry: compilers write one for each function, of some 200 bytes."""
_LITTLE = 16 << 10
"""Bytes of code whose entries are all looked at: a small program may have its beginning's only."""
_MOST_CODE = 2 << 20
"""That takes some 3 s. What is larger is built with entries, or is Go's."""


def lacks_entries(elf: ElfFile, table: EhFrame | None) -> bool:
    """Whether an object's code is to be followed for want of unwind entries.

    Args:
        table: What there is of them.

    Raises:
        UnreadableError: The file is cut or inconsistent.
    """
    usual = _USUAL * (len(table.starts) if table else 0)
    if _LITTLE < sum(it.size for it in elf.segments if it.executable) <= usual:
        return False
    text = code_extent(elf)
    if text is None or not 0 < len(text) <= _MOST_CODE or elf.section_extent(*GO_TABLES):
        return False
    if _LITTLE < len(text) <= usual:
        return False
    functions = EhFrameReader(table).functions() if table else ()
    return 2 * sum(it.end - it.start for it in functions if it and it.start in text) < len(text)


def table_in_steps(elf: ElfFile) -> Iterator[UnwindTable | None]:
    """The table; None so many times before that a step takes 2 to 10 ms.

    Raises:
        UnreadableError: There is neither, or the file is cut or inconsistent.
    """
    table = indexed_table(elf)
    if lacks_entries(elf, table):
        yield from build_of(functions_in_steps(elf, table))
    elif table is not None:
        yield from build_in_steps(table)
    else:
        raise UnreadableError("no unwind table")


def whole_table(elf: ElfFile, key: FileKey, cache: TableCache | None) -> UnwindTable | None:
    """The table at once, from the cache where it is there; None where there is none.

    Args:
        key: The file's.
        cache: None builds it anew each time.

    Raises:
        UnreadableError: The file is cut or inconsistent.
    """
    kept_by = cache_id(elf, key)
    table = cache.load(kept_by) if cache else None
    if table is None:
        table = next((it for it in table_in_steps(elf) if it is not None), None)
        if table is not None and cache:
            cache.store(kept_by, table)
    return table
