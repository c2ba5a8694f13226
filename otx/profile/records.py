"""The records that otx_cpu.bpf.c writes, decoded. Addresses only: names come later."""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TypeAlias

_STACK_WORDS = 16
_SAMPLE = struct.Struct(f"<IIIHHHHIQ16s16s{_STACK_WORDS}Q")
_EVENT = struct.Struct("<IIIIQ")
_PYTHON_FRAME_WORDS = 3
_CONTEXT_WORDS = 3
_TRACE_ID_DIGITS = 32
_ENTRY_BIT = 1 << 63


class RecordKind(IntEnum):
    """What a record tells (enum record_kind)."""

    SAMPLE = 1
    EXEC = 2
    FORK = 3
    EXIT = 4


class SampleFlags(IntFlag):
    """What happened while a sample was taken (enum record_flags)."""

    KERNEL_CUT = 1 << 0
    USER_CUT = 1 << 1
    PYTHON_CUT = 1 << 2
    PYTHON_ABSENT = 1 << 3
    PYTHON_FAULT = 1 << 4
    PYTHON_ROOT = 1 << 5
    USER_TABLES = 1 << 6
    USER_ROOT = 1 << 7
    USER_UNMAPPED = 1 << 8
    USER_NO_TABLE = 1 << 9
    USER_FAULT = 1 << 10
    THREAD_CONTEXT = 1 << 15


class TargetFlags(IntFlag):
    """How a process is sampled (enum target_flags)."""

    FOLLOW_CHILDREN = 1 << 0
    AWAIT_EXEC = 1 << 1
    BY_TABLES = 1 << 2
    TRUST_FRAME_POINTERS = 1 << 3


class Counter(IntEnum):
    """What the BPF programs count (enum counter)."""

    LOST = 0
    TARGETS_FULL = 1


@dataclass(frozen=True, slots=True)
class PythonFrame:
    """One Python frame as it was found.

    Attributes:
        code: Address of the code object.
        instruction: Address of the instruction being executed.
        is_entry: Whether C called this frame: it is the outermost of its run.
        signature: Hash of the code object's unchanging part (`cpython.code.signature_of`).
    """

    code: int
    instruction: int
    is_entry: bool
    signature: int


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One look at one thread; every list of frames is leaf first.

    Attributes:
        user_stack: The words at the user stack's top; zeros where they could not be read.
        trace_id: The trace that the thread says it works for, in hex; "" where it says none.
        span_id: Its span.
    """

    pid: int
    tid: int
    flags: int
    monotonic_ns: int
    thread_comm: str
    process_comm: str
    kernel: tuple[int, ...]
    user: tuple[int, ...]
    python: tuple[PythonFrame, ...]
    user_stack: tuple[int, ...]
    trace_id: str = ""
    span_id: str = ""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process began (FORK, with its parent), became another program (EXEC) or ended (EXIT)."""

    kind: RecordKind
    pid: int
    parent: int


Record: TypeAlias = SampleRecord | ProcessRecord


def decode_record(raw: bytes) -> Record:
    """Decode one record of the ring.

    Raises:
        ValueError: The bytes are no record.
    """
    try:
        kind = RecordKind(int.from_bytes(raw[:4], "little"))
        if kind is not RecordKind.SAMPLE:
            _, pid, parent, _, _ = _EVENT.unpack_from(raw)
            return ProcessRecord(kind, pid, parent)
        return _decode_sample(raw)
    except struct.error as error:
        raise ValueError(f"record of {len(raw)} bytes is cut: {error}") from None


def _decode_sample(raw: bytes) -> SampleRecord:
    fields = _SAMPLE.unpack_from(raw)
    _, pid, tid, kernel, user, python, flags, _, monotonic_ns, *comms_and_stack = fields
    thread_comm, process_comm, *user_stack = comms_and_stack
    context = _CONTEXT_WORDS if flags & SampleFlags.THREAD_CONTEXT else 0
    native = kernel + user
    count = native + context + python * _PYTHON_FRAME_WORDS
    words = struct.unpack_from(f"<{count}Q", raw, _SAMPLE.size)
    ids_at = _SAMPLE.size + native * 8
    ids = raw[ids_at : ids_at + context * 8].hex()
    return SampleRecord(
        pid,
        tid,
        flags,
        monotonic_ns,
        _text(thread_comm),
        _text(process_comm),
        words[:kernel],
        words[kernel:native],
        tuple(_python_frames(words[native + context :])),
        tuple(user_stack),
        ids[:_TRACE_ID_DIGITS],
        ids[_TRACE_ID_DIGITS:],
    )


def _python_frames(words: tuple[int, ...]) -> list[PythonFrame]:
    return [
        PythonFrame(code, instruction & ~_ENTRY_BIT, bool(instruction & _ENTRY_BIT), signature)
        for code, instruction, signature in zip(words[::3], words[1::3], words[2::3], strict=True)
    ]


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")
