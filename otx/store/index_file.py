"""The file of an index: sorted keys, each with the blocks of a segment that may hold it.

    magic, entries, blocks, pages, checksum     32 bytes, little-endian, as all of the file is
    when each block begins                      Unix nanoseconds, 8 bytes each
    the first key of each page                  8 bytes each
    the checksum of each page                   4 bytes each
    where the blocks of each page end           4 bytes each, filled up to a multiple of 8
    the blocks of each key                      packed page by page (`otx.store.index_blocks`)
    the keys in order                           8 bytes each, or 4

A page is `PAGE_ENTRIES` keys and their blocks. What comes before the blocks of keys is read when a
file is opened, and then of each key its page, some microseconds whatever the file's size. In the
first form, which is read as well, blocks are not packed: of each key 8 bytes. Checksums
are CRC-32, one of what is read first and one of each page, compared whenever it is read, so that no
damage passes for an answer. Files are not mapped into memory: a disk that fails would end the
process instead of raising an error.
"""

import os
import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from otx.store.index_blocks import PAGE_ENTRIES, Packed, block_bits, packed_blocks
from otx.store.index_entries import KeyWidth

_HEAD = struct.Struct("<8sQIQI")
_MAGICS: dict[KeyWidth, bytes] = {"I": b"otxpck32", "Q": b"otxpck64"}
_FIRST_MAGICS: dict[KeyWidth, bytes] = {"I": b"otxidx32", "Q": b"otxidx64"}
"""Of the first form."""
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
    key_data, packed = _data(keys, _BYTES[width]), packed_blocks(blocks)
    firsts = range(0, len(keys), PAGE_ENTRIES)
    fences = [keys[first].as_py() for first in firsts]
    sums = _page_sums(key_data, packed, _BYTES[width])
    pages = len(fences)
    front = struct.pack(
        f"<{len(starts)}q{pages}Q{2 * pages}I", *starts, *fences, *sums, *packed.ends
    )
    front += bytes(-len(front) % 8)
    head = (_MAGICS[width], len(keys), len(starts), pages)
    checksum = zlib.crc32(front, zlib.crc32(_HEAD.pack(*head, 0)))
    return b"".join((_HEAD.pack(*head, checksum), front, packed.data, key_data))


class IndexFile:
    """An index, of which the front is in memory.

    Attributes:
        starts: When each block begins, Unix nanoseconds.
    """

    def __init__(self, path: Path) -> None:
        """Read the front of a file.

        Raises:
            FileNotFoundError: There is none.
            OSError: It cannot be read.
            IndexDamaged: It is no index, or its front is damaged.
        """
        self._path = path
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise IndexDamaged("it is shorter than its head")
            magic, self._entries, blocks, pages, checksum = _HEAD.unpack(head)
            self._width, self._is_packed = _form_of(magic)
            sizes = (8 * blocks, 8 * pages, 4 * pages, 4 * pages * self._is_packed)
            if pages != -(-self._entries // PAGE_ENTRIES):
                raise IndexDamaged("it has not as many pages as its keys need")
            self._begin = _HEAD.size + sum(sizes) + -sum(sizes) % 8
            size = os.fstat(file.fileno()).st_size
            if size < self._begin + self.key_bytes:
                raise IndexDamaged("it is not as long as its head says")
            front = memoryview(file.read(self._begin - _HEAD.size))
        known = _HEAD.pack(magic, self._entries, blocks, pages, 0)
        if zlib.crc32(front, zlib.crc32(known)) != checksum:
            raise IndexDamaged("its front does not have its checksum")
        parts = _parts(front, sizes)
        self.starts: tuple[int, ...] = tuple(next(parts).cast("q"))
        self._fences = next(parts).cast("Q")
        self._sums = next(parts).cast("I")
        self._bounds = (0, *(next(parts).cast("I") if self._is_packed else self._first_ends()))
        """Where the blocks of each page begin, and the last ones end."""
        self._kept: memoryview | None = None
        if size != self._begin + self._bounds[-1] + self.key_bytes:
            raise IndexDamaged("it is not as long as its front says")

    def _first_ends(self) -> Iterator[int]:
        """Where the blocks of each page end in the first form."""
        for first in range(0, self._entries, PAGE_ENTRIES):
            yield 8 * min(first + PAGE_ENTRIES, self._entries)

    @property
    def key_bytes(self) -> int:
        """How much memory `keep_keys` takes."""
        return int(self._entries) * _BYTES[self._width]

    @property
    def has_keys(self) -> bool:
        """Whether all keys are in memory."""
        return self._kept is not None

    def keep_keys(self) -> None:
        """Read all keys into memory, where one that is not there is known in a microsecond.

        Raises:
            OSError: The file cannot be read.
            IndexDamaged: A page does not have its checksum.
        """
        with self._path.open("rb", buffering=0) as file:
            self._kept = self._pages(file.fileno(), 0, len(self._fences))[0]

    def blocks_of(self, ranges: Iterable[tuple[int, int]]) -> int:
        """The blocks of all keys in some ranges, both ends of each included; a bit for each block.

        Raises:
            OSError: The file cannot be read.
            IndexDamaged: A page does not have its checksum.
        """
        if self._kept is not None:
            ranges = list(_present(self._kept, ranges))
            if not ranges:
                return 0
        found = 0
        with self._path.open("rb", buffering=0) as file:
            for lowest, highest in ranges:
                # The page before the first one that begins there may end there.
                first = max(bisect_left(self._fences, lowest) - 1, 0)
                for page in range(first, bisect_right(self._fences, highest)):
                    keys, blocks = self._pages(file.fileno(), page, page + 1)
                    for at in range(bisect_left(keys, lowest), bisect_right(keys, highest)):
                        found |= self._bits(blocks, len(keys), at)
        return found

    def _bits(self, page: bytes, keys: int, at: int) -> int:
        """The blocks of a key of a page."""
        if self._is_packed:
            return block_bits(page, keys, at)
        return int.from_bytes(page[8 * at : 8 * at + 8], "little")

    def check(self) -> None:
        """Read all of it.

        Raises:
            OSError: The file cannot be read.
            IndexDamaged: A page does not have its checksum.
        """
        with self._path.open("rb", buffering=0) as file:
            for page in range(len(self._fences)):
                self._pages(file.fileno(), page, page + 1)

    def _pages(self, descriptor: int, first: int, last: int) -> tuple[memoryview, bytes]:
        """The keys and blocks of the pages from one on and before another."""
        bounds, width = self._bounds[first : last + 1], _BYTES[self._width]
        begin = PAGE_ENTRIES * first
        count = min(PAGE_ENTRIES * last, self._entries) - begin
        if bounds[-1] - bounds[0] < count:
            raise IndexDamaged("a page has fewer bytes than keys")
        blocks = os.pread(descriptor, bounds[-1] - bounds[0], self._begin + bounds[0])
        at = self._begin + self._bounds[-1] + width * begin
        keys = memoryview(os.pread(descriptor, width * count, at))
        packed = Packed(memoryview(blocks), [end - bounds[0] for end in bounds[1:]])
        if _page_sums(keys, packed, width) != list(self._sums[first:last]):
            raise IndexDamaged("a page does not have its checksum")
        return keys.cast(self._width), blocks


def _present(keys: memoryview, ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those of some ranges that hold one of some keys, which are in order."""
    for lowest, highest in ranges:
        at = bisect_left(keys, lowest)
        if at < len(keys) and keys[at] <= highest:
            yield lowest, highest


def _form_of(magic: bytes) -> tuple[KeyWidth, bool]:
    """How wide the keys of a file are, and whether its blocks are packed.

    Raises:
        IndexDamaged: It is no index.
    """
    for is_packed, magics in ((True, _MAGICS), (False, _FIRST_MAGICS)):
        for width, own in magics.items():
            if own == magic:
                return width, is_packed
    raise IndexDamaged("it is no index")


def _page_sums(keys: memoryview, packed: Packed, key_bytes: int) -> list[int]:
    """The checksum of each page of some."""
    sums, begin = [], 0
    for page, end in enumerate(packed.ends):
        first = key_bytes * PAGE_ENTRIES * page
        own = zlib.crc32(keys[first : first + key_bytes * PAGE_ENTRIES])
        sums.append(zlib.crc32(packed.data[begin:end], own))
        begin = end
    return sums


def _parts(view: memoryview, sizes: Sequence[int]) -> Iterator[memoryview]:
    begin = 0
    for size in sizes:
        yield view[begin : begin + size]
        begin += size


def _data(numbers: Any, width: int) -> memoryview:
    """The values of a pyarrow Array as bytes."""
    data = numbers.buffers()[1]
    begin = numbers.offset * width
    return memoryview(data if data is not None else b"")[begin : begin + len(numbers) * width]
