"""The file of an index: sorted keys, each with the blocks of a segment that may hold it.

    magic, entries, blocks, pages, checksum     32 bytes, little-endian, as all of the file is
    when each block begins                      Unix nanoseconds, 8 bytes each
    the first key of each page                  8 bytes each
    the checksum of each page                   4 bytes each, filled up to a multiple of 8
    the blocks of each key                      8 bytes each, a bit for each block
    the keys in order                           8 bytes each, or 4

A page is `PAGE_ENTRIES` keys and their blocks. The file is mapped into memory, and a look for a key
reads what leads to its page and that page, a few microseconds whatever the file's size. Checksums
are CRC-32: one of all that comes before the blocks of keys, compared when a file is opened, and one
of each page, compared when it is first read, so that no damage passes for an answer.
"""

import mmap
import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

KeyWidth: TypeAlias = Literal["I", "Q"]
"""Keys of 32 or of 64 bits, as `struct` calls them."""

PAGE_ENTRIES = 512
_HEAD = struct.Struct("<8sQIQI")
_MAGICS: dict[KeyWidth, bytes] = {"I": b"otxidx32", "Q": b"otxidx64"}
_BYTES: dict[KeyWidth, int] = {"I": 4, "Q": 8}


class IndexDamaged(ValueError):
    """A file that is no index, or not as it was written."""


def encode_index(width: KeyWidth, starts: Sequence[int], keys: Any, blocks: Any) -> bytes:
    """An index as the bytes of its file.

    Args:
        width: Of the keys.
        starts: When each block begins.
        keys: A pyarrow Array of unsigned integers of that width, in order, without nulls.
        blocks: A pyarrow Array of as many uint64, a bit for each block.
    """
    key_data, block_data = _data(keys, _BYTES[width]), _data(blocks, 8)
    pages = range(0, len(keys), PAGE_ENTRIES)
    fences = [keys[first].as_py() for first in pages]
    sums = [_page_sum(key_data, block_data, _BYTES[width], first) for first in pages]
    front = struct.pack(f"<{len(starts)}q{len(fences)}Q{len(sums)}I", *starts, *fences, *sums)
    front += bytes(-len(front) % 8)
    head = (_MAGICS[width], len(keys), len(starts), len(pages))
    checksum = zlib.crc32(front, zlib.crc32(_HEAD.pack(*head, 0)))
    return b"".join((_HEAD.pack(*head, checksum), front, block_data, key_data))


class IndexFile:
    """An index, open for reading. It stays readable when its file is removed.

    Attributes:
        starts: When each block begins, Unix nanoseconds.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            FileNotFoundError: There is none.
            OSError: It cannot be read.
            IndexDamaged: It is no index, or its front is damaged.
        """
        with path.open("rb") as file:
            try:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise IndexDamaged("it is empty") from None
        view = memoryview(self._map)
        if len(view) < _HEAD.size:
            raise IndexDamaged("it is shorter than its head")
        magic, entries, blocks, pages, checksum = _HEAD.unpack_from(view)
        widths: list[KeyWidth] = [width for width, own in _MAGICS.items() if own == magic]
        if not widths:
            raise IndexDamaged("it is no index")
        self._key_bytes = _BYTES[widths[0]]
        front = 8 * (blocks + pages) + 4 * pages
        begin = _HEAD.size + front + -front % 8
        if len(view) != begin + entries * (8 + self._key_bytes):
            raise IndexDamaged("it is not as long as its head says")
        head = zlib.crc32(_HEAD.pack(magic, entries, blocks, pages, 0))
        if zlib.crc32(view[_HEAD.size : begin], head) != checksum:
            raise IndexDamaged("its front does not have its checksum")
        parts = iter(_parts(view, (8 * blocks, 8 * pages, 4 * pages)))
        self.starts: tuple[int, ...] = tuple(next(parts).cast("q"))
        self._fences = next(parts).cast("Q")
        self._sums = next(parts).cast("I")
        self._blocks = view[begin : begin + 8 * entries].cast("Q")
        self._keys = view[begin + 8 * entries :].cast(widths[0])
        self._read: set[int] = set()

    def blocks_of(self, key: int) -> int:
        """The blocks of a key, a bit for each; 0 where it is not there.

        Raises:
            IndexDamaged: Its page does not have its checksum.
        """
        page = bisect_right(self._fences, key) - 1
        if page < 0:
            return 0
        self._check(page)
        first = page * PAGE_ENTRIES
        end = min(first + PAGE_ENTRIES, len(self._keys))
        at = bisect_left(self._keys, key, first, end)
        return self._blocks[at] if at < end and self._keys[at] == key else 0

    def blocks_between(self, lowest: int, highest: int) -> int:
        """The blocks of all keys from one to another, both included.

        Raises:
            IndexDamaged: A page of theirs does not have its checksum.
        """
        pages = range(
            max(bisect_left(self._fences, lowest) - 1, 0), bisect_right(self._fences, highest)
        )
        found = 0
        for page in pages:
            self._check(page)
            first = page * PAGE_ENTRIES
            end = min(first + PAGE_ENTRIES, len(self._keys))
            for at in range(bisect_left(self._keys, lowest, first, end), end):
                if self._keys[at] > highest:
                    break
                found |= self._blocks[at]
        return found

    def check(self) -> None:
        """Read all of it.

        Raises:
            IndexDamaged: A page does not have its checksum, or the keys are not in order.
        """
        for page in range(len(self._fences)):
            self._check(page)

    def _check(self, page: int) -> None:
        if page in self._read:
            return
        first = page * PAGE_ENTRIES
        keys, blocks = self._keys.cast("B"), self._blocks.cast("B")
        if _page_sum(keys, blocks, self._key_bytes, first) != self._sums[page]:
            raise IndexDamaged(f"page {page} does not have its checksum")
        self._read.add(page)


def _page_sum(keys: memoryview, blocks: memoryview, key_bytes: int, first: int) -> int:
    end = first + PAGE_ENTRIES
    return zlib.crc32(
        blocks[8 * first : 8 * end], zlib.crc32(keys[key_bytes * first : key_bytes * end])
    )


def _parts(view: memoryview, sizes: Sequence[int]) -> Iterator[memoryview]:
    begin = _HEAD.size
    for size in sizes:
        yield view[begin : begin + size]
        begin += size


def _data(numbers: Any, width: int) -> memoryview:
    """The values of a pyarrow Array as bytes."""
    data = numbers.buffers()[1]
    begin = numbers.offset * width
    return memoryview(data if data is not None else b"")[begin : begin + len(numbers) * width]
