"""How long an instruction is and which it is (Intel SDM volume 2, chapter 2 and appendix A).

Nothing is executed and no operand is evaluated: what follows the stack needs to know where each
instruction ends, and of a few of them the registers, the displacement and the immediate value.
"""

from typing import NamedTuple

MAX_LENGTH = 15
_MODRM, _IMM8, _IMM32, _IMM16, _IMM64, _MOFFS, _BAD = 1, 2, 4, 8, 16, 32, 64

SECOND, THIRD_38, THIRD_3A, VECTOR = 0x100, 0x200, 0x300, 0x400
"""Added to an opcode of another map than the first; VECTOR for what VEX and EVEX encode."""


def _one_byte_forms() -> bytes:
    """What follows each opcode of one byte (table A-2); prefixes are not asked for."""
    forms = bytearray(256)
    for row in range(0x00, 0x40, 8):
        forms[row : row + 8] = bytes((_MODRM,) * 4 + (_IMM8, _IMM32, _BAD, _BAD))
    for opcodes, form in (
        (range(0x60, 0x63), _BAD),
        ((0x63, 0x84, 0x85, *range(0x86, 0x90)), _MODRM),
        ((0x68, 0xA9, 0xE8, 0xE9), _IMM32),
        ((0x69, 0x81, 0xC7), _MODRM | _IMM32),
        (
            (0x6A, *range(0x70, 0x80), 0xA8, *range(0xB0, 0xB8), 0xCD, *range(0xE0, 0xE8), 0xEB),
            _IMM8,
        ),
        ((0x6B, 0x80, 0x83, 0xC0, 0xC1, 0xC6), _MODRM | _IMM8),
        ((0x82, 0x9A, 0xC4, 0xC5, 0xCE, 0xD4, 0xD5, 0xD6, 0xEA), _BAD),
        (range(0xA0, 0xA4), _MOFFS),
        (range(0xB8, 0xC0), _IMM64),
        ((0xC2, 0xCA), _IMM16),
        ((0xC8,), _IMM16 | _IMM8),
        ((*range(0xD0, 0xD4), *range(0xD8, 0xE0), 0xF6, 0xF7, 0xFE, 0xFF), _MODRM),
        ((0xE8, 0xE9), _IMM32),
    ):
        for opcode in opcodes:
            forms[opcode] = form
    return bytes(forms)


def _two_byte_forms() -> bytes:
    """What follows each opcode behind 0F (table A-3)."""
    forms = bytearray((_MODRM,) * 256)
    alone = (0x05, 0x06, 0x07, 0x08, 0x09, 0x0B, 0x0E, *range(0x30, 0x38), 0x77)
    for opcode in (*alone, 0xA0, 0xA1, 0xA2, 0xA8, 0xA9, 0xAA, *range(0xC8, 0xD0)):
        forms[opcode] = 0
    for opcode in range(0x80, 0x90):
        forms[opcode] = _IMM32
    for opcode in (0x0F, *range(0x70, 0x74), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6):
        forms[opcode] = _MODRM | _IMM8
    for opcode in (0x04, 0x0A, 0x0C, 0x24, 0x25, 0x26, 0x27, 0x36, 0x39, 0x3B, 0x3C, 0x3D):
        forms[opcode] = _BAD
    return bytes(forms)


_FORMS = {0: _one_byte_forms(), SECOND: _two_byte_forms()}
_PREFIXES = frozenset(b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3")
_WITH_IMMEDIATE_IN_VECTORS = frozenset((0x70, 0x71, 0x72, 0x73, 0xC2, 0xC4, 0xC5, 0xC6))
_DISPLACEMENT = (0, 1, 4, 0)  # bytes, by the mode


class Instruction(NamedTuple):
    """An instruction, as far as it is of use here.

    Attributes:
        length: Its bytes.
        opcode: The last byte of its opcode, with SECOND and so on for its map.
        mode: Of its ModRM byte: 3 for a register, less for memory; -1 where it has none.
        reg: The register or the part of the opcode that ModRM's middle names, 8 to 15 by REX.R.
        rm: The register or base that its end names, 8 to 15 by REX.B; RIP for what is relative to
            the next instruction; NO_BASE where there is an index, or none at all. Without ModRM
            what the opcode's end names.
        displacement: Of the memory operand.
        immediate: With its sign.
        is_wide: Whether REX.W is set.
    """

    length: int
    opcode: int
    mode: int = -1
    reg: int = 0
    rm: int = 0
    displacement: int = 0
    immediate: int = 0
    is_wide: bool = False


RIP, NO_BASE = 16, 17
REGISTER = 3
"""The mode of an operand that is one."""
_SIB, _NO_SIB_INDEX, _DISPLACEMENT_ONLY = 18, 4, 5


def _modrm_parts(rex: int) -> list[tuple[int, int, int, int]]:
    """Mode, register, end and the displacement's bytes, by the ModRM byte (tables 2-2 and 2-3)."""
    parts = []
    for byte in range(256):
        mode, low = byte >> 6, byte & 7
        rm, size = low | (rex & 1) << 3, _DISPLACEMENT[mode]
        if mode != REGISTER and low == 4:
            rm = _SIB
        elif mode == 0 and low == _DISPLACEMENT_ONLY:
            rm, size = RIP, 4
        parts.append((mode, byte >> 3 & 7 | (rex & 4) << 1, rm, size))
    return parts


_MODRM_PARTS = {rex: _modrm_parts(rex) for rex in (0, 1, 4, 5)}


def decode(code: bytes, at: int) -> Instruction | None:
    """The instruction that begins at a place; None where none does, or the code ends in it."""
    start, rex, is_short = at, 0, False
    try:
        byte = code[at]
        while byte in _PREFIXES:
            is_short |= byte == 0x66
            at += 1
            byte = code[at]
        if byte & 0xF0 == 0x40:
            rex = byte
            at += 1
            byte = code[at]
        if byte in (0xC4, 0xC5, 0x62) and not rex:
            return _decode_vector(code, start, at)
        at += 1
        opcode, form = byte, _FORMS[0][byte]
        if byte == 0x0F:
            opcode, form, at = _second_map(code, at)
        return _operands(code, start, at, opcode, form, rex, is_short)
    except IndexError:
        return None


def _second_map(code: bytes, at: int) -> tuple[int, int, int]:
    byte = code[at]
    if byte == 0x38:
        return THIRD_38 + code[at + 1], _MODRM, at + 2
    if byte == 0x3A:
        return THIRD_3A + code[at + 1], _MODRM | _IMM8, at + 2
    return SECOND + byte, _FORMS[SECOND][byte], at + 1


def _decode_vector(code: bytes, start: int, at: int) -> Instruction | None:
    """An instruction with VEX (2.3) or EVEX (2.7): they say the opcode's map themselves."""
    first = code[at]
    size = {0xC5: 2, 0xC4: 3, 0x62: 4}[first]
    number = 1 if first == 0xC5 else code[at + 1] & (0x1F if first == 0xC4 else 0x07)
    opcode = code[at + size]
    form = 0 if number == 1 and opcode == 0x77 and first != 0x62 else _MODRM
    if number == 3 or (number == 1 and opcode in _WITH_IMMEDIATE_IN_VECTORS):
        form |= _IMM8
    return _operands(code, start, at + size + 1, VECTOR + opcode, form, 0, False)


def _operands(
    code: bytes, start: int, at: int, opcode: int, form: int, rex: int, is_short: bool
) -> Instruction | None:
    if form & _BAD:
        return None
    mode, reg, rm, displacement = -1, 0, opcode & 7 | (rex & 1) << 3, 0
    if form & _MODRM:
        mode, reg, rm, size = _MODRM_PARTS[rex & 5][code[at]]
        at += 1
        if rm == _SIB:
            sib = code[at]
            at += 1
            has_index = sib >> 3 & 7 | (rex & 2) << 2 != _NO_SIB_INDEX
            rm = NO_BASE if has_index else sib & 7 | (rex & 1) << 3
            if sib & 7 == _DISPLACEMENT_ONLY and mode == 0:
                rm, size = NO_BASE, 4
        if size:
            displacement = int.from_bytes(code[at : at + size], "little", signed=True)
            at += size
        if opcode in (0xF6, 0xF7) and reg & 6 == 0:  # TEST, of a group that has no immediates
            form |= _IMM8 if opcode == 0xF6 else _IMM32
    end, immediate = at, 0
    if form > _MODRM:
        end += _immediate_size(form, rex, is_short)
        immediate = int.from_bytes(code[at:end], "little", signed=True)
    if end > len(code) or end - start > MAX_LENGTH:
        return None
    return Instruction(end - start, opcode, mode, reg, rm, displacement, immediate, rex & 8 != 0)


def _immediate_size(form: int, rex: int, is_short: bool) -> int:
    if form & _IMM8:
        return 3 if form & _IMM16 else 1
    if form & _IMM32:
        return 2 if is_short and not rex & 8 else 4
    if form & _IMM16:
        return 2
    if form & _IMM64:
        return 8 if rex & 8 else 2 if is_short else 4
    return 8 if form & _MOFFS else 0
