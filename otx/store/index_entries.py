"""What the indexes of a segment hold: keys, each with the blocks of rows that may have it.

The library of `native/` does it in one walk over the texts (`native/index.c`); without it Arrow
cuts them up, and what is left is done here, with the same keys.

A JSON object of attributes is no more than cut at each `,"`, which is quick: where members meet
there is one, so that each member is a piece, unless there is one in it as well. That is so with
maps and arrays, and with a key or text that ends in a comma; those are searched without the index.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from ctypes import CDLL
from typing import Any, Literal, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from otx.otlp.json_columns import Column
from otx.otlp.native import library

IndexKind: TypeAlias = Literal["traces", "pairs"]
KeyWidth: TypeAlias = Literal["I", "Q"]
"""Keys of 32 or of 64 bits, as `struct` calls them."""
KEY_WIDTHS: Mapping[IndexKind, KeyWidth] = {"traces": "Q", "pairs": "I"}

MAX_ENTRIES = 16 * 1024 * 1024
"""How many keys with blocks are held at a time, at 32 bytes each while they are sorted."""

FIRST_ROOM = 64 * 1024
"""How many there is room for at first."""
_ENTRY_BYTES = 16
_FACTOR = 0x9E3779B97F4A7C15
_ALL_BITS = (1 << 64) - 1
_TRACE_ID = re.compile("[0-9a-f]{32}")
_HALF = 16


class TooManyEntries(Exception):
    """What a segment would have in its index takes too much memory."""


class Texts(NamedTuple):
    """Trace ids, or JSON objects of attributes, and where they are.

    Attributes:
        texts: A pyarrow Array of strings, without nulls.
        blocks: For each, the blocks in which it is: a pyarrow Array of uint64, a bit for each.
    """

    texts: Column
    blocks: Column


class Entries(NamedTuple):
    """Keys in order, each once, and the blocks of each: pyarrow Arrays."""

    keys: Column
    blocks: Column


def is_quick() -> bool:
    """Whether the library makes entries: without it a span costs some twenty times as much."""
    return library() is not None


def entries_of(kind: IndexKind, parts: Iterable[Texts]) -> Entries:
    """What an index of some texts holds.

    Raises:
        TooManyEntries: It is more than may be held.
    """
    native = library()
    return _entries(kind, parts) if native is None else _NativeEntries(native, kind).run(parts)


def pair_key(piece: bytes) -> int:
    """The key of a member of a JSON object without its first quote: `a":1` of `{"a":1}`.

    Eight bytes at a time are mixed by a multiplication; the last eight may overlap those before.
    """
    last = int.from_bytes(piece[-8:], "little")
    mixed = len(piece) * _FACTOR & _ALL_BITS
    for (word,) in struct.iter_unpack("<Q", piece[: (len(piece) - 1) // 8 * 8]):
        mixed = (mixed ^ word) * _FACTOR & _ALL_BITS
        mixed ^= mixed >> 32
    mixed = (mixed ^ last) * _FACTOR & _ALL_BITS
    return (mixed ^ mixed >> 32) & 0xFFFFFFFF


def trace_key(trace_id: str) -> int:
    """The key of a whole trace id: its first half, or the second where the first is 0."""
    return int(trace_id[:_HALF], 16) or int(trace_id[_HALF:], 16)


class _NativeEntries:
    """Entries in memory that the library fills and sorts."""

    def __init__(self, native: CDLL, kind: IndexKind) -> None:
        self._native = native
        self._kind = kind
        self._room = FIRST_ROOM
        self._held = pa.allocate_buffer(self._room * _ENTRY_BYTES, resizable=True)
        self._count = 0

    def run(self, parts: Iterable[Texts]) -> Entries:
        for texts, blocks in parts:
            while not self._add(texts, blocks):
                self._grow()
        return self._sorted()

    def _add(self, texts: Column, blocks: Column) -> bool:
        """Add what some texts give; False where there is no room for it."""
        _, bounds, data = texts.buffers()
        if not len(texts) or data is None:
            return True
        count = self._native.otx_index_entries(
            *(bounds.address + 4 * texts.offset, len(texts), data.address),
            *(blocks.buffers()[1].address + 8 * blocks.offset, self._kind == "traces"),
            *(self._held.address, self._count, self._room),
        )
        self._count = max(count, self._count)
        return bool(count >= 0)

    def _grow(self) -> None:
        self._room *= 2
        if self._room > MAX_ENTRIES:
            raise TooManyEntries(f"more than {MAX_ENTRIES} keys")
        self._held.resize(self._room * _ENTRY_BYTES)

    def _sorted(self) -> Entries:
        key_type = pa.uint64() if KEY_WIDTHS[self._kind] == "Q" else pa.uint32()
        width = key_type.bit_width // 8
        beside = pa.allocate_buffer(self._count * _ENTRY_BYTES)
        keys, blocks = (pa.allocate_buffer(self._count * size) for size in (width, 8))
        distinct = self._native.otx_sorted_entries(
            *(self._held.address, self._count, beside.address, width),
            *(keys.address, blocks.address),
        )
        return Entries(
            pa.Array.from_buffers(key_type, distinct, [None, keys]),
            pa.Array.from_buffers(pa.uint64(), distinct, [None, blocks]),
        )


def _entries(kind: IndexKind, parts: Iterable[Texts]) -> Entries:
    """The same without the library."""
    found: dict[int, int] = {}
    for texts, blocks in parts:
        pairs = _trace_keys(texts, blocks) if kind == "traces" else _pair_keys(texts, blocks)
        for key, bits in pairs:
            found[key] = found.get(key, 0) | bits
        if len(found) > MAX_ENTRIES:
            raise TooManyEntries(f"more than {MAX_ENTRIES} keys")
    key_type = pa.uint64() if KEY_WIDTHS[kind] == "Q" else pa.uint32()
    keys = sorted(found)
    return Entries(pa.array(keys, key_type), pa.array([found[key] for key in keys], pa.uint64()))


def _trace_keys(texts: Column, blocks: Column) -> Iterator[tuple[int, int]]:
    for trace_id, bits in _distinct(texts, blocks):
        if _TRACE_ID.fullmatch(trace_id):
            yield trace_key(trace_id), bits


def _pair_keys(texts: Column, blocks: Column) -> Iterator[tuple[int, int]]:
    members = pc.binary_slice(texts.cast(pa.binary()), 2, -1)  # without `{"` and `}`
    pieces = pc.split_pattern(members, b',"')
    of_piece = blocks.take(pc.list_parent_indices(pieces))
    for piece, bits in _distinct(pieces.flatten(), of_piece):
        if piece:
            yield pair_key(piece), bits


def _distinct(values: Column, blocks: Column) -> Iterator[tuple[Any, int]]:
    """Each value with some blocks once."""
    table = pa.table({"value": values, "blocks": blocks}).group_by(["value", "blocks"])
    distinct = table.aggregate([])
    yield from zip(distinct["value"].to_pylist(), distinct["blocks"].to_pylist(), strict=True)
