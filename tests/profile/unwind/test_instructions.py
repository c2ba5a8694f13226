"""Call frame instructions, one by one."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.errors import UnreadableError
from otx.profile.unwind.instructions import AT_START, Factors, State, run
from otx.profile.unwind.rules import BpKind, CfaKind, Rule

FIRST = State(CfaKind.SP, 8, (BpKind.SAME, 0), None)
FACTORS = Factors(1, -8, FIRST)


def rows(text: str) -> list[tuple[int, Rule]]:
    """The rules that instructions in hex make, with where they begin to hold."""
    program = bytes.fromhex(text)
    return [(at, State._make(state).rule()) for at, state in run(program, 0, len(program), FACTORS)]


def last(text: str) -> Rule:
    return rows(text)[-1][1]


SP, BP = CfaKind.SP, CfaKind.BP
SAVED = (BpKind.AT_CFA, -16)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("", Rule(SP, 8), id="nothing"),
        pytest.param("0e 10", Rule(SP, 16), id="def_cfa_offset"),
        pytest.param("0e 90 04", Rule(SP, 528), id="def_cfa_offset, two bytes"),
        pytest.param("0c 06 10", Rule(BP, 16), id="def_cfa"),
        pytest.param("0d 06", Rule(BP, 8), id="def_cfa_register"),
        pytest.param("0c 0a 00", Rule(CfaKind.OTHER, 0), id="def_cfa of another register"),
        pytest.param("12 07 7e", Rule(SP, 16), id="def_cfa_sf"),
        pytest.param("13 7d", Rule(SP, 24), id="def_cfa_offset_sf"),
        pytest.param("86 02", Rule(SP, 8, *SAVED), id="offset"),
        pytest.param("83 02 8c 03", Rule(SP, 8), id="offset of others"),
        pytest.param("05 06 02", Rule(SP, 8, *SAVED), id="offset_extended"),
        pytest.param("11 06 02", Rule(SP, 8, *SAVED), id="offset_extended_sf"),
        pytest.param("86 02 c6", Rule(SP, 8), id="restore"),
        pytest.param("86 02 06 06", Rule(SP, 8), id="restore_extended"),
        pytest.param("86 02 08 06", Rule(SP, 8), id="same_value"),
        pytest.param("07 06", Rule(SP, 8, BpKind.LOST), id="undefined"),
        pytest.param("09 06 0c", Rule(SP, 8, BpKind.LOST), id="register"),
        pytest.param("14 06 02", Rule(SP, 8, BpKind.LOST), id="val_offset"),
        pytest.param("16 06 02 76 00", Rule(SP, 8, BpKind.LOST), id="val_expression"),
        pytest.param("10 06 02 76 00", Rule(SP, 8, BpKind.AT_BP, 0), id="expression"),
        pytest.param("10 03 02 76 70", Rule(SP, 8), id="expression of another"),
        pytest.param("0a 0c 06 10 86 02 0b", Rule(SP, 8), id="remember, restore"),
        pytest.param("07 10", Rule(CfaKind.END), id="undefined return address"),
        pytest.param("90 02", Rule(CfaKind.OTHER), id="return address elsewhere"),
        pytest.param("90 02 90 01", Rule(SP, 8), id="and back"),
        pytest.param("2e 10 00", Rule(SP, 8), id="GNU_args_size, nop"),
        pytest.param("2f 06 02", Rule(SP, 8), id="GNU_negative_offset_extended"),
    ],
)
def test_the_rule_that_instructions_make(text: str, rule: Rule) -> None:
    assert last(text) == rule


def test_rules_hold_from_where_they_are_made() -> None:
    assert rows("0e 10 44 0e 18 02 80 0e 20 03 00 01 0e 28 04 00 00 01 00") == [
        (0, Rule(SP, 16)),
        (4, Rule(SP, 24)),
        (4 + 0x80, Rule(SP, 32)),
        (4 + 0x80 + 0x100, Rule(SP, 40)),
        (4 + 0x80 + 0x100 + 0x10000, Rule(SP, 40)),
    ]


@pytest.mark.parametrize("text", ["01 00", "3f 00", "0b", "0e", "0f 09 77", "02", "86"])
def test_what_is_no_instruction_or_is_cut_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        rows(text)


def test_an_operand_beyond_the_entry_is_refused() -> None:
    with pytest.raises(UnreadableError, match="beyond"):
        run(b"\x0e\x90\x04\x00", 0, 2, Factors(1, -8, AT_START))


@given(st.binary(max_size=60), st.integers(0, 4), st.integers(-8, 8))
def test_hostile_instructions_end_and_go_forward(program: bytes, code: int, data: int) -> None:
    try:
        found = run(program, 0, len(program), Factors(code, data, FIRST))
    except (ValueError, IndexError, struct.error):
        return
    starts = [at for at, _ in found]
    assert starts == sorted(starts)
    assert len(found) <= len(program) + 1
