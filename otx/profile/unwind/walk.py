"""The walk from a thread's registers to its callers, in Python: what bpf/unwind.h does in BPF.

Recorded registers and stacks are replayed with it, so that what the BPF program is meant to do is
tested where there is no BPF. The two are kept alike step by step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from otx.profile.errors import UnreadableError
from otx.profile.unwind.rules import BpKind, CfaKind, Rule, offset_and_addend

MAX_FRAMES = 512
LOST_BP = (1 << 64) - 1
"""Stands in rbp where it is not known: nothing can be read there, and it is not the 0 of a root."""

_WORD = 8
_MASK = (1 << 64) - 1
_UCONTEXT_BP, _UCONTEXT_SP, _UCONTEXT_PC = 120, 160, 168
"""In struct ucontext of x86-64 (asm/ucontext.h, asm/sigcontext.h)."""


class Ending(Enum):
    """Why a walk ended."""

    ROOT = auto()
    """The thread begins here."""
    UNMAPPED = auto()
    """A return address is in no code."""
    NO_TABLE = auto()
    """Code without a table, and frame pointers are not to be trusted or lead nowhere."""
    FAULT = auto()
    """The stack could not be read, or did not go up."""
    CUT = auto()
    """Deeper than 512 frames."""


@dataclass(frozen=True, slots=True)
class Registers:
    """Where a thread is."""

    pc: int
    sp: int
    bp: int


class RuleFinder(Protocol):
    """What knows the rules of one object (`UnwindTable`, `CallFrames`)."""

    def find(self, address: int) -> Rule:
        """The rule that holds at an address of the file; a gap where there is none."""


@dataclass(frozen=True, slots=True)
class Code:
    """An executable mapping.

    Attributes:
        bias: What to take off an address of the process to get one of the file.
        table: None where there is none.
    """

    bias: int
    table: RuleFinder | None


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found.

    Attributes:
        addresses: Leaf first. All but the first are return addresses; where a signal interrupted a
            function it is the interrupted instruction and one, so that they can be looked up alike.
    """

    addresses: tuple[int, ...]
    ending: Ending


ReadWord = Callable[[int], int]
"""The word of the thread's memory at an address; raises UnreadableError."""


def walk(
    registers: Registers,
    read_word: ReadWord,
    find_code: Callable[[int], Code | None],
    *,
    trusts_frame_pointers: bool = True,
) -> Walk:
    """Walk from the innermost function to the thread's beginning.

    Args:
        find_code: The mapping that holds an address.
        trusts_frame_pointers: Whether code without a table is taken to keep them.
    """
    addresses: list[int] = []
    at, is_return = registers, False
    while True:
        if at.pc == 0:  # without the rbp of a root, it is any zero on a stack that was misread
            return Walk(tuple(addresses), Ending.UNMAPPED if at.bp else Ending.ROOT)
        if len(addresses) == MAX_FRAMES:
            return Walk(tuple(addresses), Ending.CUT)
        addresses.append(at.pc + (bool(addresses) and not is_return))
        look = at.pc - is_return
        code = find_code(look)
        if code is None:
            return Walk(tuple(addresses), Ending.UNMAPPED)
        rule = code.table.find(look - code.bias) if code.table else Rule(CfaKind.GAP)
        if rule.cfa is CfaKind.GAP and not (at.bp or is_return):
            # What is interrupted may have any number in rbp, and a caller.
            return Walk(tuple(addresses), Ending.NO_TABLE)
        try:
            found = _step(at, rule, read_word, trusts_frame_pointers)
        except UnreadableError:
            found = Ending.FAULT
        if isinstance(found, Ending):
            return Walk(tuple(addresses), found)
        at, is_return = found, rule.cfa is not CfaKind.SIGNAL


def _step(
    at: Registers, rule: Rule, read_word: ReadWord, trusts_frame_pointers: bool
) -> Registers | Ending:
    """The caller's registers, or why there are none."""
    if rule.cfa is CfaKind.END:
        return Ending.ROOT
    if rule.cfa is CfaKind.OTHER:
        return Ending.NO_TABLE
    if rule.cfa is CfaKind.GAP:
        return _by_frame_pointer(at, read_word, trusts_frame_pointers)
    if rule.cfa is CfaKind.SIGNAL:
        return Registers(
            read_word(at.sp + _UCONTEXT_PC),
            read_word(at.sp + _UCONTEXT_SP),
            read_word(at.sp + _UCONTEXT_BP),
        )
    cfa = _cfa(at, rule, read_word)
    if cfa <= at.sp:
        return Ending.FAULT
    return Registers(read_word(cfa - _WORD), cfa, _caller_bp(at, rule, cfa, read_word))


def _by_frame_pointer(
    at: Registers, read_word: ReadWord, trusts_frame_pointers: bool
) -> Registers | Ending:
    """A thread's first function has 0 in rbp (System V ABI for x86-64, 3.4.1)."""
    if at.bp == 0:
        return Ending.ROOT
    if not trusts_frame_pointers:
        return Ending.NO_TABLE
    if at.bp < at.sp:
        return Ending.FAULT
    return Registers(read_word(at.bp + _WORD), at.bp + 2 * _WORD, read_word(at.bp))


def _cfa(at: Registers, rule: Rule, read_word: ReadWord) -> int:
    if rule.cfa is CfaKind.SP:
        return at.sp + rule.cfa_offset & _MASK
    if rule.cfa is CfaKind.BP:
        return at.bp + rule.cfa_offset & _MASK
    if rule.cfa is CfaKind.PLT:
        return at.sp + _WORD + (_WORD if at.pc & 15 >= rule.cfa_offset else 0)
    offset, addend = offset_and_addend(rule.cfa_offset)
    base = at.sp if rule.cfa is CfaKind.AT_SP else at.bp
    return read_word(base + offset & _MASK) + addend & _MASK


def _caller_bp(at: Registers, rule: Rule, cfa: int, read_word: ReadWord) -> int:
    if rule.bp is BpKind.SAME:
        return at.bp
    if rule.bp is BpKind.LOST:
        return LOST_BP
    base = cfa if rule.bp is BpKind.AT_CFA else at.bp
    return read_word(base + rule.bp_offset & _MASK)
