"""Looks at all threads of a process through a BPF task iterator: 30 µs for a look at ten."""

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from otx.profile.bpf_files import find_bpf_object
from otx.profile.dump.looks import SystemCall, ThreadLook
from otx.profile.dump.ready_program import ProgramCache, RunningProgram
from otx.profile.unwind.walk import Registers
from otx.system.bpf_support import probe_pid_namespace, require_bpf

OBJECT_NAME = "otx_dump.bpf.o"
KERNEL_FRAMES = 64
_PROGRAM = "look_at_task"
_MAPS = ("wanted", "looks")
_ARGUMENTS = 6
_LOOK = struct.Struct(f"<IIII4Q{_ARGUMENTS}QQQ{KERNEL_FRAMES}Q")
_NO_CALL = (1 << 64) - 1


class Program(Protocol):
    """A program that is linked to the threads of one process."""

    def run(self) -> bytes:
        """What it wrote of every thread."""

    def close(self) -> None:
        """Unload it."""


class TaskIterator:
    """The threads of one process, by BPF."""

    has_all_registers = True

    def __init__(self, program: Program) -> None:
        self._program = program

    def look(self) -> list[ThreadLook]:
        """All threads of the process, as they are now; none where it is gone."""
        return decode_looks(self._program.run())

    def close(self) -> None:
        """Unload the program."""
        self._program.close()


def open_task_iterator(
    pid: int, cache: ProgramCache, debug: Callable[[str], None] | None = None
) -> TaskIterator:
    """Have a process's threads looked at.

    Args:
        cache: Where a program is kept as this kernel takes it.
        debug: Takes what libbpf and the verifier say, line by line.

    Raises:
        MachineError: This machine won't.
    """
    source, wanted = find_bpf_object(OBJECT_NAME), pid.to_bytes(4, "little")
    kept = cache.load(source) if debug is None and probe_pid_namespace().ok else None
    if kept is not None:
        # Where the kernel refuses, libbpf is told why.
        with suppress(OSError, LookupError):
            return TaskIterator(RunningProgram(_PROGRAM, kept, {0: wanted}, pid))
    require_bpf()
    from otx.profile.dump.loaded_program import LoadedProgram  # 4 ms, and once a kernel

    loaded = LoadedProgram(source, _PROGRAM, {_MAPS[0]: wanted}, pid, debug)
    cache.store(source, loaded.ready(_MAPS))
    return TaskIterator(loaded)


def decode_looks(raw: bytes) -> list[ThreadLook]:
    """What the iterator wrote (`struct look` of otx_dump.bpf.c); a cut look is left out."""
    whole = len(raw) // _LOOK.size * _LOOK.size
    return [_decode(fields) for fields in _LOOK.iter_unpack(raw[:whole])]


def _decode(fields: tuple[int, ...]) -> ThreadLook:
    tid, on_cpu, kernel_frames, _, ip, sp, bp, call, *rest = fields
    arguments, (thread_pointer, switches), kernel = rest[:6], rest[6:8], rest[8:]
    return ThreadLook(
        tid,
        bool(on_cpu),
        switches,
        None if on_cpu or not ip else Registers(ip, sp, bp),
        thread_pointer,
        None if on_cpu or call == _NO_CALL else SystemCall(call, tuple(arguments)),
        tuple(kernel[: min(kernel_frames, KERNEL_FRAMES)]),
    )
