"""The file of an index: what was put in is found, nothing else is, and no damage is an answer."""

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from operator import or_
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store.index_blocks import PAGE_ENTRIES
from otx.store.index_entries import KeyWidth
from otx.store.index_file import IndexDamaged, IndexFile, encode_index

BLOCKS = st.one_of(
    st.integers(0, 59).map(lambda number: 1 << number),
    st.integers(0, 57).map(lambda number: 5 << number),
    st.integers(1, (1 << 60) - 1),
)
KEYS: Mapping[KeyWidth, st.SearchStrategy[int]] = {
    "I": st.one_of(st.integers(0, 40), st.integers(0, (1 << 32) - 1)),
    "Q": st.one_of(st.integers(0, 40), st.integers(0, (1 << 64) - 1)),
}


def encoded(width: KeyWidth, entries: Mapping[int, int], starts: tuple[int, ...] = (5, 7)) -> bytes:
    keys = sorted(entries)
    kind = pa.uint32() if width == "I" else pa.uint64()
    blocks = pa.array([entries[key] for key in keys], pa.uint64())
    return encode_index(width, starts, pa.array(keys, kind), blocks)


def first_form(width: KeyWidth, entries: Mapping[int, int], starts: tuple[int, ...]) -> bytes:
    """The same as an earlier otx wrote it: of each key the blocks as 8 bytes."""
    keys = sorted(entries)
    pages = [keys[at : at + PAGE_ENTRIES] for at in range(0, len(keys), PAGE_ENTRIES)]
    sums = [
        zlib.crc32(
            struct.pack(f"<{len(page)}Q", *(entries[key] for key in page)),
            zlib.crc32(struct.pack(f"<{len(page)}{width}", *page)),
        )
        for page in pages
    ]
    front = struct.pack(f"<{len(starts)}q{len(pages)}Q", *starts, *(page[0] for page in pages))
    front += struct.pack(f"<{len(sums)}I", *sums)
    front += bytes(-len(front) % 8)
    facts = ({"I": b"otxidx32", "Q": b"otxidx64"}[width], len(keys), len(starts), len(pages))
    checksum = zlib.crc32(front, zlib.crc32(struct.pack("<8sQIQI", *facts, 0)))
    blocks = struct.pack(f"<{len(keys)}Q", *(entries[key] for key in keys))
    head = struct.pack("<8sQIQI", *facts, checksum)
    return head + front + blocks + struct.pack(f"<{len(keys)}{width}", *keys)


FORMS = {"packed": encoded, "first": first_form}


@contextmanager
def opened(data: bytes) -> Iterator[IndexFile]:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "index"
        path.write_bytes(data)
        yield IndexFile(path)


def one(index: IndexFile, key: int) -> int:
    return index.blocks_of([(key, key)])


@given(st.data(), st.sampled_from(["I", "Q"]), st.sampled_from(sorted(FORMS)))
def test_what_was_put_in_is_found(data: st.DataObject, width: KeyWidth, form: str) -> None:
    entries = data.draw(st.dictionaries(KEYS[width], BLOCKS, max_size=30))
    low, high = sorted(data.draw(st.tuples(KEYS[width], KEYS[width])))

    within = [blocks for key, blocks in entries.items() if low <= key <= high]
    with opened(FORMS[form](width, entries, (5, 7))) as index:
        index.check()
        assert index.starts == (5, 7)
        assert all(one(index, key) == blocks for key, blocks in entries.items())
        assert one(index, low) == entries.get(low, 0)
        assert index.blocks_of([(low, high)]) == reduce(or_, within, 0)
        both = entries.get(low, 0) | entries.get(high, 0)
        assert index.blocks_of([(low, low), (high, high)]) == both
        index.keep_keys()
        assert all(one(index, key) == blocks for key, blocks in entries.items())
        assert index.blocks_of([(low, high)]) == reduce(or_, within, 0)
        assert index.blocks_of([(low, low), (high, high)]) == both


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [PAGE_ENTRIES - 1, PAGE_ENTRIES, 3 * PAGE_ENTRIES + 1])
def test_keys_of_several_pages(count: int, form: str) -> None:
    entries = {3 * number + 1: number + 1 for number in range(count)}

    with opened(FORMS[form]("Q", entries, (5, 7))) as index:
        assert [one(index, key) for key in entries] == list(entries.values())
        assert {one(index, key + 1) for key in entries} == {0}
        assert one(index, 0) == 0
        assert index.blocks_of([(0, 3 * count)]) == reduce(or_, entries.values())
        index.check()
        index.keep_keys()
        assert [one(index, key) for key in entries] == list(entries.values())


def test_a_key_takes_a_byte_where_it_is_in_one_block() -> None:
    entries = {number: 1 << number % 60 for number in range(4 * PAGE_ENTRIES)}
    sizes = [len(form("I", entries, (5, 7))) / len(entries) for form in (encoded, first_form)]
    assert sizes == pytest.approx([5.2, 12.2], abs=0.1)


def test_pages_without_keys_are_damage() -> None:
    front = struct.pack("<2Q4I", 0, 0, 0, 0, 0, 0)
    head = struct.Struct("<8sQIQI")
    facts = (b"otxpck64", 0, 0, 2)
    checksum = zlib.crc32(front, zlib.crc32(head.pack(*facts, 0)))
    with pytest.raises(IndexDamaged, match="pages"), opened(head.pack(*facts, checksum) + front):
        pass


@given(
    st.dictionaries(KEYS["I"], BLOCKS, min_size=1, max_size=9),
    st.sampled_from(sorted(FORMS)),
    st.data(),
)
def test_no_damage_passes_for_an_answer(
    entries: dict[int, int], form: str, data: st.DataObject
) -> None:
    whole = FORMS[form]("I", entries, (5, 7))
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:at] + bytes([whole[at] ^ 1 << data.draw(st.integers(0, 7))]) + whole[at + 1 :]

    with pytest.raises(IndexDamaged), opened(flipped) as index:
        index.check()
    with pytest.raises(IndexDamaged), opened(flipped) as index:
        index.blocks_of((key, key) for key in entries)
    for wrong in (whole[:at], whole + bytes(at + 1)):
        with pytest.raises(IndexDamaged), opened(wrong):
            pass
