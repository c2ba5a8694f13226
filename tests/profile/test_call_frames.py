"""Unwind tables against what compilers do: where the return address of a function is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile import call_frames
from otx.profile.call_frames import CallFrames
from otx.profile.elf import EhFrame, ElfFile, bytes_reader
from otx.profile.unwind.rules import CfaKind
from tests.profile.conftest import Build
from tests.profile.unwind.conftest import Fde, cie, eh_frame

# A leaf without a frame, and a function with one, as assemblers know them: the unwind table is
# written by hand, so that what is right at each instruction is known.
FRAMES_S = """
__asm__(
    ".globl leaf, framed, leaf_end, framed_body, framed_last, framed_end, pushing, pushed\\n"
    ".type leaf, @function\\n.type framed, @function\\n.type pushing, @function\\n"
    "leaf: .cfi_startproc\\n nop\\n ret\\nleaf_end: .cfi_endproc\\n"
    "framed: .cfi_startproc\\n push %rbp\\n .cfi_def_cfa_offset 16\\n .cfi_offset 6, -16\\n"
    " mov %rsp, %rbp\\n .cfi_def_cfa_register 6\\nframed_body: nop\\n"
    " pop %rbp\\n .cfi_def_cfa 7, 8\\nframed_last: ret\\nframed_end: .cfi_endproc\\n"
    "pushing: .cfi_startproc\\n push %rbp\\n .cfi_def_cfa_offset 16\\n .cfi_offset 6, -16\\n"
    "pushed: nop\\n pop %rbp\\n .cfi_def_cfa_offset 8\\n .cfi_restore 6\\n ret\\n .cfi_endproc\\n"
);
int main(void) { return 0; }
"""


@pytest.fixture
def assembled(build: Build) -> Path:
    return build(FRAMES_S, "frames", "-no-pie")


def address_of(elf: ElfFile, name: str) -> int:
    symbols = elf.code_symbols()
    return next(at for at in range(0x401000, 0x402000) if symbols.find(at) == name)


@pytest.mark.parametrize(
    ("label", "distance"),
    [
        ("leaf", 0),
        ("framed", 0),
        ("framed_body", None),
        ("framed_last", 0),
        ("pushing", 0),
        ("pushed", None),  # saved, and no frame made: rbp may hold anything
    ],
)
def test_the_hidden_caller_is_where_the_table_says(
    assembled: Path, label: str, distance: int | None
) -> None:
    elf = ElfFile(bytes_reader(assembled.read_bytes()))
    table = elf.eh_frame()
    assert table is not None
    assert CallFrames.kept(table).hidden_caller(address_of(elf, label)) == distance


def test_an_address_of_no_function_has_no_rule(assembled: Path) -> None:
    table = ElfFile(bytes_reader(assembled.read_bytes())).eh_frame()
    assert table is not None
    assert CallFrames.kept(table).hidden_caller(0) is None
    assert CallFrames.kept(table).hidden_caller(1 << 40) is None


def test_many_functions_of_one_large_entry_are_not_all_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_frames, "_MAX_RULES_KEPT", 1000)
    common = cie()
    program = b"\x41\x0e\x08" * 300  # each one's function a little larger
    one = eh_frame([Fde(0x1000, 0x1000, program)], common)
    starts = [0x1000 + at for at in range(50)]
    frames = CallFrames.kept(EhFrame(one.address, one.data, starts, list(one.entries) * 50))
    for start in starts:
        assert frames.find(start + 1).cfa is not CfaKind.GAP
    kept = [it for it in frames._functions.values() if it is not None]
    assert 0 < sum(len(it.rules) for it in kept) == frames._rules_kept <= 1000


@given(st.binary(max_size=120), st.integers(0, 130), st.integers(0, 1 << 12))
def test_hostile_tables_give_no_rule_or_some_but_never_raise(
    data: bytes, entry: int, address: int
) -> None:
    CallFrames.kept(EhFrame(0, data, [0], [entry])).hidden_caller(address)


@given(st.binary(max_size=60))
def test_hostile_instructions_never_raise(program: bytes) -> None:
    cie = b"\0\0\0\0\1zR\0\1\x78\x10\1\x03" + b"\x0c\x07\x08\x90\x01"
    cie = len(cie).to_bytes(4, "little") + cie
    body = (len(cie) + 4).to_bytes(4, "little") + bytes(4) + (1 << 16).to_bytes(4, "little")
    fde = body + b"\0" + program
    data = cie + len(fde).to_bytes(4, "little") + fde
    CallFrames.kept(EhFrame(0, data, [0], [len(cie)])).hidden_caller(100)
