"""Looks at all threads of a process through a BPF task iterator: 30 µs for a look at ten."""

import struct
from collections.abc import Callable

from otx.profile.bpf_files import find_bpf_object
from otx.profile.dump.looks import SystemCall, ThreadLook
from otx.profile.libbpf import BpfObject
from otx.profile.unwind.walk import Registers

OBJECT_NAME = "otx_dump.bpf.o"
KERNEL_FRAMES = 64
_PROGRAM = "look_at_task"
_ARGUMENTS = 6
_LOOK = struct.Struct(f"<IIII4Q{_ARGUMENTS}QQQ{KERNEL_FRAMES}Q")
_NO_CALL = (1 << 64) - 1


class TaskIterator:
    """The threads of one process, by BPF.

    Args:
        debug: Takes what libbpf and the verifier say, line by line.

    Raises:
        MachineError: This machine won't.
    """

    has_all_registers = True

    def __init__(self, pid: int, debug: Callable[[str], None] | None = None) -> None:
        self._object = BpfObject(find_bpf_object(OBJECT_NAME), debug)
        try:
            self._object.map("wanted").update(bytes(4), pid.to_bytes(4, "little"))
            self._run = self._object.attach_task_iterator(_PROGRAM, pid)
        except BaseException:
            self._object.close()
            raise

    def look(self) -> list[ThreadLook]:
        """All threads of the process, as they are now; none where it is gone."""
        return decode_looks(self._run())

    def close(self) -> None:
        """Unload the program."""
        self._object.close()


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
