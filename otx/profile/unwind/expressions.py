"""The few DWARF expressions that stand in .eh_frame of real programs, told by their bytes.

Linkage tables (binutils), stacks aligned by compilers, and the assembly of OpenSSL and glibc use
four forms between them. A stack machine in the kernel for more would cost every walk.
"""

from otx.profile.unwind.cursor import Cursor
from otx.profile.unwind.rules import BpKind, CfaKind, pair_of

_BREG_BP, _BREG_SP, _BREG_PC = 0x76, 0x77, 0x80  # DWARF 5, table 7.9
_DEREF, _PLUS_CONSTANT, _LITERAL_0 = 0x06, 0x23, 0x30
_PLT_HEAD = bytes((_BREG_SP, 8, _BREG_PC, 0, 0x3F, 0x1A))  # rsp + 8; pc & 15
_PLT_TAIL = bytes((0x2A, 0x33, 0x24, 0x22))  # >= literal; << 3; +


def cfa_of(expression: bytes) -> tuple[CfaKind, int]:
    """Where the CFA is: the kind and its offset."""
    middle = expression[len(_PLT_HEAD) : -len(_PLT_TAIL)]
    if expression.startswith(_PLT_HEAD) and expression.endswith(_PLT_TAIL) and len(middle) == 1:
        return CfaKind.PLT, middle[0] - _LITERAL_0
    if expression[:1] not in (bytes((_BREG_BP,)), bytes((_BREG_SP,))):
        return CfaKind.OTHER, 0
    by_bp = expression[0] == _BREG_BP
    cursor = Cursor(expression, 1)
    offset = cursor.signed()
    if cursor.position == len(expression):
        return CfaKind.BP if by_bp else CfaKind.SP, offset
    if cursor.number("B") != _DEREF:
        return CfaKind.OTHER, 0
    addend = 0
    if cursor.position < len(expression):
        if cursor.number("B") != _PLUS_CONSTANT:
            return CfaKind.OTHER, 0
        addend = cursor.unsigned()
    pair = pair_of(offset, addend)
    if pair is None or cursor.position != len(expression):
        return CfaKind.OTHER, 0
    return CfaKind.AT_BP if by_bp else CfaKind.AT_SP, pair


def saved_bp_of(expression: bytes) -> tuple[BpKind, int]:
    """Where the caller's rbp is saved: the kind and its offset."""
    if expression[:1] != bytes((_BREG_BP,)):
        return BpKind.LOST, 0
    cursor = Cursor(expression, 1)
    offset = cursor.signed()
    if cursor.position != len(expression):
        return BpKind.LOST, 0
    return BpKind.AT_BP, offset
