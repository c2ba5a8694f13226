"""Where a running thread is, from one tick of a timer of its own (perf_event_open(2)).

Such a thread's stack changes while it is read. So the kernel is asked for a copy: at the next tick
that meets the thread on a processor (after 0.1 ms) it puts its registers and the top of its stack
into a ring. The thread goes on as after any other interrupt.
"""

import ctypes
import fcntl
import mmap
import os
import select
import struct
from dataclasses import dataclass

from otx.profile.errors import UnreadableError
from otx.profile.unwind.walk import Registers

_SYS_PERF_EVENT_OPEN = 298  # x86-64, asm/unistd_64.h
_PERF_TYPE_SOFTWARE, _CPU_CLOCK = 1, 0  # linux/perf_event.h
_SAMPLE_TID, _SAMPLE_CALLCHAIN = 1 << 1, 1 << 5
_SAMPLE_REGS_USER, _SAMPLE_STACK_USER = 1 << 12, 1 << 13
_DISABLED, _EXCLUDE_KERNEL, _EXCLUDE_CALLCHAIN_USER = 1 << 0, 1 << 5, 1 << 22
_FLAG_CLOEXEC = 8
_IOC_REFRESH = 0x2402
_RECORD_SAMPLE = 9
_REGISTERS = 1 << 6 | 1 << 7 | 1 << 8  # bp, sp, ip: asm/perf_regs.h
_ABI_64 = 2
_CONTEXT_MARKS = (1 << 64) - 4096  # PERF_CONTEXT_*: what follows is of the kernel or the user
_PERIOD_NS = 100_000
_STACK_SIZE = 63 << 10  # a record has at most 64 KiB
_RING_PAGES = 32
_HEADER = struct.Struct("<IHH")
_ATTRIBUTES_SIZE = 112  # PERF_ATTR_SIZE_VER5
_HEAD_AT = 1024  # data_head of struct perf_event_mmap_page
MAX_KERNEL_FRAMES = 127


@dataclass(frozen=True, slots=True)
class Tick:
    """What the kernel copied of a running thread.

    Attributes:
        stack: From the stack pointer on.
        kernel: Kernel addresses, leaf first; none where it ran its own code.
    """

    registers: Registers
    stack: bytes
    kernel: tuple[int, ...]


def tick(tid: int, timeout_s: float) -> Tick | None:
    """Wait until a thread is met on a processor, and copy where it is.

    Returns:
        None where it was not met in time, is gone, or may not be looked at.
    """
    descriptor = _open(tid, 0)
    if descriptor < 0:
        descriptor = _open(tid, _EXCLUDE_KERNEL)  # perf_event_paranoid 2: users see users
    if descriptor < 0:
        return None
    try:
        size = (_RING_PAGES + 1) * mmap.PAGESIZE
        with mmap.mmap(descriptor, size, mmap.MAP_SHARED) as ring:
            fcntl.ioctl(descriptor, _IOC_REFRESH, 1)
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(timeout_s * 1000)
            head = int.from_bytes(ring[_HEAD_AT : _HEAD_AT + 8], "little")
            return decode_tick(ring[mmap.PAGESIZE : mmap.PAGESIZE + head])
    except (OSError, UnreadableError):
        return None
    finally:
        os.close(descriptor)


def decode_tick(raw: bytes) -> Tick | None:
    """The first sample among records; None where it has no user registers.

    Raises:
        UnreadableError: The records are cut.
    """
    at = 0
    try:
        while at < len(raw):
            kind, _, size = _HEADER.unpack_from(raw, at)
            if kind == _RECORD_SAMPLE:
                return _decode(raw, at + _HEADER.size + 8)  # behind pid and tid
            at += max(size, _HEADER.size)
    except struct.error:
        raise UnreadableError("a cut record") from None
    return None


def _decode(raw: bytes, at: int) -> Tick | None:
    (count,) = struct.unpack_from("<Q", raw, at)
    if count > len(raw) // 8:
        raise UnreadableError("a call chain longer than its record")
    chain = struct.unpack_from(f"<{count}Q", raw, at + 8)
    at += 8 + 8 * count
    (abi,) = struct.unpack_from("<Q", raw, at)
    if abi != _ABI_64:
        return None
    bp, sp, ip, size = struct.unpack_from("<4Q", raw, at + 8)
    at += 40
    stack = b""
    if size > len(raw):
        raise UnreadableError("a stack longer than its record")
    if size:
        (filled,) = struct.unpack_from("<Q", raw, at + size)
        stack = raw[at : at + min(size, filled)]
    kernel = tuple(address for address in chain if address < _CONTEXT_MARKS)
    return Tick(Registers(ip, sp, bp), stack, kernel[:MAX_KERNEL_FRAMES])


def _open(tid: int, excluded: int) -> int:
    kinds = _SAMPLE_TID | _SAMPLE_CALLCHAIN | _SAMPLE_REGS_USER | _SAMPLE_STACK_USER
    attributes = struct.pack(
        "<IIQQQQQIIQQQQI",
        *(_PERF_TYPE_SOFTWARE, _ATTRIBUTES_SIZE, _CPU_CLOCK, _PERIOD_NS, kinds, 0),
        _DISABLED | _EXCLUDE_CALLCHAIN_USER | excluded,
        *(1, 0, 0, 0, 0),  # wake up at each; no breakpoint, no branches
        *(_REGISTERS, _STACK_SIZE),
    ).ljust(_ATTRIBUTES_SIZE, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    flags = ctypes.c_ulong(_FLAG_CLOEXEC)
    return int(libc.syscall(_SYS_PERF_EVENT_OPEN, attributes, tid, -1, -1, flags))
