"""How a caller is found from one instruction: three registers instead of DWARF's seventeen.

On x86-64 the callers of compiled code can be walked with pc, rsp and rbp alone: the return address
lies below the canonical frame address (CFA), which is rsp or rbp and an offset nearly everywhere,
and rbp is the only other register that such a rule needs. What needs more (a CFA in r10 while a
stack is being aligned, a return address in a register) is `CfaKind.OTHER` and ends a walk.
"""

import struct
from enum import IntEnum
from typing import NamedTuple

RULE = struct.Struct("<ihBB")
"""`struct rule` of bpf/unwind.h: CFA offset, rbp offset, CFA kind, rbp kind."""


class CfaKind(IntEnum):
    """Where the CFA is (enum cfa_kind)."""

    GAP = 0
    """No function has this address."""
    SP = 1
    """rsp + offset."""
    BP = 2
    """rbp + offset."""
    AT_SP = 3
    """The word at rsp + the low half of offset, + its high half."""
    AT_BP = 4
    """The word at rbp + the low half of offset, + its high half."""
    PLT = 5
    """rsp + 8, and 8 more from byte `offset` of each 16-byte entry of the linkage table."""
    SIGNAL = 6
    """All registers are in the ucontext at rsp."""
    END = 7
    """The return address is undefined: a thread begins here."""
    OTHER = 8
    """Not to be had from pc, rsp and rbp."""


class BpKind(IntEnum):
    """What the caller's rbp is (enum bp_kind)."""

    SAME = 0
    AT_CFA = 1
    """The word at CFA + offset."""
    AT_BP = 2
    """The word at rbp + offset."""
    LOST = 3
    """In another register, or nowhere."""


class Rule(NamedTuple):
    """How to find the caller. A plain tuple at heart: a table makes a hundred thousand of them."""

    cfa: CfaKind
    cfa_offset: int = 0
    bp: BpKind = BpKind.SAME
    bp_offset: int = 0

    def packed(self) -> bytes:
        """The 8 bytes of `struct rule`; `CfaKind.OTHER` where an offset does not fit."""
        try:
            return RULE.pack(self.cfa_offset, self.bp_offset, self.cfa, self.bp)
        except struct.error:
            return RULE.pack(0, 0, CfaKind.OTHER, BpKind.LOST)

    @classmethod
    def unpack(cls, raw: bytes) -> "Rule":
        """The rule in 8 bytes.

        Raises:
            ValueError: It has a kind that there is not.
        """
        cfa_offset, bp_offset, cfa, bp = RULE.unpack(raw)
        return cls(CfaKind(cfa), cfa_offset, BpKind(bp), bp_offset)


GAP = Rule(CfaKind.GAP)
ENTRY = Rule(CfaKind.SP, 8, BpKind.SAME, 1)
"""That of a function's first instruction, where a table was made from code: the offset, which says
nothing of an rbp that is the same, tells it from the rule of an instruction further on."""
_HALF = 1 << 15


def pair_of(offset: int, addend: int) -> int | None:
    """The `cfa_offset` of AT_SP and AT_BP; None where one of the two does not fit."""
    if not (-_HALF <= offset < _HALF and -_HALF <= addend < _HALF):
        return None
    return addend << 16 | offset & 0xFFFF


def offset_and_addend(pair: int) -> tuple[int, int]:
    """What `pair_of` put together."""
    low = pair & 0xFFFF
    return low - (1 << 16) if low & _HALF else low, pair >> 16
