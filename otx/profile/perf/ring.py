"""Reads the ring of a perf event (perf_event_open(2), "MMAP layout") out of its mapped pages.

The kernel writes records one after the other and moves the head; whoever reads moves the tail,
which gives the room back. A record may begin at the ring's end and go on at its beginning.
"""

import ctypes
import mmap
import struct
from collections.abc import Iterator

from otx.profile.mapped import map_pages, unmap_pages

RING_SIZE = 512 << 10
"""What everybody may lock for each processor (kernel.perf_event_mlock_kb), less the first page."""

_HEAD_AT, _TAIL_AT = 1024, 1032  # struct perf_event_mmap_page, linux/perf_event.h
HEADER = struct.Struct("<IHH")
"""Of a record: its kind, its flags, its size."""


class PerfRing:
    """The one reader of an event's ring.

    Args:
        descriptor: The event's descriptor, which stays the caller's.

    Raises:
        MachineError: The kernel does not let it be mapped.
    """

    def __init__(self, descriptor: int) -> None:
        self._length = mmap.PAGESIZE + RING_SIZE
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        self._address = map_pages(descriptor, self._length, protection, 0)
        self._head = ctypes.c_uint64.from_address(self._address + _HEAD_AT)
        self._tail = ctypes.c_uint64.from_address(self._address + _TAIL_AT)
        data = (ctypes.c_char * RING_SIZE).from_address(self._address + mmap.PAGESIZE)
        self._data = memoryview(data).cast("B")

    def read(self) -> Iterator[bytes]:
        """The records that are there, oldest first, each with its header."""
        head, tail = self._head.value, self._tail.value
        while tail < head:
            _, _, size = HEADER.unpack(self._bytes(tail, HEADER.size))
            if size < HEADER.size or tail + size > head:
                tail = head  # not what the kernel writes: nothing behind it can be read
                break
            yield self._bytes(tail, size)
            tail += size
            self._tail.value = tail
        self._tail.value = tail

    def close(self) -> None:
        """Unmap the ring; nothing can be read afterwards."""
        if self._address:
            self._data.release()
            unmap_pages(self._address, self._length)
            self._address = 0

    def _bytes(self, position: int, size: int) -> bytes:
        at = position % RING_SIZE
        first = bytes(self._data[at : at + size])
        return first if len(first) == size else first + bytes(self._data[: size - len(first)])
