"""The span that a thread works for, read from outside of its process (OTEP 4947).

Nothing is stopped for it, so the thread may go to another span meanwhile. What is read counts only
where it is the same twice, pointer and record; else it is read again. Nothing that the process
says is trusted: each word is a read of its own that may fail.
"""

from dataclasses import dataclass

from otx.context.layout import RECORD, VALID
from otx.profile.context.place import DtvForm, Place
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

_ATTEMPTS = 3
_DTV_AT = 8  # from the thread pointer: tcbhead_t.dtv of glibc and of musl, x86-64
_DTV_UNALLOCATED = (1 << 64) - 1  # glibc's


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The span that a thread works for: lower-case hex."""

    trace_id: str
    span_id: str


class ContextReader:
    """Reads the contexts of one process's threads.

    Args:
        place: Where each thread has the variable.
    """

    def __init__(self, memory: ProcessMemory, place: Place) -> None:
        self._memory = memory
        self._place = place

    def read(self, thread_pointer: int) -> TraceContext | None:
        """The span of the thread with this pointer; None where it has none that is valid."""
        try:
            before = self._record(thread_pointer)
            for _ in range(_ATTEMPTS):
                now = self._record(thread_pointer)
                if now == before:
                    return decode_record(now) if now else None
                before = now
        except UnreadableError:
            pass
        return None

    def _record(self, thread_pointer: int) -> bytes:
        """The record's head as it is now; empty where the thread has none."""
        base = self._base(thread_pointer)
        address = self._memory.read_word(base + self._place.offset) if base else 0
        return self._memory.read(address, RECORD.size) if address else b""

    def _base(self, thread_pointer: int) -> int:
        """Where the object's variables of a thread begin; 0 where it has none (yet)."""
        if not thread_pointer or not self._place.module:
            return thread_pointer
        form = self._place.dtv
        dtv = self._memory.read_word(thread_pointer + _DTV_AT)
        count_at = dtv if form is DtvForm.MUSL else dtv - form
        # What is loaded late has a number that older threads' DTVs have no room for.
        if not dtv or self._place.module > self._memory.read_word(count_at):
            return 0
        block = self._memory.read_word(dtv + self._place.module * form)
        return 0 if block == _DTV_UNALLOCATED else block


def decode_record(head: bytes) -> TraceContext | None:
    """The ids of a record's head (`otx.context.layout.RECORD`); None where they are none.

    Raises:
        struct.error: It is of another size.
    """
    trace_id, span_id, valid, _, _ = RECORD.unpack(head)
    if valid != VALID or not any(trace_id) or not any(span_id):
        return None
    return TraceContext(trace_id.hex(), span_id.hex())
