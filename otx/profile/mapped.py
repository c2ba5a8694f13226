"""Memory that the kernel shares: pages of BPF maps, mapped through libc.

Python's own mmap asks fstat for the size, which a BPF map does not have.
"""

import ctypes
import mmap
import os

from otx.errors import MachineError


def map_pages(descriptor: int, length: int, protection: int, offset: int) -> int:
    """Map pages of a BPF map; their address, to be given to `unmap_pages` with the length.

    Raises:
        MachineError: The kernel refuses.
    """
    address = _libc().mmap(None, length, protection, mmap.MAP_SHARED, descriptor, offset)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise MachineError(f"cannot map a BPF map: {os.strerror(ctypes.get_errno())}")
    return int(address)


def unmap_pages(address: int, length: int) -> None:
    """Unmap what `map_pages` mapped."""
    _libc().munmap(address, length)


def write_mapped(descriptor: int, offset: int, data: bytes) -> None:
    """Write into a map that may be mapped (BPF_F_MMAPABLE): one copy instead of a call an element.

    The pages are mapped for this write only: they would count as this process's memory.

    Raises:
        MachineError: The kernel refuses.
    """
    first = offset & -mmap.PAGESIZE
    length = -(-(offset + len(data) - first) // mmap.PAGESIZE) * mmap.PAGESIZE
    address = map_pages(descriptor, length, mmap.PROT_READ | mmap.PROT_WRITE, first)
    try:
        ctypes.memmove(address + offset - first, data, len(data))
    finally:
        unmap_pages(address, length)


def read_mapped(descriptor: int, offset: int, size: int) -> bytes:
    """Bytes of a map that may be mapped (BPF_F_MMAPABLE).

    Raises:
        MachineError: The kernel refuses.
    """
    first = offset & -mmap.PAGESIZE
    length = -(-(offset + size - first) // mmap.PAGESIZE) * mmap.PAGESIZE
    address = map_pages(descriptor, length, mmap.PROT_READ, first)
    try:
        return ctypes.string_at(address + offset - first, size)
    finally:
        unmap_pages(address, length)


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return libc
