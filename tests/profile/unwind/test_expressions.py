"""Expressions as compilers and assemblers write them, and others."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.unwind.expressions import cfa_of, saved_bp_of
from otx.profile.unwind.rules import BpKind, CfaKind, offset_and_addend


@pytest.mark.parametrize(
    ("text", "kind", "offset", "addend"),
    [
        pytest.param("77 a0 01 06", CfaKind.AT_SP, 160, 0, id="rsp+160, deref: signal frames"),
        pytest.param("76 78 06", CfaKind.AT_BP, -8, 0, id="rbp-8, deref: aligned stacks"),
        pytest.param("77 d8 00 06 23 08", CfaKind.AT_SP, 88, 8, id="OpenSSL"),
    ],
)
def test_a_cfa_at_a_word(text: str, kind: CfaKind, offset: int, addend: int) -> None:
    found, pair = cfa_of(bytes.fromhex(text))
    assert (found, *offset_and_addend(pair)) == (kind, offset, addend)


@pytest.mark.parametrize("byte", [9, 10, 11])
def test_linkage_tables_differ_in_where_they_push(byte: int) -> None:
    text = bytes((0x77, 8, 0x80, 0, 0x3F, 0x1A, 0x30 + byte, 0x2A, 0x33, 0x24, 0x22))
    assert cfa_of(text) == (CfaKind.PLT, byte)


def test_a_register_and_an_offset_are_no_word() -> None:
    assert cfa_of(b"\x77\x10") == (CfaKind.SP, 16)
    assert cfa_of(b"\x76\x70") == (CfaKind.BP, -16)


@pytest.mark.parametrize("text", ["", "77 08 79 00 38 1e 22 06 23 08", "70 08", "77 08 06 06"])
def test_others_are_not_followed(text: str) -> None:
    assert cfa_of(bytes.fromhex(text)) == (CfaKind.OTHER, 0)


def test_where_rbp_is_saved() -> None:
    assert saved_bp_of(b"\x76\x00") == (BpKind.AT_BP, 0)
    assert saved_bp_of(b"\x76\x78") == (BpKind.AT_BP, -8)
    assert saved_bp_of(b"\x77\xf8\x00") == (BpKind.LOST, 0)
    assert saved_bp_of(b"\x76\x00\x06") == (BpKind.LOST, 0)


@given(st.binary(max_size=16), st.sampled_from([b"", b"\x76", b"\x77", b"\x77\x08\x80\x00"]))
def test_hostile_expressions_are_some_rule_or_unreadable(tail: bytes, head: bytes) -> None:
    for read in (cfa_of, saved_bp_of):
        try:
            read(head + tail)
        except (ValueError, IndexError, struct.error):
            continue
