"""The records that BPF programs write (bpf/sample.h), decoded. Addresses only: names come later."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Literal, NamedTuple, TypeAlias

_STACK_WORDS = 16
_SAMPLE = struct.Struct(f"<IIIHHHHIQQQQQ16s16s{_STACK_WORDS}Q")
_EVENT = struct.Struct("<IIIIQ")
_NAME = struct.Struct("<IIQQII208s512s")
_PYTHON_FRAME_WORDS = 3
_CONTEXT_WORDS = 3
_TRACE_ID_DIGITS = 32
_ENTRY_BIT = 1 << 63
_MAX_AREAS, _PAGE_SIZE = 5, 4096


class RecordKind(IntEnum):
    """What a record tells (enum record_kind)."""

    SAMPLE = 1
    EXEC = 2
    FORK = 3
    EXIT = 4
    WAIT = 5
    FAULT = 6
    ALLOCATION = 7
    CHOICE = 8
    NAME = 9


_PROCESS_KINDS = frozenset((RecordKind.EXEC, RecordKind.FORK, RecordKind.EXIT, RecordKind.CHOICE))


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
    WAS_RUNNABLE = 1 << 11
    IN_FUTEX = 1 << 12
    GOES_ON = 1 << 13
    USER_AREAS = 1 << 14
    THREAD_CONTEXT = 1 << 15


_THREAD_CONTEXT, _USER_AREAS = int(SampleFlags.THREAD_CONTEXT), int(SampleFlags.USER_AREAS)
"""As plain numbers: an enumeration's own masks are slow."""


class TargetFlags(IntFlag):
    """How a process is sampled (enum target_flags)."""

    FOLLOW_CHILDREN = 1 << 0
    AWAIT_EXEC = 1 << 1
    BY_TABLES = 1 << 2
    TRUST_FRAME_POINTERS = 1 << 3
    CHOSEN = 1 << 4
    BY_NAME = 1 << 5
    BY_CGROUP = 1 << 6
    UNTOLD = 1 << 7


Unwinding: TypeAlias = Literal["auto", "fp", "dwarf"]
UNWIND_FLAGS: dict[Unwinding, TargetFlags] = {
    "auto": TargetFlags.BY_TABLES | TargetFlags.TRUST_FRAME_POINTERS,
    "fp": TargetFlags(0),
    "dwarf": TargetFlags.BY_TABLES,
}


class Counter(IntEnum):
    """What the BPF programs count (enum counter)."""

    LOST = 0
    TARGETS_FULL = 1
    SHORT = 2
    SHORT_NS = 3
    CALLS = 4
    SAMPLE_NS = 5


class PythonFrame(NamedTuple):
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
class SeenArea:
    """Code that a walk met in a process of whose mappings nothing was told (`struct seen_area`).

    Attributes:
        offset: Where it begins in the file.
        object: The object's number.
    """

    start: int
    end: int
    offset: int
    object: int


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One look at one thread; every list of frames is leaf first.

    Attributes:
        user_stack: The words at the user stack's top; zeros where they could not be read.
        kind: What was looked at: SAMPLE is a timer's tick, the others are events.
        value: What the sample stands for, in its event's unit; of a tick nothing.
        lasted_ns: Of a wait: how long this one was.
        ready_ns: Of a wait: for how long of that it could have run.
        argument: Of a wait in futex(2): the address.
        trace_id: The trace that the thread says it works for, in hex; "" where it says none.
        span_id: Its span.
        areas: Code met that nothing was told of.
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
    kind: RecordKind = RecordKind.SAMPLE
    value: int = 0
    lasted_ns: int = 0
    ready_ns: int = 0
    argument: int = 0
    trace_id: str = ""
    span_id: str = ""
    areas: tuple[SeenArea, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """What became of a process.

    It began (FORK, with its parent), became another program (EXEC), is sampled for what it is
    from now on (CHOICE), or is sampled no more, because it ended or is that no more (EXIT).
    """

    kind: RecordKind
    pid: int
    parent: int


@dataclass(frozen=True, slots=True)
class NameRecord:
    """What names a code object that a sample behind this one has (bpf/names.h).

    Attributes:
        code: Address of the code object.
        signature: As a frame's.
        qualname: The start of the `str` object as it lay in memory.
        filename: The same of its file.
    """

    pid: int
    code: int
    signature: int
    qualname: bytes
    filename: bytes


Record: TypeAlias = SampleRecord | ProcessRecord | NameRecord


def decode_record(raw: bytes) -> Record:
    """Decode one record of the ring.

    Raises:
        ValueError: The bytes are no record.
    """
    try:
        kind = RecordKind(int.from_bytes(raw[:4], "little"))
        if kind in _PROCESS_KINDS:
            _, pid, parent, _, _ = _EVENT.unpack_from(raw)
            return ProcessRecord(kind, pid, parent)
        if kind is RecordKind.NAME:
            return _decode_name(raw)
        return _decode_sample(kind, raw)
    except struct.error as error:
        raise ValueError(f"record of {len(raw)} bytes is cut: {error}") from None


def _decode_name(raw: bytes) -> NameRecord:
    _, pid, code, signature, qualname_size, filename_size, qualname, filename = _NAME.unpack_from(
        raw
    )
    return NameRecord(pid, code, signature, qualname[:qualname_size], filename[:filename_size])


def _decode_sample(kind: RecordKind, raw: bytes) -> SampleRecord:
    fields = _SAMPLE.unpack_from(raw)
    _, pid, tid, kernel, user, python, flags, _, monotonic_ns = fields[:9]
    value, lasted_ns, ready_ns, argument, thread_comm, process_comm, *user_stack = fields[9:]
    context = _CONTEXT_WORDS if flags & _THREAD_CONTEXT else 0
    native = kernel + user
    count = native + context + python * _PYTHON_FRAME_WORDS
    words = struct.unpack_from(f"<{count}Q", raw, _SAMPLE.size)
    ids_at = _SAMPLE.size + native * 8
    ids = raw[ids_at : ids_at + context * 8].hex()
    areas: tuple[SeenArea, ...] = ()
    if flags & _USER_AREAS:
        areas, user_stack = tuple(_areas(user_stack)), []
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
        kind,
        value,
        lasted_ns,
        ready_ns,
        argument,
        ids[:_TRACE_ID_DIGITS],
        ids[_TRACE_ID_DIGITS:],
        areas,
    )


def _areas(words: list[int]) -> Iterator[SeenArea]:
    """What stands in place of the stack's top (`struct seen_areas`)."""
    for index in range(min(words[0], _MAX_AREAS)):
        start, offset, rest = words[1 + 3 * index : 4 + 3 * index]
        yield SeenArea(start, start + (rest & 0xFFFFFFFF) * _PAGE_SIZE, offset, rest >> 32)


def _python_frames(words: tuple[int, ...]) -> list[PythonFrame]:
    return [
        PythonFrame(code, instruction & ~_ENTRY_BIT, bool(instruction & _ENTRY_BIT), signature)
        for code, instruction, signature in zip(words[::3], words[1::3], words[2::3], strict=True)
    ]


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")
