"""Checksums are zlib's, whoever makes them."""

import ctypes
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp import checksum
from otx.otlp.checksum import crc32

STARTS = st.integers(0, (1 << 32) - 1)


def test_parts_of_every_length_have_zlibs_checksum(native: ctypes.CDLL) -> None:
    data = random.Random(1).randbytes(400)
    for end in range(300):
        for begin in (0, 1, 7):
            start = end * 0x01010101 & 0xFFFFFFFF
            part = data[begin : begin + end]
            assert native.otx_crc32(data, begin, begin + end, start) == zlib.crc32(part, start)


@given(st.binary(max_size=600), STARTS)
def test_any_bytes_have_zlibs_checksum(native: ctypes.CDLL, data: bytes, start: int) -> None:
    assert native.otx_crc32(data, 0, len(data), start) == zlib.crc32(data, start)


@pytest.mark.parametrize("size", [0, 100, 100_000])
@pytest.mark.parametrize("is_built", [True, False])
def test_it_is_the_same_with_and_without_the_library(
    native: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch, size: int, is_built: bool
) -> None:
    monkeypatch.setattr(checksum, "_library", lambda: native if is_built else None)
    data = random.Random(size).randbytes(size)
    assert crc32(data) == zlib.crc32(data)
    assert crc32(data, 5, 3, size - 2) == zlib.crc32(data[3 : size - 2], 5)
