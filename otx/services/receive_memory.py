"""Fits the interpreter's and the C library's memory to what a receiver does all day.

It takes in bodies of some hundred kilobytes, several at a time, and lets them go a moment later.
By default each is given back to the kernel and fetched again, zeroed, page by page: a fifth of
the CPU time of a request (benchmarks/receive_speed.py).
"""

import ctypes
import gc

_GC_THRESHOLD = 50_000
"""Decoding JSON makes containers by the thousand and no cycles; the default costs it a factor."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES = 64 << 20
"""Free memory at the end of the heap that is kept for the next body."""
_OWN_MAPPING_BYTES = 32 << 20
"""From here on a body has a mapping of its own, which goes when it does; glibc's upper bound."""


def settle_memory() -> None:
    """Set memory up for the long run; call it when everything is imported and started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc; musl has none and needs none
        libc.mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
