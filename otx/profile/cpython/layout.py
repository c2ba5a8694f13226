"""Where CPython 3.8 to 3.14 keep what a frame walk needs, on x86-64 with the GIL.

3.13 and later tell their own offsets (debug_offsets.py). The others are frozen: their structures
(Include/internal/pycore_frame.h, pycore_interp.h, Include/cpython/pystate.h, frameobject.h, code.h,
unicodeobject.h) will not change any more.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

NO_CFRAME = 0xFFFFFFFF
OWNED_BY_INTERPRETER = 3
"""The least number in enum _frameowner of a frame that is no function (pycore_frame.h)."""

_FOR_BPF = struct.Struct("<Q16I")


class EntryKind(IntEnum):
    """How it shows that C entered the interpreter (enum entry_kind of bpf/python.h)."""

    MARKED = 0
    """The function that was entered says so."""
    SHIM = 1
    """A frame that is no function of its own lies between two runs."""
    EVERY = 2
    """Every function is entered from C."""


class LineForm(IntEnum):
    """How a code object writes its lines."""

    LNOTAB = 0
    """Until 3.9: Objects/lnotab_notes.txt."""
    PAIRS = 1
    """3.10: the same notes, later."""
    LOCATIONS = 2
    """From 3.11 on: Objects/locations.md."""


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
        frame_instruction: The address of the instruction, or its number (`instruction_unit`).
        owner_of_entry: The least byte at `frame_owner` in a frame that C entered.
        entries: How such a frame shows.
        ascii_text: Where the characters of a compact ASCII `str` begin.
        compact_text: Where those of another compact `str` begin.
        bytes_text: Where the content of a `bytes` begins.
        gil: The interpreter lock.
        code_signed_from: Where the part of a code object begins that never changes.
        instruction_unit: Bytes that instructions are counted in; 0 where frames have addresses.
        text_state_shifts: Where a `str` may have the kind of its characters, in its state's bits.
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
    entries: EntryKind
    code_filename: int
    code_qualname: int
    code_first_line: int
    code_line_table: int
    code_bytecode: int
    ascii_text: int
    compact_text: int
    bytes_text: int = 32
    gil: Gil = Gil()
    line_form: LineForm = LineForm.LOCATIONS
    code_signed_from: int = 64
    instruction_unit: int = 0
    code_flags: int = 48
    text_state_shifts: tuple[int, ...] = (2,)

    @property
    def entry_is_shim(self) -> bool:
        """Whether a frame that C entered is no function of its own but lies between two runs."""
        return self.entries is EntryKind.SHIM

    @property
    def frame_size(self) -> int:
        """How many bytes of a frame are read."""
        last = max(self.frame_code, self.frame_previous, self.frame_instruction)
        return max(last + 8, self.frame_owner + 1)

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
            self.entries,
            self.frame_size,
            self.code_signed_from,
            self.code_qualname,
            self.code_filename,
        )


def _before_frames_were_rebuilt(
    gil: int, frame_instruction: int, instruction_unit: int, line_form: LineForm
) -> Layout:
    """3.8 to 3.10, which differ in little: a `PyFrameObject` a call, each entered from C."""
    return Layout(
        head=32,
        interpreter_next=0,
        interpreter_threads=8,
        thread_next=8,
        thread_id=176,
        thread_frame=24,
        cframe_current=NO_CFRAME,
        frame_code=32,
        frame_previous=24,
        frame_instruction=frame_instruction,  # f_lasti
        frame_owner=0,
        owner_of_entry=0,
        entries=EntryKind.EVERY,
        code_filename=104,
        code_qualname=112,  # co_name: there is no other
        code_first_line=40,
        code_line_table=120,
        code_bytecode=0,
        ascii_text=48,
        compact_text=72,
        gil=Gil(in_runtime=gil),
        line_form=line_form,
        code_signed_from=48,  # co_zombieframe comes and goes behind what is signed
        instruction_unit=instruction_unit,
        code_flags=36,
    )


FROZEN_LAYOUTS: Mapping[tuple[int, int], Layout] = {
    (3, 8): _before_frames_were_rebuilt(1152, 104, 1, LineForm.LNOTAB),
    (3, 9): _before_frames_were_rebuilt(352, 104, 1, LineForm.LNOTAB),
    (3, 10): _before_frames_were_rebuilt(352, 96, 2, LineForm.PAIRS),
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
        entries=EntryKind.MARKED,
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
        owner_of_entry=OWNED_BY_INTERPRETER,
        entries=EntryKind.SHIM,
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
