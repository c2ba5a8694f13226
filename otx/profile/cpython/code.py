"""Names and lines of another process's code objects.

A code object's address says nothing for long: it may be freed and another one made there. So the
BPF program sends with each frame a hash of the object's unchanging part, which is compared with
what is there when the object is read, and is part of the key under which it is kept. With the first
sample that has it the program sends the name too, for what is gone before it can be read.
"""

import struct
from dataclasses import dataclass

from otx.model.stack import Frame
from otx.profile.cpython.layout import Layout
from otx.profile.cpython.linetable import LineTable
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory
from otx.profile.records import NameRecord, PythonFrame

_SIGNED = struct.Struct("<10Q")
CODE_SIGNED_SIZE = _SIGNED.size
"""Bytes of a code object's unchanging part (CODE_SIGNED_WORDS in bpf/python.h)."""

_MULTIPLIER = 0x9E3779B97F4A7C15
_WORD_MASK = (1 << 64) - 1
_STR_HEAD = struct.Struct("<qqI")  # length, hash, state: from offset 16 (unicodeobject.h)
_HEAD_AT = 16  # what follows ob_base
_KIND_MASK, _COMPACT_BIT, _ASCII_BIT = 7, 1 << 3, 1 << 4  # from where the kind is
_ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
_MAX_TEXT = 4096
_MAX_LINE_TABLE = 1 << 20
_LASTI_MASK = (1 << 32) - 1  # f_lasti, an int


UNREADABLE = Frame("[unreadable]", "python")
"""Stands for Python code that was gone when its name was to be read."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code object says of itself.

    Attributes:
        bytecode: Address of its first instruction; 0 where only its name is known.
        instruction_unit: Bytes that frames count instructions in; 0 where they have addresses.
        flags: What kind of function it is (CO_* of the inspect module).
        lines: Its lines; None where they were not asked for or cannot be read.
    """

    qualname: str
    filename: str
    bytecode: int
    instruction_unit: int
    flags: int
    lines: LineTable | None

    def line_at(self, instruction: int) -> int:
        """The line of a frame's instruction; 0 where it is not known."""
        if self.lines is None:
            return 0
        if not self.instruction_unit:
            return self.lines.line_at(instruction - self.bytecode)
        number = instruction & _LASTI_MASK
        if number > _LASTI_MASK >> 1:  # -1: not begun
            number -= _LASTI_MASK + 1
        return self.lines.line_at(number * self.instruction_unit)


def signature_of(words: tuple[int, ...]) -> int:
    """The hash that otx_cpu.bpf.c makes of a code object's words from byte 64 to 144."""
    value, power = 0, 1
    for word in words:
        power = power * _MULTIPLIER & _WORD_MASK
        value += word * power
    return value & _WORD_MASK


def signature_of_raw(raw: bytes) -> int:
    """As `signature_of`, of the CODE_SIGNED_SIZE bytes themselves."""
    return signature_of(_SIGNED.unpack(raw))


def read_code(memory: ProcessMemory, layout: Layout, frame: PythonFrame, with_lines: bool) -> Code:
    """Read the code object of a frame.

    Raises:
        UnreadableError: It is gone, or another one is in its place.
    """
    raw = memory.read(
        frame.code, max(layout.code_line_table + 8, layout.code_signed_from + CODE_SIGNED_SIZE)
    )
    if signature_of_raw(raw[layout.code_signed_from :][:CODE_SIGNED_SIZE]) != frame.signature:
        raise UnreadableError(f"another code object is at {frame.code:#x} by now")
    qualname, filename, table = (
        int.from_bytes(raw[offset : offset + 8], "little")
        for offset in (layout.code_qualname, layout.code_filename, layout.code_line_table)
    )
    first_line = int.from_bytes(raw[layout.code_first_line :][:4], "little")
    return Code(
        read_text(memory, layout, qualname),
        read_text(memory, layout, filename),
        frame.code + layout.code_bytecode,
        layout.instruction_unit,
        int.from_bytes(raw[layout.code_flags :][:4], "little"),
        _read_lines(memory, layout, table, first_line) if with_lines else None,
    )


def told_code(layout: Layout, told: NameRecord) -> Code:
    """What is known of a code object by its name alone.

    Raises:
        UnreadableError: It is none.
    """
    qualname, filename = text_of_raw(layout, told.qualname), text_of_raw(layout, told.filename)
    return Code(qualname, filename, 0, layout.instruction_unit, 0, None)


def read_text(memory: ProcessMemory, layout: Layout, address: int) -> str:
    """A `str` of the process, its first 4096 characters.

    Raises:
        UnreadableError: There is no compact `str`.
    """
    start, size, encoding = _place_of_text(layout, memory.read(address + _HEAD_AT, _STR_HEAD.size))
    raw = memory.read(address + start, size) if size else b""
    return raw.decode(encoding, "replace")


def text_of_raw(layout: Layout, raw: bytes) -> str:
    """The text of a `str` that lay so in memory, as far as that goes.

    Raises:
        UnreadableError: It is no compact `str`.
    """
    start, size, encoding = _place_of_text(layout, raw[_HEAD_AT:])
    return raw[start : start + size].decode(encoding, "replace")


def _place_of_text(layout: Layout, head: bytes) -> tuple[int, int, str]:
    """Where from its start a `str` has its first characters, in how many bytes and what encoding.

    Args:
        layout: Its interpreter's.
        head: What lies behind its `ob_base`.

    Raises:
        UnreadableError: It is no compact `str`.
    """
    if len(head) < _STR_HEAD.size:
        raise UnreadableError("a str without its head")
    length, _, state = _STR_HEAD.unpack_from(head)
    for shift in layout.text_state_shifts:
        bits = state >> shift
        kind = bits & _KIND_MASK
        if bits & _COMPACT_BIT and kind in _ENCODINGS and length >= 0:
            start = layout.ascii_text if bits & _ASCII_BIT else layout.compact_text
            return start, min(length, _MAX_TEXT) * kind, _ENCODINGS[kind]
    raise UnreadableError("no compact str")


def _read_lines(
    memory: ProcessMemory, layout: Layout, address: int, first_line: int
) -> LineTable | None:
    try:
        size = memory.read_word(address + _HEAD_AT)
        if size > _MAX_LINE_TABLE:
            return None
        return LineTable(
            memory.read(address + layout.bytes_text, size), first_line, layout.line_form
        )
    except UnreadableError:
        return None
