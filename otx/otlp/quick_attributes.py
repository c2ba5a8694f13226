"""Lists of attributes as JSON objects in one walk over their bytes, by the library of `native/`.

It writes what `otx.otlp.json_columns` would, without finding equal attributes first and without a
column for each kind of value. What is rare it leaves to the caller: arrays, maps, bytes, doubles of
many digits, and all that is not as senders write it.
"""

from collections.abc import Callable
from ctypes import CDLL
from typing import Any, TypeAlias

import pyarrow as pa

from otx.otlp.json_columns import Column, bounds_of
from otx.otlp.native import library

Members: TypeAlias = Callable[[Column], Column]
"""The JSON members of a column of serialised `KeyValue` messages, in its order."""

_MEMBER_ROOM = 24
"""By how much a member's text may be longer than its bytes, but for what has to be escaped."""
_OBJECT_ROOM = 2
_LARGEST = (1 << 31) - 1
"""What the 32-bit offsets of a column of texts reach."""


def quick_objects(lists: Column, members: Members) -> Column | None:
    """JSON objects of lists of serialised `KeyValue` messages; None where there is no library.

    Args:
        lists: A column of lists of bytes, without nulls.
        members: Makes the texts of what the library leaves.
    """
    native = library()
    encoded = lists.flatten()
    if native is None or lists.null_count or encoded.null_count:
        return None
    walk = _Walk(native, lists, encoded)
    none = pa.array([], pa.string())
    texts, rare = walk.run(none)
    if texts is None or not len(rare):
        return texts
    return walk.run(members(encoded.take(rare)))[0]


class _Walk:
    """The walk over one column."""

    def __init__(self, native: CDLL, lists: Column, encoded: Column) -> None:
        self._native = native
        self._lists = len(lists)
        self._bounds = bounds_of(lists)
        self._encoded = encoded
        _, ends, self._data = encoded.buffers()
        first = encoded.offset
        self._ends = pa.Array.from_buffers(pa.int32(), len(encoded) + 1, [None, ends], offset=first)

    def run(self, known: Column) -> tuple[Column | None, Column]:
        """The objects, and the places of attributes that were left.

        The objects are None where they are too long for a column.

        Args:
            known: The members of those, where they are known; they are left out where not.
        """
        size = self._ends[-1].as_py() - self._ends[0].as_py()
        count = len(self._encoded)
        room = size + _MEMBER_ROOM * count + _OBJECT_ROOM * self._lists + known.nbytes
        out_bounds, rare = (pa.allocate_buffer(4 * (n + 1)) for n in (self._lists, count))
        while room <= _LARGEST:
            out = pa.allocate_buffer(room)
            left = self._native.otx_attributes(
                *(_address(self._bounds), self._lists, _address(self._ends)),
                *(self._data.address if self._data else None, *_text_addresses(known)),
                *(out.address, room, out_bounds.address, rare.address),
            )
            if left >= 0:
                texts = pa.StringArray.from_buffers(self._lists, out_bounds, out)
                return texts, pa.Array.from_buffers(pa.int32(), left, [None, rare])
            room *= 2
        return None, known


def _address(numbers: Column) -> int:
    """Where the first of a column's 32-bit numbers lies in memory."""
    address: int = numbers.buffers()[1].address
    return address + 4 * int(numbers.offset)


def _text_addresses(texts: Column) -> tuple[Any, Any]:
    """Where the bounds and the bytes of texts lie; None for none."""
    if not len(texts):
        return None, None
    _, bounds, data = texts.buffers()
    return bounds.address + 4 * int(texts.offset), data.address
