"""The Python frames of a thread, read from outside: what bpf/python.h does in the thread itself.

For threads that wait and are not stopped for it, so that what is read may change meanwhile. A frame
that cannot be read ends the walk; names are read later and guarded by the signature.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from otx.profile.cpython.code import signature_of
from otx.profile.cpython.layout import NO_CFRAME, Layout
from otx.profile.errors import UnreadableError
from otx.profile.records import PythonFrame

MAX_FRAMES, MAX_THREADS = 512, 16384
_FRAME_SIZE = 80
_SIGNED_FROM = 64  # CODE_SIGNED_FROM in bpf/python.h
_SIGNED = struct.Struct("<10Q")

Read = Callable[[int, int], bytes]
"""So many bytes at an address; raises UnreadableError."""


def thread_states(read: Read, layout: Layout, runtime: int) -> dict[int, list[int]]:
    """Addresses of all thread states by thread pointer: a thread may have several.

    Args:
        read: Reads the process's memory.
        layout: That of its CPython.
        runtime: Address of its `_PyRuntime`.
    """
    found: dict[int, list[int]] = {}
    for state in _states(read, layout, runtime):
        with suppress(UnreadableError):
            found.setdefault(_word(read, state + layout.thread_id), []).append(state)
    return found


def walk_thread(read: Read, layout: Layout, states: Sequence[int]) -> tuple[PythonFrame, ...]:
    """The frames of a thread with some states, leaf first; none where it runs no Python."""
    for state in states:
        try:
            frame = _current_frame(read, layout, state)
        except UnreadableError:
            continue
        if frame:
            return tuple(_walk(read, layout, frame))
    return ()


def _states(read: Read, layout: Layout, runtime: int) -> Iterator[int]:
    left = MAX_THREADS
    try:
        interpreter = _word(read, runtime + layout.head)
        while interpreter and left:
            state = _word(read, interpreter + layout.interpreter_threads)
            while state and left:
                left -= 1
                yield state
                state = _word(read, state + layout.thread_next)
            interpreter = _word(read, interpreter + layout.interpreter_next)
            left -= bool(left)
    except UnreadableError:
        return


def _current_frame(read: Read, layout: Layout, state: int) -> int:
    at = _word(read, state + layout.thread_frame)
    if layout.cframe_current != NO_CFRAME and at:
        at = _word(read, at + layout.cframe_current)
    return at


def _walk(read: Read, layout: Layout, frame: int) -> list[PythonFrame]:
    found: list[PythonFrame] = []
    # Shims are steps too: at most one for each frame.
    for _ in range(2 * MAX_FRAMES):
        if not frame or len(found) == MAX_FRAMES:
            break
        try:
            raw = read(frame, _FRAME_SIZE)
            frame = _field(raw, layout.frame_previous)
            is_entry = raw[layout.frame_owner] == layout.owner_of_entry
            if is_entry and layout.entry_is_shim:
                if found:
                    found[-1] = _as_entry(found[-1])
                continue
            code = _field(raw, layout.frame_code)
            signed = _SIGNED.unpack(read(code + _SIGNED_FROM, _SIGNED.size))
        except UnreadableError:
            break
        instruction = _field(raw, layout.frame_instruction)
        found.append(PythonFrame(code, instruction, is_entry, signature_of(signed)))
    return found


def _as_entry(frame: PythonFrame) -> PythonFrame:
    return PythonFrame(frame.code, frame.instruction, True, frame.signature)


def _field(raw: bytes, offset: int) -> int:
    return int.from_bytes(raw[offset : offset + 8], "little")


def _word(read: Read, address: int) -> int:
    return int.from_bytes(read(address, 8), "little")
