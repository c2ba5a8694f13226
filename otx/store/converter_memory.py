"""Fits memory to what a converter does: tens of megabytes for a moment, and then nothing for long.

Arrow's own allocator gives each of a batch's columns back to the kernel and fetches the next one's,
zeroed, page by page: a tenth of a conversion (benchmarks/store_convert.py). The C library's keeps
them, once it is told to, and gives them back when it is asked.
"""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES = 128 << 20
"""Free memory that is kept for the next batch, about what one takes."""
_OWN_MAPPING_BYTES = 32 << 20
"""From here on a column has a mapping of its own, which goes when it does; glibc's upper bound."""


def keep_freed_memory() -> None:
    """Have Arrow take its memory from the C library, and that keep what is freed."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc; elsewhere Arrow's own is the better one
        import pyarrow as pa  # 60 ms: not while a converter waits for its turn

        pa.set_memory_pool(pa.system_memory_pool())
        libc.mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back_memory() -> None:
    """Give what is free back to the kernel, until there is work again."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
