"""Looks at the threads of a process through /proc alone (proc(5)): what is left without BPF.

/proc/PID/task/TID/syscall gives a blocked thread's stack pointer and program counter, which is
enough for most walks by tables: the frame pointer, which it does not give, is known again from
the first function on that saved it. A thread's pointer is found through the list of robust locks
that the C library registers for it (get_robust_list(2)): the list's head lies in the thread's own
control block, and that block begins with its own address (System V TLS ABI for x86-64).
"""

import ctypes
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from otx.profile.dump.looks import SystemCall, ThreadLook
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory
from otx.profile.proc_text import read_lines
from otx.profile.unwind.walk import LOST_BP, Registers

_SYS_GET_ROBUST_LIST = 274  # x86-64, asm/unistd_64.h
_MAX_CONTROL_BLOCK = 4096
_WORD = 8
_RUNNING = "running"
_SWITCHES = re.compile(r"(?:non)?voluntary_ctxt_switches:\t([0-9]{1,20})")
_CALL_FIELDS = 9  # number, six arguments, stack pointer, program counter
_NO_CALL = "-1"  # blocked, but not in a system call: three fields


class ProcThreads:
    """The threads of one process, by /proc.

    Args:
        memory: The process's.
    """

    has_all_registers = False

    def __init__(self, pid: int, memory: ProcessMemory) -> None:
        self._folder = Path(f"/proc/{pid}/task")
        self._memory = memory
        self._pointers: dict[int, int] = {}

    def look(self) -> list[ThreadLook]:
        """All threads of the process, one after the other; none where it is gone."""
        looks = []
        with suppress(OSError):
            for tid in sorted(int(entry.name) for entry in self._folder.iterdir()):
                with suppress(OSError):
                    looks.append(self._look_at(tid))
        return looks

    def close(self) -> None:
        """Nothing is kept open."""

    def _look_at(self, tid: int) -> ThreadLook:
        folder = self._folder / str(tid)
        # The count first: what happens behind it shows in the count of the next look.
        switches = count_switches(read_lines(folder / "status"))
        registers, call = parse_syscall((folder / "syscall").read_text())
        return ThreadLook(
            tid, registers is None, switches, registers, self._thread_pointer(tid), call
        )

    def _thread_pointer(self, tid: int) -> int:
        if tid not in self._pointers:
            self._pointers[tid] = control_block_below(self._memory, _robust_list_head(tid))
        return self._pointers[tid]


def parse_syscall(text: str) -> tuple[Registers | None, SystemCall | None]:
    """Registers and system call of /proc/PID/task/TID/syscall; the frame pointer is lost."""
    fields = text.split()
    if not fields or fields[0] == _RUNNING:
        return None, None
    try:
        sp, pc = int(fields[-2], 16), int(fields[-1], 16)
        call = None
        if fields[0] != _NO_CALL and len(fields) == _CALL_FIELDS:
            call = SystemCall(int(fields[0]), tuple(int(it, 16) for it in fields[1:-2]))
    except (ValueError, IndexError):
        return None, None
    return (Registers(pc, sp, LOST_BP) if pc else None), call


def control_block_below(memory: ProcessMemory, head: int) -> int:
    """The control block that holds an address: the nearest word below that is its own address.

    Returns:
        0 where there is none within 4 KiB.
    """
    aligned = head & -_WORD
    for size in (_MAX_CONTROL_BLOCK, head % _MAX_CONTROL_BLOCK):
        start = aligned - (size & -_WORD)
        try:
            words = memoryview(memory.read(start, aligned - start)).cast("Q")
        except (UnreadableError, ValueError):
            continue
        for index in range(len(words) - 1, -1, -1):
            if words[index] == start + index * _WORD:
                return start + index * _WORD
    return 0


def count_switches(status: Iterable[str]) -> int:
    """How often a thread left a processor, of its own and not, by lines of its `status`.

    The thread's name stands in one of them, and may be that of a field.
    """
    return sum(int(found[1]) for line in status if (found := _SWITCHES.fullmatch(line)))


def _robust_list_head(tid: int) -> int:
    head, length = ctypes.c_uint64(), ctypes.c_size_t()
    libc = ctypes.CDLL(None, use_errno=True)
    refused = libc.syscall(_SYS_GET_ROBUST_LIST, tid, ctypes.byref(head), ctypes.byref(length))
    return 0 if refused else head.value
