"""Entries of .eh_frame, as linkers write them and as they do not."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.elf import EhFrame
from otx.profile.unwind.eh_frame import EhFrameReader
from otx.profile.unwind.rules import CfaKind, Rule
from tests.profile.unwind.conftest import ADDRESS, COMMON, Fde, cie, eh_frame


def test_a_function_has_its_place_and_rules() -> None:
    reader = EhFrameReader(eh_frame([Fde(0x1000, 0x20, b"\x44\x0e\x10")]))
    function = reader.function(0)
    assert function is not None and len(reader) == 1
    assert (function.start, function.end) == (0x1000, 0x1020)
    assert list(function.rules()) == [(0x1000, Rule(CfaKind.SP, 8)), (0x1004, Rule(CfaKind.SP, 16))]


def test_functions_come_in_the_order_of_the_index() -> None:
    found = EhFrameReader(eh_frame([Fde(0x1000, 8, b""), Fde(0x2000, 8, b"")])).functions()
    assert [function.start for function in found if function] == [0x1000, 0x2000]


def test_a_signal_frame_has_one_rule_for_all() -> None:
    function = EhFrameReader(eh_frame([Fde(0x1000, 8, b"\x0e\x10")], cie(b"zRS"))).function(0)
    assert function is not None and function.is_signal_frame
    assert [rule for _, rule in function.rules()] == [Rule(CfaKind.SIGNAL)]


def test_personality_and_language_data_are_passed_over() -> None:
    body = b"\0\0\0\0\1zPLR\0\1\x78\x10\7\x9b\1\2\3\4\x1b\x1b" + COMMON
    head = struct.pack("<I", len(body)) + body
    at, start = len(head), 0x1000
    entry = struct.pack("<IiIB", at + 4, start - (ADDRESS + at + 8), 16, 4) + b"\1\2\3\4\x0e\x18"
    data = head + struct.pack("<I", len(entry)) + entry
    function = EhFrameReader(EhFrame(ADDRESS, data, [start], [ADDRESS + at])).function(0)
    assert function is not None
    assert [rule.cfa_offset for _, rule in function.rules()] == [24]


def test_absolute_addresses_are_read_too() -> None:
    body = b"\0\0\0\0\1\0\1\x78\x10" + COMMON  # no augmentation: pointers of 8 bytes
    head = struct.pack("<I", len(body)) + body
    entry = struct.pack("<IQQ", len(head) + 4, 0x1000, 0x20) + b"\x0e\x10"
    data = head + struct.pack("<I", len(entry)) + entry
    function = EhFrameReader(EhFrame(ADDRESS, data, [0x1000], [ADDRESS + len(head)])).function(0)
    assert function is not None
    assert (function.start, function.end) == (0x1000, 0x1020)


@pytest.mark.parametrize("entry", [0, ADDRESS, ADDRESS + 4, ADDRESS + (1 << 30), 1 << 63])
def test_an_index_that_points_elsewhere_gives_no_function(entry: int) -> None:
    honest = eh_frame([Fde(0x1000, 8, b"")])
    assert EhFrameReader(EhFrame(ADDRESS, honest.data, [0x1000], [entry])).function(0) is None


@given(st.binary(max_size=200), st.lists(st.integers(-10, 210), max_size=5))
def test_hostile_tables_give_functions_or_none(data: bytes, entries: list[int]) -> None:
    places = [ADDRESS + at for at in entries]
    reader = EhFrameReader(EhFrame(ADDRESS, data, [0] * len(places), places))
    for index in range(len(reader)):
        reader.function(index)


def test_a_common_entry_larger_than_any_is_none() -> None:
    large = eh_frame([Fde(0x1000, 8, b"")], cie(common=COMMON + bytes(2000)))
    assert EhFrameReader(large).function(0) is None


@pytest.mark.parametrize("size", [b"\xff" * 9 + b"\x01", b"\x80" * 9 + b"\x40"])
def test_a_place_beyond_any_is_outside_of_the_table(size: bytes) -> None:
    body = b"\0\0\0\0\1zR\0\1\x78\x10" + size + b"\x1b" + COMMON
    head = struct.pack("<I", len(body)) + body
    assert EhFrameReader(eh_frame([Fde(0x1000, 8, b"")], head)).function(0) is None
