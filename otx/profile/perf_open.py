"""The system call perf_event_open(2) and what it takes."""

import ctypes
import os

SYSTEM_CALL = 298  # x86-64, asm/unistd_64.h
SOFTWARE = 1  # enum perf_type_id, linux/perf_event.h
_CLOSE_ON_EXEC = 8


class PerfEventAttributes(ctypes.Structure):
    """`struct perf_event_attr` of version 5 and later; what follows is zero."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("config", ctypes.c_uint64),
        ("sample_freq", ctypes.c_uint64),
        ("sample_type", ctypes.c_uint64),
        ("read_format", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("wakeup_watermark", ctypes.c_uint32),
        ("bp_type", ctypes.c_uint32),
        ("config1", ctypes.c_uint64),
        ("config2", ctypes.c_uint64),
        ("branch_sample_type", ctypes.c_uint64),
        ("sample_regs_user", ctypes.c_uint64),
        ("sample_stack_user", ctypes.c_uint32),
        ("clockid", ctypes.c_int32),
        ("rest", ctypes.c_uint8 * 32),
    )


def perf_event_open(attributes: PerfEventAttributes, pid: int, cpu: int) -> int:
    """Open an event; the descriptor, which the caller closes.

    Args:
        attributes: Their size is filled in here.
        pid: A thread, 0 for the calling one, -1 for whatever runs on the processor.
        cpu: A processor, -1 for all.

    Raises:
        OSError: The kernel refuses.
    """
    attributes.size = ctypes.sizeof(attributes)
    libc = ctypes.CDLL(None, use_errno=True)
    flags = ctypes.c_ulong(_CLOSE_ON_EXEC)
    descriptor: int = libc.syscall(SYSTEM_CALL, ctypes.byref(attributes), pid, cpu, -1, flags)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor
