"""The walk, over recorded threads of known programs and over stacks made by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.errors import UnreadableError
from otx.profile.unwind.table import UnwindTable, build
from otx.profile.unwind.walk import LOST_BP, MAX_FRAMES, Code, Ending, Registers, Walk, walk
from tests.profile.unwind.conftest import Fde, cie, eh_frame
from tests.profile.unwind.snapshots import FOLDER, load

STACK = 0x7FF000000000
SNAPSHOTS = sorted(FOLDER.glob("*.json"))
WHOLE = {  # what is on each recorded stack, root first; "" has no symbol
    "deep": ["_start", "__libc_start_main", "", "main", *["deep"] * 300],
    "signal": ["_start", "__libc_start_main", "", "main", "interrupted", "", "handler"],
    "thread": ["", "", "work", "qsort_r"],
    "vdso": ["_start", "__libc_start_main", "", "main", "look", "clock_gettime"],
    "python_call": ["_start", "__libc_start_main", "", "Py_BytesMain", "Py_RunMain"],
    "python_hash": ["_start", "__libc_start_main", "", "Py_BytesMain", "Py_RunMain"],
}


def replay(path: Path, *, trusts_frame_pointers: bool = False) -> Walk:
    snapshot = load(path)
    return walk(
        snapshot.registers,
        snapshot.read_word,
        snapshot.finder(),
        trusts_frame_pointers=trusts_frame_pointers,
    )


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_a_recorded_thread_is_walked_to_its_beginning(path: Path) -> None:
    snapshot = load(path)
    found = replay(path)
    assert found == Walk(snapshot.addresses, Ending.ROOT)
    assert found == replay(path, trusts_frame_pointers=True)
    whole = WHOLE[path.stem]
    names = list(reversed(snapshot.names))
    assert [name.partition("@")[0] for name in names[: len(whole)]] == whole


def test_every_program_is_recorded() -> None:
    assert {path.stem for path in SNAPSHOTS} == set(WHOLE)


CODE = 0x1000


def made(
    program: bytes,
    words: dict[int, int],
    *,
    at: int = CODE,
    sp: int = STACK,
    bp: int = 0,
    head: bytes | None = None,
    trusts_frame_pointers: bool = False,
) -> Walk:
    """Walk from a function with the given instructions; all other code is unmapped."""
    table = build(eh_frame([Fde(CODE, 0x100, program)], head))
    return walk(
        Registers(at, sp, bp),
        reader(words),
        lambda address: Code(0, table) if CODE <= address < CODE + 0x1000 else None,
        trusts_frame_pointers=trusts_frame_pointers,
    )


def reader(words: dict[int, int]) -> Callable[[int], int]:
    def read(address: int) -> int:
        if address not in words:
            raise UnreadableError(f"nothing at {address:#x}")
        return words[address]

    return read


DEF_CFA_RBP_16, RBP_AT_CFA_16 = b"\x0c\x06\x10", b"\x86\x02"
RETURNS_TO = 0x1042


@pytest.mark.parametrize(
    ("program", "words", "registers"),
    [
        pytest.param(b"", {STACK: 0}, {}, id="rsp"),
        pytest.param(b"\x0e\x20", {STACK + 24: 0}, {}, id="rsp + 32"),
        pytest.param(
            DEF_CFA_RBP_16 + RBP_AT_CFA_16,
            {STACK + 72: 0, STACK + 64: 0},
            {"bp": STACK + 64},
            id="rbp",
        ),
        pytest.param(
            b"\x0f\x03\x77\x08\x06", {STACK + 8: STACK + 80, STACK + 72: 0}, {}, id="at rsp + 8"
        ),
        pytest.param(
            b"\x0f\x05\x76\x78\x06\x23\x08\x10\x06\x02\x76\x00",
            {STACK + 56: STACK + 72, STACK + 72: 0, STACK + 64: 0},
            {"bp": STACK + 64},
            id="at rbp - 8, + 8",
        ),
        pytest.param(
            b"\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22",
            {STACK: 0},
            {"at": CODE + 10},
            id="linkage table, before the push",
        ),
        pytest.param(
            b"\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22",
            {STACK + 8: 0},
            {"at": CODE + 11},
            id="linkage table, after the push",
        ),
    ],
)
def test_the_return_address_is_where_the_rule_says(
    program: bytes, words: dict[int, int], registers: dict[str, int]
) -> None:
    at, bp = registers.get("at", CODE), registers.get("bp", 0)
    assert made(program, words, at=at, bp=bp) == Walk((at,), Ending.ROOT)


def test_a_zero_on_a_stack_that_was_misread_is_no_root() -> None:
    assert made(b"", {STACK: 0}, bp=5) == Walk((CODE,), Ending.UNMAPPED)


def test_the_callers_rbp_is_the_saved_one() -> None:
    words = {STACK + 8: RETURNS_TO, STACK: 77, 77 + 8: 0}
    found = made(RBP_AT_CFA_16 + b"\x0e\x10\x41" + DEF_CFA_RBP_16, words, at=CODE)
    assert found.addresses == (CODE, RETURNS_TO)
    assert found.ending is Ending.FAULT  # its CFA, by that rbp, is below the stack


def test_an_undefined_return_address_is_the_beginning() -> None:
    assert made(b"\x07\x10", {}).ending is Ending.ROOT


def test_a_return_address_in_a_register_is_not_followed() -> None:
    assert made(b"\x09\x10\x05", {}).ending is Ending.NO_TABLE


def test_an_interrupted_function_is_looked_up_at_its_own_instruction() -> None:
    words = {STACK + 168: 0x1000, STACK + 160: STACK + 500, STACK + 120: 5}
    found = made(b"", words, at=CODE + 0x10, head=cie(b"zRS"))
    assert found.addresses == (CODE + 0x10, CODE + 1)


def test_what_is_interrupted_in_code_without_a_rule_may_have_a_caller() -> None:
    found = made(b"", {}, at=CODE + 0x200, trusts_frame_pointers=True)
    assert found == Walk((CODE + 0x200,), Ending.NO_TABLE)


def test_frame_pointers_are_followed_where_they_are_trusted() -> None:
    words = {STACK + 16: 0, STACK + 24: CODE + 0x300}
    at, bp = CODE + 0x200, STACK + 16
    assert made(b"", words, at=at, bp=bp).ending is Ending.NO_TABLE
    found = made(b"", words, at=at, bp=bp, trusts_frame_pointers=True)
    assert found == Walk((at, CODE + 0x300), Ending.ROOT)


def test_a_lost_rbp_is_not_taken_for_a_root() -> None:
    words = {STACK: CODE + 0x300}
    found = made(b"\x09\x06\x0c", words)
    assert found == Walk((CODE, CODE + 0x300), Ending.NO_TABLE)
    assert LOST_BP != 0


def test_a_stack_that_does_not_go_up_ends_the_walk() -> None:
    assert made(b"\x0e\x00", {STACK - 8: RETURNS_TO}).ending is Ending.FAULT


def test_a_walk_is_bounded() -> None:
    words = {STACK + 8 * depth: RETURNS_TO for depth in range(MAX_FRAMES + 5)}
    found = made(b"", words)
    assert (len(found.addresses), found.ending) == (MAX_FRAMES, Ending.CUT)


PROGRAMS = st.lists(
    st.sampled_from(
        [b"\x0e\x10", b"\x41", b"\x0c\x06\x10", b"\x86\x02", b"\x0a", b"\x0f\x03\x77\x08\x06"]
    ),
    max_size=8,
).map(b"".join)


@given(
    PROGRAMS,
    st.dictionaries(
        st.integers(0, 64).map(lambda at: STACK + 8 * at),
        st.one_of(st.integers(CODE, CODE + 0x200), st.integers(0, (1 << 64) - 1)),
    ),
    st.integers(0, (1 << 64) - 1),
    st.booleans(),
)
def test_hostile_stacks_end_every_walk(
    program: bytes, words: dict[int, int], bp: int, trusts: bool
) -> None:
    found = made(program, words, bp=bp, trusts_frame_pointers=trusts)
    assert 1 <= len(found.addresses) <= MAX_FRAMES


def test_a_table_is_none_of_code_that_has_none() -> None:
    found = walk(Registers(5, STACK, 9), reader({}), lambda address: Code(0, None))
    assert found == Walk((5,), Ending.FAULT)
    assert isinstance(build(eh_frame([Fde(1, 2, b"")])), UnwindTable)
