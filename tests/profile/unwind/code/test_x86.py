"""Where instructions end, and what is read of them."""

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.unwind.code.x86 import (
    MAX_LENGTH,
    NO_BASE,
    RIP,
    SECOND,
    THIRD_3A,
    THIRD_38,
    VECTOR,
    Instruction,
    decode,
)
from tests.profile.conftest import BURN_C, Build

_LINE = re.compile(r"^ *([0-9a-f]+):\t(.*)$", re.MULTILINE)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("90", Instruction(1, 0x90)),
        ("4157", Instruction(2, 0x57, rm=15)),  # push r15
        ("4889e5", Instruction(3, 0x89, 3, 4, 5, is_wide=True)),  # mov rbp, rsp
        ("4883ec28", Instruction(4, 0x83, 3, 5, 4, immediate=0x28, is_wide=True)),
        ("4881ec98000000", Instruction(7, 0x81, 3, 5, 4, immediate=0x98, is_wide=True)),
        ("488d65e0", Instruction(4, 0x8D, 1, 4, 5, -0x20, is_wide=True)),  # lea rsp, [rbp-32]
        ("48896c2408", Instruction(5, 0x89, 1, 5, 4, 8, is_wide=True)),  # mov [rsp+8], rbp
        ("488d35f3530900", Instruction(7, 0x8D, 0, 6, RIP, 0x953F3, is_wide=True)),
        ("48630482", Instruction(4, 0x63, 0, 0, NO_BASE, is_wide=True)),  # movsxd rax, [rdx+rax*4]
        ("ff24c500104000", Instruction(7, 0xFF, 0, 4, NO_BASE, 0x401000)),
        ("e8fbffffff", Instruction(5, 0xE8, immediate=-5)),
        ("7506", Instruction(2, 0x75, rm=5, immediate=6)),
        ("0f85001d0000", Instruction(6, SECOND + 0x85, rm=5, immediate=0x1D00)),
        ("64488b042528000000", Instruction(9, 0x8B, 0, 0, NO_BASE, 0x28, is_wide=True)),
        ("48b88877665544332211", Instruction(10, 0xB8, immediate=0x1122334455667788, is_wide=True)),
        ("66b83412", Instruction(4, 0xB8, immediate=0x1234)),
        ("66c7000100", Instruction(5, 0xC7, 0, 0, 0, immediate=1)),
        ("f6c301", Instruction(3, 0xF6, 3, 0, 3, immediate=1)),  # test bl, 1
        ("f7d8", Instruction(2, 0xF7, 3, 3, 0)),  # neg eax
        ("c8100000", Instruction(4, 0xC8, immediate=0x10)),  # enter 16, 0
        ("a18877665544332211", Instruction(9, 0xA1, rm=1, immediate=0x1122334455667788)),
        ("660f1f440000", Instruction(6, SECOND + 0x1F, 1, 0, NO_BASE)),
        ("660f3800c1", Instruction(5, THIRD_38 + 0x00, 3, 0, 1)),  # pshufb
        ("660f3a0fc108", Instruction(6, THIRD_3A + 0x0F, 3, 0, 1, immediate=8)),  # palignr
        ("c5f877", Instruction(3, VECTOR + 0x77, rm=7)),  # vzeroupper
        ("c5fd6f07", Instruction(4, VECTOR + 0x6F, 0, 0, 7)),  # vmovdqa ymm0, [rdi]
        ("c4e37d39c101", Instruction(6, VECTOR + 0x39, 3, 0, 1, immediate=1)),  # vextracti128
        ("62f17c4828c1", Instruction(6, VECTOR + 0x28, 3, 0, 1)),  # vmovaps zmm0, zmm1
    ],
)
def test_an_instruction_is_what_the_manual_says(code: str, wanted: Instruction) -> None:
    raw = bytes.fromhex(code)
    assert decode(raw, 0) == wanted
    assert decode(raw[:-1], 0) is None or len(raw) == 1 or wanted.opcode == 0x90
    assert decode(b"\xc3" + raw + b"\xc3", 1) == wanted


@pytest.mark.parametrize("code", ["", "06", "82c000", "0f04", "66", "48", "66" * 15 + "90"])
def test_what_is_none_is_told(code: str) -> None:
    assert decode(bytes.fromhex(code), 0) is None


@given(st.binary(max_size=20), st.integers(0, 20))
def test_any_bytes_are_an_instruction_of_a_possible_length_or_none(code: bytes, at: int) -> None:
    it = decode(code, at)
    assert it is None or (1 <= it.length <= MAX_LENGTH and at + it.length <= len(code))


@pytest.mark.parametrize(
    "flags", [("-O3", "-mavx2"), pytest.param(("-O2", "-static"), marks=pytest.mark.long)]
)
def test_instructions_end_where_objdump_says(build: Build, flags: tuple[str, ...]) -> None:
    program = build(BURN_C, "burn", *flags)
    elf = ElfFile(bytes_reader(Path(program).read_bytes()))
    extent = elf.section_extent(b".text")
    assert extent is not None
    code = elf.at(extent.start, len(extent))
    words = ("objdump", "-d", "-w", "-j", ".text", "--no-show-raw-insn", str(program))
    text = subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout
    lines = [(int(line[1], 16), line[2]) for line in _LINE.finditer(text)]
    assert len(lines) > 40
    for (address, shown), (behind, _) in pairwise(lines):
        it = decode(code, address - extent.start)
        # objdump takes a WAIT before an instruction of the x87 for a part of it.
        if "(bad)" not in shown and code[address - extent.start] != 0x9B:
            assert it is not None and it.length == behind - address, (hex(address), shown)
