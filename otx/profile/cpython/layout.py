"""Where CPython 3.11 to 3.13 keep what a frame walk needs, on x86-64 with the GIL.

3.13 tells its own offsets (`_Py_DebugOffsets`, Include/internal/pycore_runtime.h), and they are
read from the process. 3.11 and 3.12 are frozen: their structures (Include/internal/pycore_frame.h,
pycore_interp.h, Include/cpython/pystate.h, code.h, unicodeobject.h) will not change any more.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from otx.profile.errors import UnreadableError

NO_CFRAME = 0xFFFFFFFF
_FRAME_OWNED_BY_CSTACK = 3  # enum _frameowner, pycore_frame.h
_FOR_BPF = struct.Struct("<Q12I")


@dataclass(frozen=True, slots=True)
class Gil:
    """Where `struct _gil_runtime_state` is (Include/internal/pycore_gil.h), and what is in it.

    Attributes:
        in_runtime: Where it lies in `_PyRuntime`, if all interpreters share one.
        in_interpreter: Where `PyInterpreterState` has its address, if each may have its own.
        holder: The thread state that took it last.
        locked: Whether it is taken: an int.
        size: Its size in bytes.
    """

    in_runtime: int | None = None
    in_interpreter: int = 0
    holder: int = 8
    locked: int = 16
    size: int = 208


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets in bytes within the structures of one CPython version.

    Attributes:
        head: `interpreters.head` in `_PyRuntime`.
        cframe_current: From `PyThreadState.cframe` to the frame; NO_CFRAME where the thread
            state points at the frame itself.
        owner_of_entry: The byte at `frame_owner` in a frame that C entered.
        entry_is_shim: Whether such a frame is no function of its own but lies between two runs.
        ascii_text: Where the characters of a compact ASCII `str` begin.
        compact_text: Where those of another compact `str` begin.
        bytes_text: Where the content of a `bytes` begins.
        gil: The interpreter lock.
    """

    head: int
    interpreter_next: int
    interpreter_threads: int
    thread_next: int
    thread_id: int
    thread_frame: int
    cframe_current: int
    frame_code: int
    frame_previous: int
    frame_instruction: int
    frame_owner: int
    owner_of_entry: int
    entry_is_shim: bool
    code_filename: int
    code_qualname: int
    code_first_line: int
    code_line_table: int
    code_bytecode: int
    ascii_text: int
    compact_text: int
    bytes_text: int = 32
    gil: Gil = Gil()

    def for_bpf(self, runtime: int) -> bytes:
        """`struct interpreter` of otx_cpu.bpf.c, for a `_PyRuntime` at an address."""
        return _FOR_BPF.pack(
            runtime + self.head,
            self.interpreter_next,
            self.interpreter_threads,
            self.thread_next,
            self.thread_id,
            self.thread_frame,
            self.cframe_current,
            self.frame_code,
            self.frame_previous,
            self.frame_instruction,
            self.frame_owner,
            self.owner_of_entry,
            self.entry_is_shim,
        )


FROZEN_LAYOUTS: Mapping[tuple[int, int], Layout] = {
    (3, 11): Layout(
        head=40,
        interpreter_next=0,
        interpreter_threads=16,
        thread_next=8,
        thread_id=152,
        thread_frame=56,
        cframe_current=8,
        frame_code=32,
        frame_previous=48,
        frame_instruction=56,
        frame_owner=68,  # is_entry, a bool
        owner_of_entry=1,
        entry_is_shim=False,
        code_filename=112,
        code_qualname=128,
        code_first_line=72,
        code_line_table=136,
        code_bytecode=184,
        ascii_text=48,
        compact_text=72,
        gil=Gil(in_runtime=360),
    ),
    (3, 12): Layout(
        head=40,
        interpreter_next=0,
        interpreter_threads=72,
        thread_next=8,
        thread_id=136,
        thread_frame=56,
        cframe_current=0,
        frame_code=0,
        frame_previous=8,
        frame_instruction=56,
        frame_owner=70,
        owner_of_entry=_FRAME_OWNED_BY_CSTACK,
        entry_is_shim=True,
        code_filename=112,
        code_qualname=128,
        code_first_line=68,
        code_line_table=136,
        code_bytecode=192,
        ascii_text=40,
        compact_text=56,
        gil=Gil(in_interpreter=384),
    ),
}
"""Layouts of versions that do not tell their own, by (major, minor)."""

DEBUG_OFFSETS_SIZE = 512
_COOKIE = b"xdebugpy"
_FIELDS_3_13: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("runtime_state", ("size", "finalizing", "interpreters_head")),
    (
        "interpreter_state",
        (
            *("size", "id", "next", "threads_head", "gc", "imports_modules", "sysdict"),
            *("builtins", "ceval_gil", "gil_runtime_state", "gil_runtime_state_enabled"),
            *("gil_runtime_state_locked", "gil_runtime_state_holder"),
        ),
    ),
    (
        "thread_state",
        (
            *("size", "prev", "next", "interp", "current_frame", "thread_id"),
            *("native_thread_id", "datastack_chunk", "status"),
        ),
    ),
    ("interpreter_frame", ("size", "previous", "executable", "instr_ptr", "localsplus", "owner")),
    (
        "code_object",
        (
            *("size", "filename", "name", "qualname", "linetable", "firstlineno", "argcount"),
            *("localsplusnames", "localspluskinds", "co_code_adaptive"),
        ),
    ),
)
"""The groups of `_Py_DebugOffsets` in 3.13 that are read here, each field 64 bits wide."""


def layout_from_debug_offsets(raw: bytes) -> Layout:
    """The layout that a CPython 3.13 tells about itself.

    Args:
        raw: The first DEBUG_OFFSETS_SIZE bytes of `_PyRuntime`.

    Raises:
        UnreadableError: They are no debug offsets, or those of a free-threaded build.
    """
    if len(raw) < DEBUG_OFFSETS_SIZE or not raw.startswith(_COOKIE):
        raise UnreadableError("no debug offsets")
    words = iter(struct.unpack_from(f"<{DEBUG_OFFSETS_SIZE // 8 - 1}Q", raw, 8))
    _version, free_threaded = next(words), next(words)
    if free_threaded:
        raise UnreadableError("free-threaded")
    groups = {name: {field: next(words) for field in fields} for name, fields in _FIELDS_3_13}
    runtime, interpreter = groups["runtime_state"], groups["interpreter_state"]
    thread, frame, code = groups["thread_state"], groups["interpreter_frame"], groups["code_object"]
    if any(offset >= 1 << 20 for group in groups.values() for offset in group.values()):
        raise UnreadableError("debug offsets out of all proportion")
    return Layout(
        head=runtime["interpreters_head"],
        interpreter_next=interpreter["next"],
        interpreter_threads=interpreter["threads_head"],
        thread_next=thread["next"],
        thread_id=thread["thread_id"],
        thread_frame=thread["current_frame"],
        cframe_current=NO_CFRAME,
        frame_code=frame["executable"],
        frame_previous=frame["previous"],
        frame_instruction=frame["instr_ptr"],
        frame_owner=frame["owner"],
        owner_of_entry=_FRAME_OWNED_BY_CSTACK,
        entry_is_shim=True,
        code_filename=code["filename"],
        code_qualname=code["qualname"],
        code_first_line=code["firstlineno"],
        code_line_table=code["linetable"],
        code_bytecode=code["co_code_adaptive"],
        ascii_text=40,
        compact_text=56,
        gil=Gil(
            in_interpreter=interpreter["ceval_gil"],
            holder=interpreter["gil_runtime_state_holder"] - interpreter["gil_runtime_state"],
            locked=interpreter["gil_runtime_state_locked"] - interpreter["gil_runtime_state"],
        ),
    )
