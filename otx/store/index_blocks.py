"""The blocks of an index's keys, in as few bytes as they need.

A key stands for a value of an attribute, or for a trace: most are in one block of sixty or in a few
neighbours, some in all. So of each page of keys come first the codes, a byte for each key, and then
what these leave open, in the order of the keys:

    0 to 63     the key's one block                         nothing
    64 + n      it is in n blocks, at most 7                their numbers, a byte each
    255         it is in more                               a bit for each block, 8 bytes

The library of `native/` packs them (`native/blocks.c`), or this does, to the same bytes.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa

from otx.otlp.json_columns import Column
from otx.otlp.native import library

PAGE_ENTRIES = 128
"""How many keys a page has; `native/blocks.c` knows it."""
_FEW, _SOME, _MANY = 7, 64, 255
_MOST_BYTES = 9
_LEFT_OPEN = bytes(
    0 if code < _SOME else 8 if code == _MANY else code - _SOME for code in range(256)
)
"""How many bytes each code leaves for behind the codes."""


class Packed(NamedTuple):
    """The blocks of all keys.

    Attributes:
        data: Their bytes, page by page.
        ends: Where each page ends in it.
    """

    data: memoryview
    ends: list[int]


def packed_blocks(blocks: Column) -> Packed:
    """Pack blocks.

    Args:
        blocks: A pyarrow Array of uint64 without nulls, a bit for each block, for each key.
    """
    native = library()
    return _packed(blocks.to_pylist()) if native is None else _packed_natively(native, blocks)


def block_bits(page: bytes, keys: int, at: int) -> int:
    """The blocks of a key, a bit for each.

    Args:
        page: The bytes of a page.
        keys: How many keys it has.
        at: Which of them.
    """
    code = page[at]
    if code < _SOME:
        return 1 << code
    begin = keys + sum(page[:at].translate(_LEFT_OPEN))
    own = page[begin : begin + _LEFT_OPEN[code]]
    return int.from_bytes(own, "little") if code == _MANY else _bits(own)


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


def _packed_natively(native: Any, blocks: Column) -> Packed:
    pages = -(-len(blocks) // PAGE_ENTRIES)
    data, ends = pa.allocate_buffer(_MOST_BYTES * len(blocks)), pa.allocate_buffer(4 * pages)
    address = blocks.buffers()[1].address if len(blocks) else 0
    size = native.otx_packed_blocks(
        address + 8 * blocks.offset, len(blocks), data.address, ends.address
    )
    return Packed(memoryview(data)[:size], list(memoryview(ends).cast("B").cast("I")))


def _packed(blocks: list[int]) -> Packed:
    data, ends = bytearray(), []
    for first in range(0, len(blocks), PAGE_ENTRIES):
        codes, rest = bytearray(), bytearray()
        for bits in blocks[first : first + PAGE_ENTRIES]:
            numbers = [number for number in range(64) if bits >> number & 1]
            if len(numbers) == 1:
                codes.append(numbers[0])
            elif len(numbers) <= _FEW:
                codes.append(_SOME + len(numbers))
                rest += bytes(numbers)
            else:
                codes.append(_MANY)
                rest += bits.to_bytes(8, "little")
        data += codes + rest
        ends.append(len(data))
    return Packed(memoryview(data), ends)
