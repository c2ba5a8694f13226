"""The records that otx_cpu.bpf.c writes, decoded. Addresses only: names come later."""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TypeAlias

_STACK_WORDS = 16
_SAMPLE = struct.Struct(f"<IIIHHHHIQ16s16s{_STACK_WORDS}Q")
_EVENT = struct.Struct("<IIIIQ")
_PYTHON_FRAME_WORDS = 3
_ENTRY_BIT = 1 << 63


class RecordKind(IntEnum):
    """What a record tells (enum record_kind)."""

    SAMPLE = 1
    EXEC = 2
    FORK = 3
    EXIT = 4
    CHOICE = 5


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


class TargetFlags(IntFlag):
    """How a process is sampled (enum target_flags)."""

    FOLLOW_CHILDREN = 1 << 0
    AWAIT_EXEC = 1 << 1
    BY_TABLES = 1 << 2
    TRUST_FRAME_POINTERS = 1 << 3
    CHOSEN = 1 << 4
    BY_NAME = 1 << 5
    BY_CGROUP = 1 << 6


class Counter(IntEnum):
    """What the BPF programs count (enum counter)."""

    LOST = 0
    TARGETS_FULL = 1
    SAMPLE_NS = 2


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


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """What became of a process.

    It began (FORK, with its parent), became another program (EXEC), is sampled for what it is
    from now on (CHOICE), or is sampled no more, because it ended or is that no more (EXIT).
    """

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
    count = kernel + user + python * _PYTHON_FRAME_WORDS
    words = struct.unpack_from(f"<{count}Q", raw, _SAMPLE.size)
    return SampleRecord(
        pid,
        tid,
        flags,
        monotonic_ns,
        _text(thread_comm),
        _text(process_comm),
        words[:kernel],
        words[kernel : kernel + user],
        tuple(_python_frames(words[kernel + user :])),
        tuple(user_stack),
    )


def _python_frames(words: tuple[int, ...]) -> list[PythonFrame]:
    return [
        PythonFrame(code, instruction & ~_ENTRY_BIT, bool(instruction & _ENTRY_BIT), signature)
        for code, instruction, signature in zip(words[::3], words[1::3], words[2::3], strict=True)
    ]


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")
