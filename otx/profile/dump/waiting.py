"""What a thread waits for: its system call, the file or lock in it, and who holds the lock.

A mutex of glibc names its owner (`struct __pthread_mutex_s`: lock, count, owner, 32 bits each). It
is believed only where the lock is waited for as a mutex is, and the owner is one of the threads.
"""

import struct
from collections.abc import Collection
from pathlib import Path

from otx.profile.dump.looks import SystemCall
from otx.profile.dump.stacks import NO_WAIT, Wait
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

_CALLS = {
    **{0: "read", 1: "write", 7: "poll", 16: "ioctl", 17: "pread64", 18: "pwrite64"},
    **{19: "readv", 20: "writev", 23: "select", 34: "pause", 35: "nanosleep", 42: "connect"},
    **{43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 61: "wait4"},
    **{65: "semop", 70: "msgrcv", 72: "fcntl", 73: "flock", 74: "fsync", 75: "fdatasync"},
    **{128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex", 208: "io_getevents"},
    **{219: "restart_syscall", 220: "semtimedop", 230: "clock_nanosleep", 232: "epoll_wait"},
    **{242: "mq_timedsend", 243: "mq_timedreceive", 247: "waitid", 270: "pselect6", 271: "ppoll"},
    **{281: "epoll_pwait", 288: "accept4", 299: "recvmmsg", 307: "sendmmsg", 318: "getrandom"},
    **{426: "io_uring_enter", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait"},
}
"""The calls that wait, by number (x86-64, asm/unistd_64.h)."""

_TAKES_FILE = frozenset(
    (0, 1, 16, 17, 18, 19, 20, 42, 43, 44, 45, 46, 47, 72, 73, 74, 75, 232, 281, 288, 299, 307, 441)
)
_FUTEX = 202
_WAIT, _LOCK_PI, _WAIT_BITSET, _LOCK_PI2 = 0, 6, 9, 13  # linux/futex.h
_COMMAND_MASK = 0x7F
_TID_MASK = 0x3FFFFFFF
_CONTENDED = 2  # the value of a mutex that threads wait for (glibc, lowlevellock.h)
_MUTEX = struct.Struct("<III")


def wait_of(
    pid: int, tid: int, call: SystemCall | None, memory: ProcessMemory, threads: Collection[int]
) -> Wait:
    """What a thread in a system call waits for.

    Args:
        threads: The ids of the process's threads.
    """
    if call is None:
        return NO_WAIT
    name = _CALLS.get(call.number, f"syscall {call.number}")
    if call.number == _FUTEX:
        return _futex(name, tid, call, memory, threads)
    if call.number in _TAKES_FILE:
        return Wait(name, _file(pid, call.arguments[0] & 0xFFFFFFFF))
    return Wait(name)


def futex_address(call: SystemCall | None) -> int:
    """The address of the word that a thread waits for in a futex; 0 where it is in none."""
    return call.arguments[0] if call is not None and call.number == _FUTEX else 0


def _futex(
    name: str, tid: int, call: SystemCall, memory: ProcessMemory, threads: Collection[int]
) -> Wait:
    address, operation, expected = call.arguments[:3]
    command = operation & _COMMAND_MASK
    at = f"{address:#x}"
    try:
        word, _, owner = _MUTEX.unpack(memory.read(address, _MUTEX.size))
    except UnreadableError:
        return Wait(name, at)
    if command in (_LOCK_PI, _LOCK_PI2):
        owner = word & _TID_MASK
    elif command not in (_WAIT, _WAIT_BITSET) or expected & 0xFFFFFFFF != _CONTENDED:
        return Wait(name, at)
    if owner == tid or owner not in threads:
        return Wait(name, at)
    return Wait(name, at, f"mutex {at}", owner)


def _file(pid: int, number: int) -> str:
    try:
        return f"fd {number} {Path(f'/proc/{pid}/fd/{number}').readlink()}"
    except OSError:
        return f"fd {number}"
