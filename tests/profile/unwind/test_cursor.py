"""Numbers of unwind tables, with the examples of DWARF 5 (figures C.1 to C.4)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.errors import UnreadableError
from otx.profile.unwind.cursor import Cursor, read_unsigned


def leb128(value: int, *, is_signed: bool) -> bytes:
    """A number as DWARF 5, 7.6 says."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        is_last = value == (-1 if byte & 0x40 else 0) if is_signed else value == 0
        out.append(byte if is_last else byte | 0x80)
        if is_last:
            return bytes(out)


@pytest.mark.parametrize(
    ("raw", "value"),
    [(b"\x02", 2), (b"\x7f", 127), (b"\x80\x01", 128), (b"\x81\x01", 129), (b"\xb9\x64", 12857)],
)
def test_unsigned_examples(raw: bytes, value: int) -> None:
    assert read_unsigned(raw, 0) == (value, len(raw))


@pytest.mark.parametrize(
    ("raw", "value"),
    [(b"\x02", 2), (b"\x7e", -2), (b"\xff\x00", 127), (b"\x81\x7f", -127), (b"\x80\x7f", -128)],
)
def test_signed_examples(raw: bytes, value: int) -> None:
    assert Cursor(raw, 0).signed() == value


@given(st.integers(0, (1 << 64) - 1), st.integers(-(1 << 63), (1 << 63) - 1), st.binary())
def test_numbers_come_back(unsigned: int, signed: int, after: bytes) -> None:
    raw = leb128(unsigned, is_signed=False) + leb128(signed, is_signed=True) + after
    cursor = Cursor(raw, 0)
    assert (cursor.unsigned(), cursor.signed()) == (unsigned, signed)
    assert cursor.position == len(raw) - len(after)


def test_a_number_without_end_is_refused() -> None:
    with pytest.raises(UnreadableError, match="without end"):
        read_unsigned(b"\x80" * 1000, 0)


def test_a_pointer_counts_from_where_it_stands() -> None:
    cursor = Cursor(b"\0\0\0\0" + struct.pack("<i", -16), 4)
    assert cursor.pointer(0x1B, 0x1000) == 0x1004 - 16


@pytest.mark.parametrize("encoding", [0x2B, 0x31, 0x9B, 0x01, 0xFF])
def test_other_pointers_are_refused(encoding: int) -> None:
    with pytest.raises(UnreadableError, match="encoding"):
        Cursor(bytes(16), 0).pointer(encoding, 0)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0xFFFFFFF0, 5])
def test_no_entry_and_one_beyond_the_table_are_refused(length: int) -> None:
    with pytest.raises(UnreadableError):
        Cursor(struct.pack("<I", length) + bytes(4), 0).end_of_entry()


def test_what_would_keep_a_reader_busy_is_refused() -> None:
    with pytest.raises(UnreadableError, match="1048576 bytes"):
        Cursor(struct.pack("<I", 1 << 21) + bytes(1 << 21), 0).end_of_entry()
    with pytest.raises(ValueError, match="not found"):
        Cursor(b"z" * 1000 + b"\0", 0).text()
