"""Blocks are what they were when they are packed and looked at, one key at a time."""

import ctypes

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store import index_blocks
from otx.store.index_blocks import PAGE_ENTRIES, Packed, block_bits, packed_blocks
from tests.otlp.conftest import native as native

ONE = st.integers(0, 63).map(lambda number: 1 << number)
FEW = st.lists(ONE, min_size=2, max_size=9).map(sum).filter(lambda bits: bits < 1 << 64)
BLOCKS = st.one_of(ONE, FEW, st.integers(0, (1 << 64) - 1))


def packed(blocks: list[int], native: ctypes.CDLL | None, skipped: int = 0) -> Packed:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_blocks, "library", lambda: native)
        return packed_blocks(pa.array([0] * skipped + blocks, pa.uint64()).slice(skipped))


def unpacked(found: Packed, count: int) -> list[int]:
    blocks, begin = [], 0
    for first, end in zip(range(0, count, PAGE_ENTRIES), found.ends, strict=True):
        keys = min(PAGE_ENTRIES, count - first)
        page = bytes(found.data[begin:end])
        blocks += [block_bits(page, keys, at) for at in range(keys)]
        begin = end
    return blocks


@given(st.lists(BLOCKS, max_size=20), st.integers(1, 30), st.integers(0, 2))
def test_blocks_come_back_and_both_ways_pack_alike(
    native: ctypes.CDLL, some: list[int], times: int, skipped: int
) -> None:
    blocks = some * times
    by_library, by_python = packed(blocks, native, skipped), packed(blocks, None)
    assert bytes(by_library.data) == bytes(by_python.data)
    assert by_library.ends == by_python.ends
    assert unpacked(by_python, len(blocks)) == blocks


@pytest.mark.parametrize(
    ("blocks", "size"),
    [(1 << 63, 1), (0b11, 3), ((1 << 7) - 1, 8), ((1 << 8) - 1, 9), ((1 << 64) - 1, 9)],
)
def test_what_is_in_few_blocks_takes_few_bytes(blocks: int, size: int) -> None:
    assert len(packed([blocks], None).data) == size


def test_no_keys_are_no_pages(native: ctypes.CDLL) -> None:
    for library in (native, None):
        found = packed([], library)
        assert (bytes(found.data), found.ends) == (b"", [])
