"""Call frame instructions (DWARF 5, 6.4.2 and table 7.29), reduced to three registers.

`run` is the one loop that a table's building time goes to, so the instructions that make up nearly
all of .eh_frame are in it and the rest behind a call.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from otx.profile.errors import UnreadableError
from otx.profile.unwind.cursor import Cursor, read_unsigned
from otx.profile.unwind.expressions import cfa_of, saved_bp_of
from otx.profile.unwind.rules import BpKind, CfaKind, Rule

_BP, _SP, _RA = 6, 7, 16  # System V ABI for x86-64, figure 3.36
_WORD = 8
_FIXED = {_BP: CfaKind.BP, _SP: CfaKind.SP}

# The first three have an operand in their low bits.
_ADVANCE, _OFFSET, _RESTORE, _HIGH, _LOW = 0x40, 0x80, 0xC0, 0xC0, 0x3F
_NOP, _REMEMBER, _RESTORE_STATE, _DEF_CFA_OFFSET = 0x00, 0x0A, 0x0B, 0x0E
_ADVANCE_1, _ADVANCE_4 = 0x02, 0x04
_OFFSET_EXTENDED, _RESTORE_EXTENDED, _UNDEFINED = 0x05, 0x06, 0x07
_SAME_VALUE, _REGISTER = 0x08, 0x09
_DEF_CFA, _DEF_CFA_REGISTER, _DEF_CFA_EXPRESSION, _EXPRESSION = 0x0C, 0x0D, 0x0F, 0x10
_OFFSET_EXTENDED_SF, _DEF_CFA_SF, _DEF_CFA_OFFSET_SF = 0x11, 0x12, 0x13
_VAL_OFFSET, _VAL_OFFSET_SF, _VAL_EXPRESSION = 0x14, 0x15, 0x16
_GNU_ARGS_SIZE, _GNU_NEGATIVE_OFFSET = 0x2E, 0x2F


StateFields: TypeAlias = tuple[CfaKind, int, tuple[BpKind, int], CfaKind | None]
"""`State` as the plain tuple that is quicker to make."""

Row: TypeAlias = tuple[int, StateFields]
"""How far into a function a state begins to hold, and the state."""


class State(NamedTuple):
    """The rules at one instruction.

    Attributes:
        cfa: The kind of the CFA.
        bp: What the caller's rbp is: its kind and offset.
        ra: Whether the return address is where calls put it; else END or OTHER.
    """

    cfa: CfaKind
    cfa_offset: int
    bp: tuple[BpKind, int]
    ra: CfaKind | None

    def rule(self) -> Rule:
        """How to find the caller."""
        if self.ra is not None:
            return Rule(self.ra)
        return Rule(self.cfa, self.cfa_offset, *self.bp)


_SAME = (BpKind.SAME, 0)
_LOST = (BpKind.LOST, 0)
AT_START = State(CfaKind.OTHER, 0, _SAME, None)
"""Before the first instruction of a CIE."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What offsets are multiplied with, and what `restore` goes back to."""

    code: int
    data: int
    initial: State


def run(data: bytes, position: int, end: int, factors: Factors) -> list[Row]:
    """The states that instructions make, each with how far into the function it begins to hold.

    Args:
        position: Where the instructions begin in `data`.
        end: Where they end.

    Raises:
        UnreadableError, IndexError, ValueError, struct.error: They are not instructions.
    """
    rows: list[Row] = []
    at, code_factor = 0, factors.code
    cfa, offset, bp, ra = factors.initial
    remembered: list[StateFields] = []
    while position < end:
        code = data[position]
        position += 1
        high = code & _HIGH
        if high == _ADVANCE:
            rows.append((at, (cfa, offset, bp, ra)))
            at += (code & _LOW) * code_factor
        elif code == _DEF_CFA_OFFSET:
            offset = data[position]
            position += 1
            if offset >= 0x80:
                offset, position = read_unsigned(data, position - 1)
        elif high == _OFFSET and code & _LOW not in (_BP, _RA) and data[position] < 0x80:
            position += 1
        elif code == _NOP:
            pass
        elif _ADVANCE_1 <= code <= _ADVANCE_4:
            size = 1 << (code - _ADVANCE_1)
            rows.append((at, (cfa, offset, bp, ra)))
            at += int.from_bytes(data[position : position + size], "little") * code_factor
            position += size
        elif code == _REMEMBER:
            remembered.append((cfa, offset, bp, ra))
        elif code == _RESTORE_STATE:
            cfa, offset, bp, ra = remembered.pop()
        else:
            cursor = Cursor(data, position)
            cfa, offset, bp, ra = _changed(code, cursor, factors, State(cfa, offset, bp, ra))
            position = cursor.position
    if position > end:
        raise UnreadableError("call frame instructions beyond their end")
    rows.append((at, (cfa, offset, bp, ra)))
    return rows


def _changed(code: int, cursor: Cursor, factors: Factors, state: State) -> State:
    """The state after an instruction that changes a rule."""
    high = code & _HIGH
    if high == _OFFSET:
        return _saved(state, code & _LOW, cursor.unsigned() * factors.data)
    if high == _RESTORE:
        return _restored(state, code & _LOW, factors.initial)
    if code == _DEF_CFA:
        return _with_cfa(state, cursor.unsigned(), cursor.unsigned())
    if code == _DEF_CFA_SF:
        return _with_cfa(state, cursor.unsigned(), cursor.signed() * factors.data)
    if code == _DEF_CFA_REGISTER:
        return _with_cfa(state, cursor.unsigned(), state.cfa_offset)
    if code == _DEF_CFA_OFFSET_SF:
        return state._replace(cfa_offset=cursor.signed() * factors.data)
    if code == _DEF_CFA_EXPRESSION:
        kind, offset = cfa_of(_block(cursor))
        return state._replace(cfa=kind, cfa_offset=offset)
    return _register_changed(code, cursor, factors, state)


def _register_changed(code: int, cursor: Cursor, factors: Factors, state: State) -> State:
    """The state after an instruction that begins with a register, or with none that matters."""
    if code in (_GNU_ARGS_SIZE, _GNU_NEGATIVE_OFFSET):
        cursor.unsigned()
        if code == _GNU_NEGATIVE_OFFSET:
            cursor.unsigned()
        return state
    register = cursor.unsigned()
    if code == _OFFSET_EXTENDED:
        return _saved(state, register, cursor.unsigned() * factors.data)
    if code == _OFFSET_EXTENDED_SF:
        return _saved(state, register, cursor.signed() * factors.data)
    if code == _RESTORE_EXTENDED:
        return _restored(state, register, factors.initial)
    if code == _EXPRESSION:
        saved = saved_bp_of(_block(cursor))
        return _put(state, register, saved, CfaKind.OTHER)
    if code == _SAME_VALUE:
        return _put(state, register, _SAME, CfaKind.OTHER)
    if code == _UNDEFINED:
        return _put(state, register, _LOST, CfaKind.END)
    if code == _VAL_EXPRESSION:
        _block(cursor)
    elif code in (_REGISTER, _VAL_OFFSET, _VAL_OFFSET_SF):
        cursor.unsigned()
    else:
        raise UnreadableError(f"call frame instruction {code:#x}")
    return _put(state, register, _LOST, CfaKind.OTHER)


def _with_cfa(state: State, register: int, offset: int) -> State:
    return state._replace(cfa=_FIXED.get(register, CfaKind.OTHER), cfa_offset=offset)


def _saved(state: State, register: int, offset: int) -> State:
    elsewhere = None if offset == -_WORD else CfaKind.OTHER
    return _put(state, register, (BpKind.AT_CFA, offset), elsewhere)


def _restored(state: State, register: int, initial: State) -> State:
    return _put(state, register, initial.bp, initial.ra)


def _put(state: State, register: int, bp: tuple[BpKind, int], ra: CfaKind | None) -> State:
    """The state with what is now known of a register, if it is one of the two that matter."""
    if register == _BP:
        return state._replace(bp=bp)
    return state._replace(ra=ra) if register == _RA else state


def _block(cursor: Cursor) -> bytes:
    size = cursor.unsigned()
    begin = cursor.position
    cursor.skip(size)
    block = cursor.data[begin : begin + size]
    if len(block) != size:
        raise UnreadableError("expression beyond the table")
    return block
