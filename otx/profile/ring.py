"""Reads a BPF ring buffer (Documentation/bpf/ringbuf.rst) out of its mapped pages.

Python reads the records itself because a callback from C costs more than the record. The kernel
writes a length word before each record with a bit for "not finished yet"; on x86-64 its stores
become visible in the order in which they were made, so reading them in that order is enough.
"""

import ctypes
import mmap
import struct
from collections.abc import Iterator

from otx.profile.mapped import map_pages, unmap_pages

_BUSY = 1 << 31  # BPF_RINGBUF_BUSY_BIT, linux/bpf.h
_DISCARD = 1 << 30  # BPF_RINGBUF_DISCARD_BIT
_HEADER_SIZE = 8  # BPF_RINGBUF_HDR_SZ
_LENGTH = struct.Struct("<I")


class RingReader:
    """The one consumer of a ring buffer.

    Args:
        descriptor: The map's descriptor, which stays the caller's.
        size: The buffer's size in bytes, a power of two.

    Raises:
        MachineError: The kernel does not let it be mapped.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        page = mmap.PAGESIZE
        self._mask = size - 1
        self._spans: list[tuple[int, int]] = []
        consumer = self._map(descriptor, page, mmap.PROT_READ | mmap.PROT_WRITE, 0)
        # The data is mapped twice in a row, so that no record is split at the end.
        producer = self._map(descriptor, page + 2 * size, mmap.PROT_READ, page)
        self._consumed = ctypes.c_uint64.from_address(consumer)
        self._produced = ctypes.c_uint64.from_address(producer)
        self._data = memoryview((ctypes.c_char * (2 * size)).from_address(producer + page)).cast(
            "B"
        )

    def read(self, limit: int) -> Iterator[bytes]:
        """The records that are there, oldest first, at most `limit` of them.

        A record's room is given back when the next one is asked for.
        """
        position = self._consumed.value
        produced = self._produced.value
        while position < produced and limit > 0:
            start = position & self._mask
            (word,) = _LENGTH.unpack_from(self._data, start)
            if word & _BUSY:
                return
            length = word & ~(_BUSY | _DISCARD)
            if not word & _DISCARD:
                limit -= 1
                yield bytes(self._data[start + _HEADER_SIZE : start + _HEADER_SIZE + length])
            position += (length + _HEADER_SIZE + 7) & ~7
            self._consumed.value = position

    def close(self) -> None:
        """Unmap the buffer; nothing can be read afterwards."""
        self._data.release()
        while self._spans:
            unmap_pages(*self._spans.pop())

    def _map(self, descriptor: int, length: int, protection: int, offset: int) -> int:
        address = map_pages(descriptor, length, protection, offset)
        self._spans.append((address, length))
        return address
