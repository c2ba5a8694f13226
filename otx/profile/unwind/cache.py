"""Built unwind tables on disk, by the object: counts (base, pages, rules, rows) and the image."""

import struct
from array import array
from pathlib import Path
from typing import Self

from otx.profile.elf import ElfFile
from otx.profile.file_cache import HEAD_SIZE, MAX_SIZE, Bytes, FileCache
from otx.profile.file_key import FileKey
from otx.profile.unwind.rules import RULE
from otx.profile.unwind.table import WORD, UnwindTable

FORMAT_VERSION = 4
"""To be raised whenever a table built from the same file comes out different."""

_MAGIC = b"OTXUNWND"
_COUNTS = struct.Struct("<QIIIxxxx")
_WORD_SIZE = 4


class TableCache:
    """Tables in a directory (`FileCache`)."""

    def __init__(self, directory: Path, max_size: int = MAX_SIZE) -> None:
        self._files = FileCache(directory, ".unwind", _MAGIC, FORMAT_VERSION, max_size)

    @classmethod
    def below(cls, cache_dir: Path | None) -> Self | None:
        """In its place in the directory where otx keeps such things; None: nowhere."""
        return cls(cache_dir / "unwind") if cache_dir else None

    def load(self, of: bytes) -> UnwindTable | None:
        """The table of an object (`cache_id`); None where it is not there, or is not whole."""
        raw = self._files.load(of.hex())
        return None if raw is None else unpack(memoryview(raw)[HEAD_SIZE:])

    def store(self, of: bytes, table: UnwindTable) -> None:
        """Keep a table."""
        self._files.store(of.hex(), [pack(table)])


def cache_id(elf: ElfFile, key: FileKey) -> bytes:
    """What a table is kept by: the build-id or, of an object without one, its file's key."""
    return elf.build_id() or "-".join(map(str, key)).encode()


def pack(table: UnwindTable) -> bytes:
    """A table as it stands in a file."""
    counts = (table.base, table.page_count, table.rule_count, len(table.rows))
    return _COUNTS.pack(*counts) + table.image()


def unpack(raw: Bytes) -> UnwindTable | None:
    """The table in a file; None where that is of another form."""
    if len(raw) < _COUNTS.size:
        return None
    base, page_count, rule_count, row_count = _COUNTS.unpack_from(raw)
    rules_at = _COUNTS.size + (page_count + 1) * _WORD_SIZE
    rows_at = rules_at + rule_count * RULE.size
    if len(raw) != rows_at + row_count * _WORD_SIZE:
        return None
    pages, rows = array(WORD), array(WORD)
    pages.frombytes(raw[_COUNTS.size : rules_at])
    rows.frombytes(raw[rows_at:])
    return UnwindTable(base, pages, bytes(raw[rules_at:rows_at]), rows)
