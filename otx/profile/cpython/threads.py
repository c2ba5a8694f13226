"""The thread states of a CPython and their frames, read out of another process's memory.

What `bpf/python.h` does in the kernel at a tick, done from outside: for a thread that does not run
meanwhile it is the same. Nothing that is read is trusted: lists may be circles, pointers wild.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from otx.profile.cpython.code import CODE_SIGNED_SIZE, signature_of_raw
from otx.profile.cpython.detect import Interpreter
from otx.profile.cpython.layout import NO_CFRAME, EntryKind, Gil, Layout
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory
from otx.profile.records import PythonFrame

MAX_THREADS = 16384
MAX_FRAMES = 4096
_MAX_INTERPRETERS = 4096
_OBJECT_ALIGNMENT = 8  # as in bpf/python.h: the bits below tag a reference (3.14)


@dataclass(frozen=True, slots=True)
class ThreadState:
    """A `PyThreadState`.

    Attributes:
        thread_id: What the C library calls the thread: its thread pointer.
        interpreter: Address of the `PyInterpreterState` it belongs to.
        number: Which interpreter of the process that is; 0 is the one made last.
    """

    address: int
    thread_id: int
    interpreter: int
    number: int


@dataclass(frozen=True, slots=True)
class FoundFrame:
    """A frame and where it lies."""

    address: int
    python: PythonFrame


@dataclass(frozen=True, slots=True)
class FrameWalk:
    """The frames of a thread, leaf first.

    Attributes:
        is_whole: Whether the thread's first frame was reached.
    """

    frames: tuple[FoundFrame, ...]
    is_whole: bool


def thread_states(memory: ProcessMemory, interpreter: Interpreter) -> list[ThreadState]:
    """The thread states of all interpreters of a process, as far as they can be read."""
    found: list[ThreadState] = []
    layout = interpreter.layout
    head = interpreter.runtime + layout.head
    interpreters = _list(memory, head, layout.interpreter_next, _MAX_INTERPRETERS)
    for number, address in enumerate(interpreters):
        threads = address + layout.interpreter_threads
        for state in _list(memory, threads, layout.thread_next, MAX_THREADS - len(found)):
            try:
                thread_id = memory.read_word(state + layout.thread_id)
            except UnreadableError:
                break
            found.append(ThreadState(state, thread_id, address, number))
    return found


def walk_frames(memory: ProcessMemory, layout: Layout, state: int) -> FrameWalk:
    """The frames that a thread state is executing."""
    frames: list[FoundFrame] = []
    seen: set[int] = set()
    try:
        at = _current_frame(memory, layout, state)
        while at:
            if at in seen or len(frames) == MAX_FRAMES:
                return FrameWalk(tuple(frames), False)
            seen.add(at)
            raw = memory.read(at, layout.frame_size)
            is_entry = _is_entry(layout, raw)
            if is_entry and layout.entry_is_shim:
                _mark_entry(frames)
            else:
                code = _word(raw, layout.frame_code) & -_OBJECT_ALIGNMENT
                signed = memory.read(code + layout.code_signed_from, CODE_SIGNED_SIZE)
                instruction = _word(raw, layout.frame_instruction)
                found = PythonFrame(code, instruction, is_entry, signature_of_raw(signed))
                frames.append(FoundFrame(at, found))
            at = _word(raw, layout.frame_previous)
    except UnreadableError:
        return FrameWalk(tuple(frames), False)
    return FrameWalk(tuple(frames), True)


def gil_address(memory: ProcessMemory, interpreter: Interpreter, state: ThreadState) -> int:
    """Where the GIL is that a thread needs; 0 where that is not known."""
    gil = interpreter.layout.gil
    if gil.in_runtime is not None:
        return interpreter.runtime + gil.in_runtime
    try:
        return memory.read_word(state.interpreter + gil.in_interpreter)
    except UnreadableError:
        return 0


def gil_holder(memory: ProcessMemory, gil: Gil, address: int) -> int:
    """The thread state that holds the GIL at an address; 0 where nobody does."""
    try:
        if not int.from_bytes(memory.read(address + gil.locked, 4), "little"):
            return 0
        return memory.read_word(address + gil.holder)
    except UnreadableError:
        return 0


def _list(memory: ProcessMemory, head: int, following: int, limit: int) -> Iterator[int]:
    """The nodes of a list, ended by a null pointer; a circle or wild pointer ends it too."""
    seen: set[int] = set()
    try:
        node = memory.read_word(head)
        while node and node not in seen and len(seen) < limit:
            seen.add(node)
            yield node
            node = memory.read_word(node + following)
    except UnreadableError:
        return


def _current_frame(memory: ProcessMemory, layout: Layout, state: int) -> int:
    at = memory.read_word(state + layout.thread_frame)
    if at and layout.cframe_current != NO_CFRAME:
        at = memory.read_word(at + layout.cframe_current)
    return at


def _mark_entry(frames: list[FoundFrame]) -> None:
    """The frame below a shim is the first of its run."""
    if frames:
        last = frames[-1]
        entry = PythonFrame(last.python.code, last.python.instruction, True, last.python.signature)
        frames[-1] = FoundFrame(last.address, entry)


def _is_entry(layout: Layout, raw: bytes) -> bool:
    if layout.entries is EntryKind.EVERY:
        return True
    return raw[layout.frame_owner] >= layout.owner_of_entry


def _word(raw: bytes, offset: int) -> int:
    return int.from_bytes(raw[offset : offset + 8], "little")
