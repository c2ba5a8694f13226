"""Rules as 8 bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.unwind.rules import (
    GAP,
    BpKind,
    CfaKind,
    Rule,
    offset_and_addend,
    pair_of,
)

RULES = st.builds(
    Rule,
    st.sampled_from(CfaKind),
    st.integers(-(1 << 31), (1 << 31) - 1),
    st.sampled_from(BpKind),
    st.integers(-(1 << 15), (1 << 15) - 1),
)


@given(RULES)
def test_a_rule_comes_back_as_it_was(rule: Rule) -> None:
    assert len(rule.packed()) == 8
    assert Rule.unpack(rule.packed()) == rule


@pytest.mark.parametrize(
    "rule", [Rule(CfaKind.SP, 1 << 31), Rule(CfaKind.SP, 8, BpKind.AT_CFA, 1 << 15)]
)
def test_what_does_not_fit_is_not_followed(rule: Rule) -> None:
    assert Rule.unpack(rule.packed()).cfa is CfaKind.OTHER


def test_zeros_are_the_gap_rule() -> None:
    assert Rule.unpack(bytes(8)) == GAP


@given(st.binary(min_size=8, max_size=8))
def test_hostile_bytes_are_a_rule_or_a_value_error(raw: bytes) -> None:
    try:
        rule = Rule.unpack(raw)
    except ValueError:
        assert raw[6] > max(CfaKind) or raw[7] > max(BpKind)
    else:
        assert rule.packed() == raw


HALF = st.integers(-(1 << 15), (1 << 15) - 1)


@given(HALF, HALF)
def test_offset_and_addend_share_a_number(offset: int, addend: int) -> None:
    pair = pair_of(offset, addend)
    assert pair is not None and -(1 << 31) <= pair < 1 << 31
    assert offset_and_addend(pair) == (offset, addend)


def test_halves_that_do_not_fit_are_none() -> None:
    assert pair_of(1 << 15, 0) is None
    assert pair_of(0, 1 << 15) is None
