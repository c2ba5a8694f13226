"""What an instruction does to the two registers that a walk needs, and where it leads.

The System V ABI for x86-64 (3.2.1) leaves a function two ways to keep its caller findable without
an unwind entry: it gives back rsp as it found it, so every push has its pop on the way to a return,
and rbp likewise, so it is on the stack wherever it holds something else.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from otx.profile.unwind.code.x86 import NO_BASE, REGISTER, RIP, SECOND, Instruction

WORD = 8
_SP, _BP = 4, 5
_MOST = 1 << 24  # of a function's stack


class Base(Enum):
    """What the CFA is counted from."""

    SP = auto()
    BP = auto()
    NONE = auto()
    """It is not known: the stack was switched, or aligned without a frame."""
    ROOT = auto()
    """There is no caller: a thread begins here."""


class StackState(NamedTuple):
    """Where a function's caller is, before one of its instructions.

    Attributes:
        base: The register that the CFA is counted from.
        depth: From there to the CFA.
        saved_bp: From the CFA down to the caller's rbp; 0 where that is in rbp.
        frame: From rbp up to the CFA; 0 where rbp does not point into the frame.
    """

    base: Base
    depth: int
    saved_bp: int = 0
    frame: int = 0


AT_ENTRY = StackState(Base.SP, WORD)
ROOT = StackState(Base.ROOT, 0)
UNKNOWN = StackState(Base.NONE, 0)


def after(state: StackState, it: Instruction) -> StackState:
    """The state behind an instruction."""
    effect = _EFFECTS.get(it.opcode)
    if effect is None or state.base is Base.ROOT or state.base is Base.NONE:
        return state
    return effect(state, it)


def _pushed_word(state: StackState, it: Instruction) -> StackState:
    return _deeper(state, WORD)


def _popped_word(state: StackState, it: Instruction) -> StackState:
    return _deeper(state, -WORD)


def _of_group_5(state: StackState, it: Instruction) -> StackState:
    return _deeper(state, WORD) if it.reg & 7 == 6 else state  # PUSH


def _entered(state: StackState, it: Instruction) -> StackState:
    return UNKNOWN


def _pushed(state: StackState, it: Instruction) -> StackState:
    deeper = _deeper(state, WORD)
    if it.rm == _BP and not state.saved_bp and deeper.base is Base.SP:
        return deeper._replace(saved_bp=deeper.depth)
    return deeper


def _popped(state: StackState, it: Instruction) -> StackState:
    if it.rm == _SP:
        return UNKNOWN
    if it.rm != _BP:
        return _deeper(state, -WORD)
    popped = _deeper(_clobbered(state), -WORD)
    # Compilers also take arguments off the stack so, into a register that is free.
    return popped._replace(saved_bp=0) if state.depth == state.saved_bp else popped


def _clobbered(state: StackState) -> StackState:
    """The state where rbp has become something else."""
    if state.base is Base.BP:
        return UNKNOWN  # where rsp is, is not known either
    return state._replace(frame=0) if state.frame else state


def _excluded(state: StackState, it: Instruction) -> StackState:
    """XOR: of rbp with itself it is what a process or a thread begins with (3.4.1)."""
    if it.mode == REGISTER and it.reg == it.rm == _BP:
        return ROOT if state == AT_ENTRY else _clobbered(state)
    return _summed(state, it)


def _summed(state: StackState, it: Instruction) -> StackState:
    """A sum of rsp with another register is not known."""
    into = it.reg if it.opcode & 2 else it.rm if it.mode == REGISTER else None
    return _adrift(state) if into == _SP and it.is_wide else state


def _exchanged(state: StackState, it: Instruction) -> StackState:
    return _adrift(state) if it.mode == REGISTER and _SP in (it.reg, it.rm) else state


def _moved(state: StackState, it: Instruction) -> StackState:
    """MOV of 64 bits."""
    if not it.is_wide:
        return state
    if it.mode != REGISTER:
        return _moved_in_memory(state, it)
    into, out_of = (it.rm, it.reg) if it.opcode == 0x89 else (it.reg, it.rm)
    if into == _BP:
        is_frame = out_of == _SP and state.base is Base.SP and state.saved_bp
        return state._replace(frame=state.depth) if is_frame else _clobbered(state)
    if into == _SP:
        if out_of == _BP and state.frame:
            return state._replace(base=Base.SP, depth=state.frame)
        return _adrift(state)
    return state


def _moved_in_memory(state: StackState, it: Instruction) -> StackState:
    is_ours = it.rm == _SP and state.base is Base.SP
    if it.opcode == 0x89:  # to memory
        if it.reg == _BP and is_ours and not state.saved_bp and it.displacement < state.depth:
            return state._replace(saved_bp=state.depth - it.displacement)
        return state
    if it.reg == _SP:
        return _adrift(state)
    if it.reg != _BP:
        return state
    is_restored = is_ours and state.depth - it.displacement == state.saved_bp
    return state._replace(saved_bp=0, frame=0) if is_restored else _clobbered(state)


def _addressed(state: StackState, it: Instruction) -> StackState:
    """LEA into rsp or rbp."""
    if not it.is_wide or it.mode == REGISTER:
        return state
    if it.reg == _SP:
        if it.rm == _SP and state.base is Base.SP:
            return _deeper(state, -it.displacement)
        if it.rm == _BP and state.frame:
            return state._replace(base=Base.SP, depth=state.frame - it.displacement)
        return _adrift(state)
    if it.reg != _BP:
        return state
    if it.rm == _SP and state.base is Base.SP and state.saved_bp:
        return state._replace(frame=max(0, state.depth - it.displacement))
    return _clobbered(state)


def _reckoned(state: StackState, it: Instruction) -> StackState:
    """ADD, SUB, AND and CMP of rsp with a number."""
    if it.mode != REGISTER or it.rm != _SP or not it.is_wide:
        return state
    operation = it.reg & 7
    if operation == 0:
        return _deeper(state, -it.immediate)
    if operation == 5:
        return _deeper(state, it.immediate)
    return state if operation == 7 else _adrift(state)


def _left(state: StackState, it: Instruction) -> StackState:
    """LEAVE: rsp is taken from rbp, and rbp from there."""
    if not state.frame:
        return UNKNOWN
    return StackState(Base.SP, state.frame - WORD)


def _deeper(state: StackState, by: int) -> StackState:
    if state.base is Base.BP:
        return state
    depth = state.depth + by
    if not WORD <= depth < _MOST:
        return UNKNOWN
    return state._replace(depth=depth)


def _adrift(state: StackState) -> StackState:
    """The state where rsp has moved by what is not known; a frame still has its pointer."""
    return state._replace(base=Base.BP, depth=state.frame) if state.frame else UNKNOWN


_COMPARE, _GROUP_5 = 0x38, 0xFF
_EFFECTS: dict[int, Callable[[StackState, Instruction], StackState]] = {
    **{row | way: _summed for row in range(0, _COMPARE, 8) for way in (1, 3)},
    **dict.fromkeys((0x31, 0x33), _excluded),
    **dict.fromkeys(range(0x50, 0x58), _pushed),
    **dict.fromkeys(range(0x58, 0x60), _popped),
    **dict.fromkeys((0x68, 0x6A, 0x9C, SECOND + 0xA0, SECOND + 0xA8), _pushed_word),
    **dict.fromkeys((0x9D, 0x8F, SECOND + 0xA1, SECOND + 0xA9), _popped_word),
    **dict.fromkeys((0x81, 0x83), _reckoned),
    **dict.fromkeys((0x89, 0x8B), _moved),
    0x87: _exchanged,
    0x8D: _addressed,
    0xC8: _entered,
    0xC9: _left,
    _GROUP_5: _of_group_5,
}


class Leads(Enum):
    """Where the next instruction is."""

    ON = auto()
    BRANCH = auto()
    """On, or at a distance."""
    JUMP = auto()
    CALL = auto()
    """On, when what is at a distance has returned."""
    POINTER_CALL = auto()
    TABLE = auto()
    """Anywhere: by a register or a table."""
    BACK = auto()
    """To the caller."""
    NOWHERE = auto()


def leads(it: Instruction) -> Leads:
    """Where an instruction leads; the distance is its immediate value, counted from its end."""
    if it.opcode == _GROUP_5:
        return _BY_POINTER.get(it.reg & 7, Leads.ON)
    return _LEADS.get(it.opcode, Leads.ON)


_BY_POINTER = {2: Leads.POINTER_CALL, 4: Leads.TABLE}
_LEADS = {
    **dict.fromkeys((*range(0x70, 0x80), *range(0xE0, 0xE4)), Leads.BRANCH),
    **dict.fromkeys(range(SECOND + 0x80, SECOND + 0x90), Leads.BRANCH),
    0xE8: Leads.CALL,
    **dict.fromkeys((0xE9, 0xEB), Leads.JUMP),
    **dict.fromkeys((0xC2, 0xC3, 0xCA, 0xCB, 0xCF), Leads.BACK),
    **dict.fromkeys((0xCC, 0xF4, SECOND + 0x0B), Leads.NOWHERE),  # INT3, HLT, UD2
}
LEADING = frozenset((_GROUP_5, *_LEADS))
"""The opcodes of all instructions that may lead elsewhere than on."""


def compared(it: Instruction) -> int | None:
    """The number that an instruction compares with (CMP), before a jump by a table its greatest."""
    if it.opcode in (0x3C, 0x3D) or (it.opcode in (0x80, 0x81, 0x83) and it.reg & 7 == 7):
        return it.immediate if it.immediate >= 0 else None
    return None


def names_address(it: Instruction) -> bool:
    """Whether an instruction makes an address beside itself (LEA by rip), of code or of data."""
    return it.opcode == 0x8D and it.rm == RIP


LOADS_OF_NUMBERS = frozenset((0x68, *range(0xB8, 0xC0), 0xC7))
"""PUSH and MOV of a number, which is an address in code that is linked to lie where it does."""


def table_by_address(it: Instruction) -> int | None:
    """The address of the table that a jump goes by, where it is in the instruction."""
    return it.displacement if it.mode == 0 and it.rm == NO_BASE else None
