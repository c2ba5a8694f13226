"""Built unwind tables on disk, by build-id: the second start reads what the first one worked out.

A file is a head (magic, format version, checksum, counts) and the table's image. What is not so
to the byte is no table: it is built anew and written over. Files are written beside and renamed,
and the directory is kept below 64 MiB by deleting what was used longest ago.
"""

import os
import struct
import tempfile
import zlib
from array import array
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from otx.profile.unwind.rules import RULE
from otx.profile.unwind.table import WORD, UnwindTable

FORMAT_VERSION = 1
"""To be raised whenever a table built from the same file comes out different."""

MAX_SIZE = 64 << 20
_MAGIC = b"OTXUNWND"
_HEAD = struct.Struct("<8sIIQIII")  # magic, version, crc32, base, pages, rules, rows
_WORD_SIZE = 4
_SUFFIX = ".unwind"


class TableCache:
    """A directory of tables.

    Args:
        directory: Made when the first table is stored. What cannot be read or written there is
            not cached, without a word: the table is built instead.
    """

    def __init__(self, directory: Path, max_size: int = MAX_SIZE) -> None:
        self._directory = directory
        self._max_size = max_size

    def load(self, build_id: bytes) -> UnwindTable | None:
        """The table of a file; None where it is not there, or is not whole."""
        path = self._path(build_id)
        try:
            raw = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return unpack(raw)

    def store(self, build_id: bytes, table: UnwindTable) -> None:
        """Keep a table."""
        with suppress(OSError):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_beside(self._path(build_id), pack(table))
            self._trim()

    def _path(self, build_id: bytes) -> Path:
        return self._directory / (build_id.hex() + _SUFFIX)

    def _trim(self) -> None:
        """Delete what was used longest ago until the rest fits."""
        found = []
        for path in self._directory.glob("*" + _SUFFIX):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, path))
        left = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if left <= self._max_size:
                return
            path.unlink(missing_ok=True)
            left -= size


def pack(table: UnwindTable) -> bytes:
    """A table as it stands in a file."""
    image = table.image()
    counts = (table.base, table.page_count, table.rule_count, len(table.rows))
    return _HEAD.pack(_MAGIC, FORMAT_VERSION, _checksum(image, counts), *counts) + image


def unpack(raw: bytes) -> UnwindTable | None:
    """The table in a file; None where it is not whole, or of another format."""
    if len(raw) < _HEAD.size:
        return None
    magic, version, checksum, *counts = _HEAD.unpack_from(raw)
    base, page_count, rule_count, row_count = counts
    rules_at = _HEAD.size + (page_count + 1) * _WORD_SIZE
    rows_at = rules_at + rule_count * RULE.size
    if (magic, version) != (_MAGIC, FORMAT_VERSION) or len(raw) != rows_at + row_count * _WORD_SIZE:
        return None
    if _checksum(raw[_HEAD.size :], counts) != checksum:
        return None
    pages, rows = array(WORD), array(WORD)
    pages.frombytes(raw[_HEAD.size : rules_at])
    rows.frombytes(raw[rows_at:])
    return UnwindTable(base, pages, raw[rules_at:rows_at], rows)


def _checksum(image: bytes, counts: Sequence[int]) -> int:
    return zlib.crc32(image, zlib.crc32(struct.pack("<4Q", *counts)))


def _write_beside(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
