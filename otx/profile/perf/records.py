"""The records of a perf event's ring (perf_event_open(2), "MMAP layout"), as far as otx needs them.

A sample has its fields in the order of the bits of `events.SAMPLE_TYPE`; every other record ends
with the thread and the time of `struct sample_id`.
"""

import struct
from dataclasses import dataclass
from typing import TypeAlias

from otx.profile.perf.ring import HEADER

_LOST, _COMM, _EXIT, _FORK, _SAMPLE = 2, 3, 4, 7, 9  # enum perf_event_type, linux/perf_event.h
_MISC_COMM_EXEC = 1 << 13
_CONTEXT_KERNEL, _CONTEXT_USER = -128 & (1 << 64) - 1, -512 & (1 << 64) - 1
_LEAST_CONTEXT = -4095 & (1 << 64) - 1
"""Numbers from here on stand in a call chain for what follows them, not for an address."""

_WHO_WHEN = struct.Struct("<IIQ")
_TASK = struct.Struct("<IIIIQ")
_COMM_HEAD = struct.Struct("<II")
_TWO_WORDS = struct.Struct("<QQ")
_WORD = struct.Struct("<Q")
_REGISTERS = struct.Struct("<QQQ")
MAX_CHAIN = 1024
"""More than kernel.perf_event_max_stack allows by default, with the contexts."""


@dataclass(frozen=True, slots=True)
class PerfSample:
    """One look at one thread.

    Attributes:
        kernel: Addresses in the kernel, leaf first.
        user: Addresses found along frame pointers, leaf first.
        registers: rbp, rsp and rip in user mode; None where the thread has none.
        stack: The user stack from rsp on.
    """

    pid: int
    tid: int
    monotonic_ns: int
    kernel: tuple[int, ...]
    user: tuple[int, ...]
    registers: tuple[int, int, int] | None
    stack: bytes


@dataclass(frozen=True, slots=True)
class PerfTask:
    """A thread or process began (with its parent) or ended."""

    is_fork: bool
    pid: int
    parent: int
    tid: int
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class PerfComm:
    """A thread has a new name; by an exec, or by its own will."""

    is_exec: bool
    pid: int
    tid: int
    comm: str
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class PerfLost:
    """So many records did not fit the ring."""

    count: int
    monotonic_ns: int


PerfRecord: TypeAlias = PerfSample | PerfTask | PerfComm | PerfLost


def decode_perf(raw: bytes) -> PerfRecord | None:
    """Decode a record with its header; None of a kind that tells otx nothing.

    Raises:
        ValueError: The bytes are no such record.
    """
    try:
        kind, misc, _ = HEADER.unpack_from(raw)
        body = raw[HEADER.size :]
        if kind == _SAMPLE:
            return _sample(body)
        if kind in (_FORK, _EXIT):
            pid, parent, tid, _, time_ns = _TASK.unpack_from(body)
            return PerfTask(kind == _FORK, pid, parent, tid, time_ns)
        if kind == _COMM:
            pid, tid = _COMM_HEAD.unpack_from(body)
            comm = body[_COMM_HEAD.size :].partition(b"\0")[0].decode("utf-8", "replace")
            return PerfComm(bool(misc & _MISC_COMM_EXEC), pid, tid, comm, _time(body))
        if kind == _LOST:
            _, count = _TWO_WORDS.unpack_from(body)
            return PerfLost(count, _time(body))
    except struct.error as error:
        raise ValueError(f"record of {len(raw)} bytes is cut: {error}") from None
    return None


def _time(body: bytes) -> int:
    """The time in the `struct sample_id` that ends a record."""
    _, _, time_ns = _WHO_WHEN.unpack(body[-_WHO_WHEN.size :])
    return int(time_ns)


def _sample(body: bytes) -> PerfSample:
    pid, tid, time_ns = _WHO_WHEN.unpack_from(body)
    at = _WHO_WHEN.size
    (length,) = _WORD.unpack_from(body, at)
    at += _WORD.size
    if length > MAX_CHAIN:
        raise ValueError(f"call chain of {length}")
    kernel, user = _split(struct.unpack_from(f"<{length}Q", body, at))
    at += length * _WORD.size
    (abi,) = _WORD.unpack_from(body, at)
    at += _WORD.size
    registers = None
    if abi:
        registers = _REGISTERS.unpack_from(body, at)
        at += _REGISTERS.size
    return PerfSample(pid, tid, time_ns, kernel, user, registers, _stack(body, at))


def _split(chain: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The kernel's and the user's part of a call chain."""
    parts: dict[int, list[int]] = {_CONTEXT_KERNEL: [], _CONTEXT_USER: []}
    part: list[int] = []
    for address in chain:
        if address >= _LEAST_CONTEXT:
            part = parts.get(address, [])
        else:
            part.append(address)
    return tuple(parts[_CONTEXT_KERNEL]), tuple(parts[_CONTEXT_USER])


def _stack(body: bytes, at: int) -> bytes:
    """The stack's copy, as much of it as could be read: its size, the bytes, how many are real."""
    (size,) = _WORD.unpack_from(body, at)
    if not size:
        return b""
    at += _WORD.size
    (real,) = _WORD.unpack_from(body, at + size) if size <= len(body) else (size + 1,)
    if real > size:
        raise ValueError(f"stack of {real} bytes in {size}")
    return body[at : at + real]
