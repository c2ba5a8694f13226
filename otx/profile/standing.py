"""The user stacks of threads that stand still, read from outside and without stopping them.

At the end of a profile there are threads that have been waiting for a while and are not back: no
BPF program runs in them, so their stacks are walked here, by the same tables.
"""

import struct
from collections.abc import Iterable
from dataclasses import replace

from otx.profile.cpython.detect import Interpreter
from otx.profile.cpython.threads import thread_states, walk_frames
from otx.profile.elf import ElfFile, file_reader
from otx.profile.errors import UnreadableError
from otx.profile.file_key import FileKey, file_key
from otx.profile.maps import AddressSpace, Mapping
from otx.profile.memory import ProcessMemory
from otx.profile.objects import opened
from otx.profile.records import PythonFrame, SampleFlags, SampleRecord
from otx.profile.unwind.cache import TableCache
from otx.profile.unwind.object_table import whole_table
from otx.profile.unwind.table import UnwindTable
from otx.profile.unwind.walk import Code, Ending, Registers, walk

_ENDINGS = {
    Ending.ROOT: SampleFlags.USER_ROOT,
    Ending.UNMAPPED: SampleFlags.USER_UNMAPPED,
    Ending.NO_TABLE: SampleFlags.USER_NO_TABLE,
    Ending.FAULT: SampleFlags.USER_FAULT,
    Ending.CUT: SampleFlags.USER_CUT,
}


class StandingThreads:
    """Walks the stacks of threads that do not run, once, at the end of a profile.

    A table is read or built when it is needed.

    Args:
        cache: Where built tables are; None builds them anew.
    """

    def __init__(self, cache: TableCache | None) -> None:
        self._cache = cache
        self._states: dict[int, dict[int, list[int]]] = {}
        self._tables: dict[FileKey, tuple[ElfFile, UnwindTable | None] | None] = {}

    def completed(
        self,
        record: SampleRecord,
        space: AddressSpace,
        memory: ProcessMemory,
        interpreter: Interpreter | None,
    ) -> SampleRecord:
        """A record of a wait that goes on, with its user and Python frames.

        Args:
            record: It has the thread's registers in its `user_stack`.
            space: What its process has mapped.
            memory: Its process's memory.
            interpreter: Its process's CPython.
        """
        pc, sp, bp, thread_pointer = record.user_stack[:4]
        known: dict[Mapping, Code] = {}

        def find_code(address: int) -> Code | None:
            mapping = space.find_code(address)
            if mapping is None:
                return None
            if mapping not in known:
                known[mapping] = self._code(record.pid, mapping)
            return known[mapping]

        walked = walk(Registers(pc, sp, bp), memory.read_word, find_code)
        python: tuple[PythonFrame, ...] = ()
        if interpreter is not None:
            states = self._states_of(record.pid, memory, interpreter).get(thread_pointer, [])
            python = _python_frames(memory, interpreter, states)
        flags = record.flags | SampleFlags.USER_TABLES | _ENDINGS[walked.ending]
        top = _top_of(memory, sp)
        return replace(record, flags=flags, user=walked.addresses, python=python, user_stack=top)

    def _states_of(
        self, pid: int, memory: ProcessMemory, interpreter: Interpreter
    ) -> dict[int, list[int]]:
        """A process's thread states, read once: hundreds of threads are asked for one by one."""
        states = self._states.get(pid)
        if states is None:
            states = self._states[pid] = {}
            for state in thread_states(memory, interpreter):
                states.setdefault(state.thread_id, []).append(state.address)
        return states

    def _code(self, pid: int, mapping: Mapping) -> Code:
        found = self._object(pid, mapping) if mapping.is_file else None
        bias = found[0].load_bias(mapping.start, mapping.offset) if found else None
        if found is None or bias is None:
            return Code(0, None)
        return Code(bias, found[1])

    def _object(self, pid: int, mapping: Mapping) -> tuple[ElfFile, UnwindTable | None] | None:
        with opened(pid, mapping) as descriptor:
            if descriptor is None:
                return None
            key = file_key(mapping, descriptor)
            if key not in self._tables:
                try:
                    elf = ElfFile(file_reader(descriptor))
                    self._tables[key] = elf, whole_table(elf, key, self._cache)
                except UnreadableError:
                    self._tables[key] = None
            return self._tables[key]


def _top_of(memory: ProcessMemory, sp: int) -> tuple[int, ...]:
    """The words at a stack's top, where a walk may have missed a caller."""
    try:
        return struct.unpack("<2Q", memory.read(sp, 16))
    except UnreadableError:
        return ()


def _python_frames(
    memory: ProcessMemory, interpreter: Interpreter, states: Iterable[int]
) -> tuple[PythonFrame, ...]:
    """The frames of a thread with some states, leaf first; none where it runs no Python."""
    for state in states:
        walked = walk_frames(memory, interpreter.layout, state)
        if walked.frames:
            return tuple(frame.python for frame in walked.frames)
    return ()
