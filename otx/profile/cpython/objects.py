"""Where objects of CPython 3.8 to 3.14 keep what is shown of them, on x86-64 with the GIL.

Taken from Include/cpython/{dictobject,longintrepr,tupleobject,listobject}.h, Objects/dict-common.h
(pycore_dict.h) and the frames' headers; frozen where the version is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TYPE_AT = 8  # ob_type
TYPE_NAME, TYPE_FLAGS = 24, 168  # tp_name, tp_flags
LONG, LIST, TUPLE, BYTES, TEXT, DICT = (1 << bit for bit in range(24, 30))
"""Py_TPFLAGS_*_SUBCLASS: what an object is built like, whatever its class is called."""

SIZE_AT = 16  # ob_size, lv_tag, ma_used, and the float itself
LIST_ITEMS = 24
SET_USED, SET_MASK, SET_TABLE = 24, 32, 40
SET_ENTRY = 16  # key, hash
DICT_KEYS, DICT_VALUES = 32, 40
DIGITS_AT = 24
DIGIT_BITS = 30
CELL_CONTENT = 16


@dataclass(frozen=True, slots=True)
class ObjectLayout:
    """What differs between versions; offsets in bytes.

    Attributes:
        frame_values: Where a frame's variables begin.
        code_names: Where a code object has the tuples of their names, in the variables' order.
        int_is_tagged: Whether an int's size has its sign in the low 3 bits, not in its own.
        tuple_items: Where a tuple's items begin.
        keys_have_kind: Whether a dict's keys say what kind of entries they have.
        split_values: Where the values of a dict begin that shares its keys with others.
    """

    frame_values: int = 72
    code_names: tuple[int, ...] = (96,)
    int_is_tagged: bool = True
    tuple_items: int = 24
    keys_have_kind: bool = True
    split_values: int = 0


_NAMES_BY_KIND = (72, 88, 80)
"""co_varnames, co_cellvars, co_freevars: until 3.10 each kind has names of its own."""

OBJECT_LAYOUTS: Mapping[tuple[int, int], ObjectLayout] = {
    (3, 8): ObjectLayout(360, _NAMES_BY_KIND, int_is_tagged=False, keys_have_kind=False),
    (3, 9): ObjectLayout(360, _NAMES_BY_KIND, int_is_tagged=False, keys_have_kind=False),
    (3, 10): ObjectLayout(352, _NAMES_BY_KIND, int_is_tagged=False, keys_have_kind=False),
    (3, 11): ObjectLayout(int_is_tagged=False),
    (3, 12): ObjectLayout(),
    (3, 13): ObjectLayout(split_values=8),
    (3, 14): ObjectLayout(80, tuple_items=32, split_values=8),
}
"""By (major, minor)."""
