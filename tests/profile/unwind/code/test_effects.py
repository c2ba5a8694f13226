"""What instructions do to the registers that a walk needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.unwind.code.effects import (
    AT_ENTRY,
    ROOT,
    UNKNOWN,
    Base,
    Leads,
    StackState,
    after,
    leads,
)
from otx.profile.unwind.code.x86 import decode

PUSH_BP, MOV_BP_SP = "55", "4889e5"
FRAME = PUSH_BP + MOV_BP_SP


def state_after(code: str, state: StackState = AT_ENTRY) -> StackState:
    raw, at = bytes.fromhex(code), 0
    while at < len(raw):
        it = decode(raw, at)
        assert it is not None
        state = after(state, it)
        at += it.length
    return state


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("", StackState(Base.SP, 8)),
        ("415753", StackState(Base.SP, 24)),  # push r15, rbx
        ("415755", StackState(Base.SP, 24, saved_bp=24)),
        ("4155" + "55" + "5d415d", AT_ENTRY),  # push r13, rbp; pop rbp, r13
        ("4883ec28", StackState(Base.SP, 48)),
        ("4881ec98000000" + "4881c498000000", AT_ENTRY),
        ("4883c480", StackState(Base.SP, 136)),  # add rsp, -128
        ("488d6424d8", StackState(Base.SP, 48)),  # lea rsp, [rsp-40]
        ("6a01" + "6801000000" + "ff30", StackState(Base.SP, 32)),  # push 1, 1, [rax]
        ("9c9d", AT_ENTRY),
        (FRAME, StackState(Base.SP, 16, 16, 16)),
        (FRAME + "4883e4e0", StackState(Base.BP, 16, 16, 16)),  # and rsp, -32
        (FRAME + "4829c4", StackState(Base.BP, 16, 16, 16)),  # sub rsp, rax: alloca
        (FRAME + "4829c4" + "53", StackState(Base.BP, 16, 16, 16)),
        (FRAME + "4829c4" + "488d65f0", StackState(Base.SP, 32, 16, 16)),  # lea rsp, [rbp-16]
        (FRAME + "4829c4" + "c9", AT_ENTRY),  # leave
        (FRAME + "4883ec20" + "4889ec5d", AT_ENTRY),  # mov rsp, rbp; pop rbp
        ("4883ec18" + "48896c2410", StackState(Base.SP, 32, saved_bp=16)),  # mov [rsp+16], rbp
        ("4883ec18" + "48896c2410" + "488b6c2410", StackState(Base.SP, 32)),
        ("31ed", ROOT),  # xor ebp, ebp, which nobody saved
        ("5531ed", StackState(Base.SP, 16, saved_bp=16)),
        ("4831ed" + "5e4889e2", ROOT),
        ("4829c4", UNKNOWN),
        ("5553" + "505d", StackState(Base.SP, 24, saved_bp=16)),  # push rbp, rbx, rax; pop rbp
        (
            FRAME + "4c89f4",
            StackState(Base.BP, 16, 16, 16),
        ),  # mov rsp, r14: what clang's alloca does
        (FRAME + "488b6528", StackState(Base.BP, 16, 16, 16)),  # mov rsp, [rbp+40]
        (FRAME + "89c3" + "4889dd", StackState(Base.SP, 16, 16)),  # mov rbp, rbx: no frame any more
        ("53" + "31ed", StackState(Base.SP, 16)),  # xor ebp, ebp amid a function
        ("488b6730", UNKNOWN),  # mov rsp, [rdi+48]: longjmp
        ("58", UNKNOWN),  # takes its own return address
        ("4839c4", AT_ENTRY),  # cmp rsp, rax
        ("4883fc10", AT_ENTRY),  # cmp rsp, 16
    ],
)
def test_a_state_is_what_the_instructions_make_of_it(code: str, wanted: StackState) -> None:
    assert state_after(code) == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("c3", Leads.BACK),
        ("c20800", Leads.BACK),
        ("7506", Leads.BRANCH),
        ("0f8500000000", Leads.BRANCH),
        ("eb10", Leads.JUMP),
        ("e800000000", Leads.CALL),
        ("ffd0", Leads.POINTER_CALL),  # call rax
        ("ff2500000000", Leads.TABLE),  # jmp [rip]
        ("3effe0", Leads.TABLE),  # notrack jmp rax
        ("f4", Leads.NOWHERE),
        ("0f0b", Leads.NOWHERE),
        ("0f05", Leads.ON),
        ("4889e5", Leads.ON),
    ],
)
def test_where_an_instruction_leads(code: str, wanted: Leads) -> None:
    it = decode(bytes.fromhex(code), 0)
    assert it is not None and leads(it) is wanted


@given(st.binary(max_size=60))
def test_any_code_leaves_a_state_that_a_walk_can_use(code: bytes) -> None:
    state, at = AT_ENTRY, 0
    while (it := decode(code, at)) is not None:
        state = after(state, it)
        at += it.length
    assert state in (ROOT, UNKNOWN) or (state.depth >= 8 or state.base is Base.BP), (
        "the return address is below the CFA"
    )
    assert state.base is not Base.BP or state.frame
