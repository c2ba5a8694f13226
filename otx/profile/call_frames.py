"""What .eh_frame says of the innermost function of a stack (DWARF 5, 6.4; LSB 5.0, 10.6).

A walk along frame pointers begins at the frame that the register points at. A function that has
set up none (a leaf, a function of a library built without frame pointers, any function in its
first and last instructions) hides its caller from such a walk: the register still points at the
caller's frame, so the walk goes on with the caller's caller. The unwind table says exactly when
that is so and where on the stack the return address is.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from otx.profile.elf import EhFrame, ElfFile
from otx.profile.errors import UnreadableError

_RBP, _RSP = 6, 7  # System V ABI for x86-64, figure 3.36
_WORD = 8
_PCREL, _FORM_MASK = 0x10, 0x0F
_POINTER_FORMS = {0x00: "<Q", 0x03: "<I", 0x04: "<Q", 0x0B: "<i", 0x0C: "<q"}
_MAX_INSTRUCTIONS = 10_000
_MAX_FUNCTIONS_KEPT = 4096

# Call frame instructions, DWARF 5, table 7.29. The first three have an operand in their low bits.
_ADVANCE, _OFFSET, _RESTORE = 0x40, 0x80, 0xC0
_ADVANCES = {0x02: "<B", 0x03: "<H", 0x04: "<I"}
_REMEMBER, _RESTORE_STATE = 0x0A, 0x0B
_DEF_CFA, _DEF_CFA_REGISTER, _DEF_CFA_OFFSET, _DEF_CFA_EXPRESSION = 0x0C, 0x0D, 0x0E, 0x0F
_DEF_CFA_SF, _DEF_CFA_OFFSET_SF = 0x12, 0x13
_SAVES = {0x05: 1, 0x11: 1, 0x10: -1}  # a register's offset; -1: a block follows
_UNSAVES = {0x06: 0, 0x07: 0, 0x08: 0}
_PASSED_OVER = {0x00: 0, 0x09: 2, 0x14: 2, 0x15: 2, 0x2E: 1, 0x2F: 2}  # by number of operands
_VAL_EXPRESSION = 0x16


@dataclass(frozen=True, slots=True)
class _State:
    """The rules at one instruction: CFA = register + offset, and whether rbp is saved."""

    register: int = -1
    offset: int = 0
    rbp_is_saved: bool = False


class CallFrames:
    """The unwind table of one object. Functions are decoded when asked for, the last 4096 kept."""

    def __init__(self, table: EhFrame) -> None:
        self._table = table
        self._functions: dict[int, _Function | None] = {}

    @classmethod
    def of(cls, elf: ElfFile) -> "CallFrames | None":
        """The table of a file, if it has one in the usual form."""
        table = elf.eh_frame()
        return None if table is None else cls(table)

    def function_start(self, address: int) -> int | None:
        """Where the function that holds an address begins, going by where functions begin."""
        index = bisect_right(self._table.starts, address) - 1
        return self._table.starts[index] if index >= 0 else None

    def hidden_caller(self, address: int) -> int | None:
        """Where a walk along frame pointers misses the caller, if it does.

        Args:
            address: The innermost instruction, as the file counts.

        Returns:
            The distance in bytes from the stack pointer to the return address that is missed;
            None where the walk misses nothing, or goes wrong in other ways.
        """
        index = bisect_right(self._table.starts, address) - 1
        if index not in self._functions:
            if len(self._functions) >= _MAX_FUNCTIONS_KEPT:
                del self._functions[next(iter(self._functions))]
            self._functions[index] = self._function(index)
        function = self._functions[index]
        if function is None or not function.starts[0] <= address < function.end:
            return None
        here = function.states[bisect_right(function.starts, address) - 1]
        # A saved rbp in a function without frames holds anything: the walk went nowhere.
        if here.register != _RSP or (here.rbp_is_saved and not function.makes_frames):
            return None
        return here.offset - _WORD if here.offset >= _WORD else None

    def _function(self, index: int) -> "_Function | None":
        try:
            return self._decode(index) if index >= 0 else None
        except (struct.error, IndexError, ValueError):
            return None

    def _decode(self, index: int) -> "_Function":
        """The rules of a function, each with where it begins to hold."""
        entry = _Cursor(self._table.data, self._table.entries[index] - self._table.address)
        end = entry.length_and_end()
        id_at = entry.position
        cie = _read_cie(_Cursor(self._table.data, id_at - entry.number("<i")))
        start = entry.pointer(cie.encoding, self._table.address)
        length = entry.pointer(cie.encoding & _FORM_MASK, 0)
        if cie.has_augmentation:
            entry.skip(entry.unsigned())
        common = _Cursor(self._table.data, cie.program)
        made_by_all = [state for _, state in _run(common, cie.program_end, cie, 0, _State())]
        first = made_by_all[-1] if made_by_all else _State()
        rules = [(start, first), *_run(entry, end, cie, start, first)]
        return _Function(
            start + length,
            [at for at, _ in rules],
            [state for _, state in rules],
            any(state.register == _RBP for _, state in rules),
        )


@dataclass(frozen=True, slots=True)
class _Function:
    """What a table says of one function.

    Attributes:
        end: The first address behind it.
        starts: Where each state begins to hold, lowest first.
        makes_frames: Whether it sets up a frame that rbp points at.
    """

    end: int
    starts: list[int]
    states: list[_State]
    makes_frames: bool


@dataclass(frozen=True, slots=True)
class _Cie:
    """What the entries of several functions have in common."""

    code_factor: int
    data_factor: int
    encoding: int
    has_augmentation: bool
    program: int
    program_end: int


def _read_cie(cursor: "_Cursor") -> _Cie:
    end = cursor.length_and_end()
    if cursor.number("<i") != 0:
        raise UnreadableError("no common information entry")
    cursor.skip(1)  # the version; 1 and 3 differ in nothing that is read here
    augmentation = cursor.text()
    code_factor, data_factor = cursor.unsigned(), cursor.signed()
    cursor.unsigned()  # the column of the return address
    encoding = 0
    if augmentation.startswith("z"):
        after = cursor.unsigned()
        after += cursor.position
        for letter in augmentation[1:]:
            if letter == "R":
                encoding = cursor.number("<B")
            elif letter == "P":
                cursor.pointer(cursor.number("<B") & _FORM_MASK, 0)
            elif letter == "L":
                cursor.skip(1)
        cursor.position = after
    return _Cie(
        code_factor, data_factor, encoding, augmentation.startswith("z"), cursor.position, end
    )


def _run(
    cursor: "_Cursor", end: int, cie: _Cie, at: int, state: _State
) -> Iterator[tuple[int, _State]]:
    """Each state that the instructions up to `end` make, with where it begins to hold."""
    initial = state
    remembered: list[_State] = []
    for _ in range(_MAX_INSTRUCTIONS):
        if cursor.position >= end:
            return
        code = cursor.number("<B")
        high, low = code & 0xC0, code & 0x3F
        if high == _ADVANCE:
            at += low * cie.code_factor
        elif code in _ADVANCES:
            at += cursor.number(_ADVANCES[code]) * cie.code_factor
        elif code == _REMEMBER:
            remembered.append(state)
        elif code == _RESTORE_STATE:
            state = remembered.pop()
        else:
            state = _changed(cursor, code, cie, state, initial)
        yield at, state
    raise UnreadableError("call frame instructions without end")


def _changed(cursor: "_Cursor", code: int, cie: _Cie, state: _State, initial: _State) -> _State:
    """The state after an instruction that changes a rule."""
    high, low = code & 0xC0, code & 0x3F
    if high == _OFFSET:
        cursor.unsigned()
        return replace(state, rbp_is_saved=state.rbp_is_saved or low == _RBP)
    if high == _RESTORE:
        return replace(state, rbp_is_saved=initial.rbp_is_saved) if low == _RBP else state
    if code == _DEF_CFA:
        return replace(state, register=cursor.unsigned(), offset=cursor.unsigned())
    if code == _DEF_CFA_SF:
        register = cursor.unsigned()
        return replace(state, register=register, offset=cursor.signed() * cie.data_factor)
    if code == _DEF_CFA_REGISTER:
        return replace(state, register=cursor.unsigned())
    if code == _DEF_CFA_OFFSET:
        return replace(state, offset=cursor.unsigned())
    if code == _DEF_CFA_OFFSET_SF:
        return replace(state, offset=cursor.signed() * cie.data_factor)
    if code == _DEF_CFA_EXPRESSION:
        cursor.skip(cursor.unsigned())
        return replace(state, register=-1)
    return _saved_or_passed_over(cursor, code, state)


def _saved_or_passed_over(cursor: "_Cursor", code: int, state: _State) -> _State:
    if code in _SAVES:
        saved = cursor.unsigned() == _RBP
        operand = cursor.unsigned()
        if _SAVES[code] < 0:
            cursor.skip(operand)
        return replace(state, rbp_is_saved=state.rbp_is_saved or saved)
    if code in _UNSAVES:
        return replace(state, rbp_is_saved=False) if cursor.unsigned() == _RBP else state
    if code == _VAL_EXPRESSION:
        cursor.unsigned()
        cursor.skip(cursor.unsigned())
        return state
    if code not in _PASSED_OVER:
        raise UnreadableError(f"call frame instruction {code:#x}")
    for _ in range(_PASSED_OVER[code]):
        cursor.unsigned()
    return state


class _Cursor:
    """Reads numbers one after the other."""

    def __init__(self, data: bytes, position: int) -> None:
        if position < 0:
            raise UnreadableError("before the table")
        self._data = data
        self.position = position

    def number(self, form: str) -> int:
        """A number of fixed size."""
        value: int = struct.unpack_from(form, self._data, self.position)[0]
        self.position += struct.calcsize(form)
        return value

    def unsigned(self) -> int:
        """A ULEB128 number."""
        value = shift = 0
        while True:
            byte = self._data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def signed(self) -> int:
        """An SLEB128 number."""
        before = self.position
        value = self.unsigned()
        bits = 7 * (self.position - before)
        return value - (1 << bits) if value >> (bits - 1) else value

    def text(self) -> str:
        """Text up to a NUL."""
        end = self._data.index(b"\0", self.position)
        text = self._data[self.position : end].decode("latin-1")
        self.position = end + 1
        return text

    def pointer(self, encoding: int, base: int) -> int:
        """A pointer in one of the encodings that compilers use."""
        form = _POINTER_FORMS.get(encoding & _FORM_MASK)
        if form is None or encoding & 0x70 not in (0, _PCREL):
            raise UnreadableError(f"pointer encoding {encoding:#x}")
        here = base + self.position if encoding & _PCREL else 0
        return self.number(form) + here

    def length_and_end(self) -> int:
        """Read an entry's length; where it ends."""
        length = self.number("<I")
        if length in (0, 0xFFFFFFFF):
            raise UnreadableError("no entry, or one of more than 4 GiB")
        return self.position + length

    def skip(self, count: int) -> None:
        """Pass over bytes."""
        self.position += count
