"""The library and Python find the same keys, each with all of its blocks."""

import ctypes
import json
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store import index_entries
from otx.store.index_entries import (
    IndexKind,
    Texts,
    TooManyEntries,
    entries_of,
    pair_key,
    trace_key,
)
from tests.otlp.conftest import native as native

BLOCKS = st.integers(1, (1 << 64) - 1)
MEMBERS = st.one_of(
    st.text(max_size=12),
    st.text('",:{}[]\\ab\u20ac', max_size=12),
    st.integers(),
    st.lists(st.text('",a', max_size=3), max_size=3),
)
OBJECTS = st.dictionaries(st.text('",a\u20ac', max_size=9), MEMBERS, max_size=5).map(
    lambda it: json.dumps(it, ensure_ascii=False, separators=(",", ":"))
)
TRACE_IDS = st.one_of(
    st.binary(min_size=16, max_size=16).map(bytes.hex),
    st.binary(min_size=8, max_size=8).map(lambda half: bytes(8).hex() + half.hex()),
    st.text("0123456789abcdefABG _+", max_size=33),
)


def texts_of(texts: Sequence[tuple[str, int]]) -> Texts:
    return Texts(
        pa.array([text for text, _ in texts], pa.string()),
        pa.array([blocks for _, blocks in texts], pa.uint64()),
    )


def by_library(kind: IndexKind, parts: Sequence[Texts], native: ctypes.CDLL) -> dict[int, int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_entries, "library", lambda: native)
        patch.setattr(index_entries, "FIRST_ROOM", 1)  # so that it grows
        return as_dict(kind, parts)


def by_python(kind: IndexKind, parts: Sequence[Texts]) -> dict[int, int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_entries, "library", lambda: None)
        return as_dict(kind, parts)


def as_dict(kind: IndexKind, parts: Sequence[Texts]) -> dict[int, int]:
    keys, blocks = entries_of(kind, parts)
    assert keys.to_pylist() == sorted(set(keys.to_pylist()))
    return dict(zip(keys.to_pylist(), blocks.to_pylist(), strict=True))


@given(st.lists(st.lists(st.tuples(OBJECTS, BLOCKS), max_size=6), max_size=3))
def test_both_find_the_same_pairs(native: ctypes.CDLL, parts: list[list[tuple[str, int]]]) -> None:
    columns = [texts_of(part) for part in parts]
    assert by_library("pairs", columns, native) == by_python("pairs", columns)


@given(st.lists(st.lists(st.tuples(TRACE_IDS, BLOCKS), max_size=6), max_size=3))
def test_both_find_the_same_traces(native: ctypes.CDLL, parts: list[list[tuple[str, int]]]) -> None:
    columns = [texts_of(part) for part in parts]
    assert by_library("traces", columns, native) == by_python("traces", columns)


@pytest.mark.parametrize("kind", ["traces", "pairs"])
def test_a_part_of_a_column_is_read_as_such(native: ctypes.CDLL, kind: IndexKind) -> None:
    texts = [f"{n:032x}" if kind == "traces" else f'{{"k":{n}}}' for n in range(1, 9)]
    whole = texts_of([(text, 1 << n) for n, text in enumerate(texts)])
    part = Texts(whole.texts.slice(3, 2), whole.blocks.slice(3, 2))
    key = [trace_key(text) if kind == "traces" else pair_key(text[2:-1].encode()) for text in texts]
    assert by_library(kind, [part], native) == {key[3]: 1 << 3, key[4]: 1 << 4}
    assert by_python(kind, [part]) == by_library(kind, [part], native)


def test_a_key_has_the_blocks_of_all_of_its_texts(native: ctypes.CDLL) -> None:
    first, second = texts_of([('{"a":1,"b":2}', 1)]), texts_of([('{"b":2}', 4), ("{}", 8)])
    expected = {pair_key(b'a":1'): 1, pair_key(b'b":2'): 5}
    assert by_library("pairs", [first, second], native) == expected
    assert by_python("pairs", [first, second]) == expected


def test_keys_of_many_pairs_hardly_ever_meet() -> None:
    pieces = [f'order.id":{number}'.encode() for number in range(50_000)]
    pieces += [f'http.route":"/cart/{number}"'.encode() for number in range(50_000)]
    assert len({pair_key(piece) for piece in pieces}) > len(pieces) - 10


@pytest.mark.parametrize("has_library", [True, False])
def test_too_many_are_refused(
    native: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch, has_library: bool
) -> None:
    monkeypatch.setattr(index_entries, "library", lambda: native if has_library else None)
    monkeypatch.setattr(index_entries, "FIRST_ROOM", 1)
    monkeypatch.setattr(index_entries, "MAX_ENTRIES", 2)
    with pytest.raises(TooManyEntries, match="more than 2 keys"):
        entries_of("pairs", [texts_of([('{"a":1,"b":2,"c":3}', 1)])])
