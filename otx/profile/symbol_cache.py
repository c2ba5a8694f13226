"""Ordered symbols on disk, by the file they are of: they are not read and sorted at each start.

What is in a file is the columns of a `SymbolTable`, each function 24 bytes, and its names. Large
ones are mapped, so that of a hundred thousand names those take memory that are asked for.
"""

import struct
from collections.abc import Callable
from mmap import mmap
from pathlib import Path
from typing import Self

from otx.profile.file_cache import HEAD_SIZE, MAX_SIZE, Bytes, FileCache
from otx.profile.file_key import FileKey
from otx.profile.symbols import SymbolTable

FORMAT_VERSION = 1
"""To be raised whenever a table of the same file comes out different."""

_MAGIC = b"OTXSYMBL"
_COUNT = struct.Struct("<Q")
_WORD_SIZE = 8
_COLUMNS = 3
_LEAST = 64
"""Functions that are ordered sooner than a file is opened."""


class SymbolCache:
    """Symbols in a directory (`FileCache`); without one nothing is kept."""

    def __init__(self, directory: Path | None = None, max_size: int = MAX_SIZE) -> None:
        self._files = None
        if directory is not None:
            self._files = FileCache(directory, ".symbols", _MAGIC, FORMAT_VERSION, max_size)

    @classmethod
    def below(cls, cache_dir: Path | None) -> Self:
        """In its place in the directory where otx keeps such things; None: nowhere."""
        return cls(cache_dir / "symbols" if cache_dir else None)

    def load(self, key: FileKey) -> SymbolTable | None:
        """The functions of a file; None where they are not kept."""
        raw = self._files.load(_name(key)) if self._files else None
        return None if raw is None else unpack(raw)

    def store(self, key: FileKey, table: SymbolTable) -> None:
        """Keep the functions of a file, unless there are few."""
        if self._files and len(table) >= _LEAST:
            self._files.store(_name(key), pack(table))

    def table(self, key: FileKey, order: Callable[[], SymbolTable | None]) -> SymbolTable | None:
        """The functions of a file as they are kept, or else read and ordered now, and kept."""
        table = self.load(key)
        if table is None:
            table = order()
            if table is not None:
                self.store(key, table)
        return table


def _name(key: FileKey) -> str:
    device, inode, size, changed_ns = key
    return f"{device}-{inode}-{size}-{changed_ns}"


def pack(table: SymbolTable) -> list[Bytes]:
    """A table as it stands in a file behind the head."""
    columns = (table.addresses, table.sizes, table.heads)
    parts = (memoryview(column).cast("B") for column in columns)
    return [_COUNT.pack(len(table)), *parts, table.text[table.text_at :]]


def unpack(raw: bytes | mmap) -> SymbolTable | None:
    """The table in a file; None where that is of another form."""
    columns_at = HEAD_SIZE + _COUNT.size
    if len(raw) < columns_at:
        return None
    (count,) = _COUNT.unpack_from(raw, HEAD_SIZE)
    text_at = columns_at + _COLUMNS * count * _WORD_SIZE
    if len(raw) < text_at:
        return None
    words = memoryview(raw)[columns_at:text_at].cast("Q")
    addresses, sizes, heads = words[:count], words[count : 2 * count], words[2 * count :]
    return SymbolTable(addresses, sizes, heads, raw, text_at)
