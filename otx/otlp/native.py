"""The library of what is too slow in Python: in the installed package, or beside it in a checkout.

It is built from `native/` where a C compiler is. Nothing needs it: each of its functions says no
where it is in doubt, and then, as where there is no library, protobuf's own parser and Arrow do the
same at a few times the cost.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

NAME = "otx_wire.so"
VERSION = 3
"""Of what the functions take and give (`OTX_VERSION` of native/wire.h)."""
_POINTER: Any = ctypes.c_void_p
_SIZE: Any = ctypes.c_int64
_PACKAGE = Path(__file__).parents[1]


@cache
def library() -> ctypes.CDLL | None:
    """The library; None where there is none that this otx knows."""
    for directory in (_PACKAGE / "_native", _PACKAGE.parent / "native"):
        found = load(directory / NAME)
        if found is not None:
            return found
    return None


def load(path: Path) -> ctypes.CDLL | None:
    """The library in a file; None where it cannot be loaded, or is another version's."""
    try:
        found = ctypes.CDLL(str(path))
        if found.otx_version() != VERSION:
            return None
        _declare(found)
    except (OSError, AttributeError):
        return None
    return found


def _declare(found: ctypes.CDLL) -> None:
    """Say what its functions take and give."""
    found.otx_check.argtypes = [ctypes.c_char_p, _SIZE, _POINTER, _POINTER]
    found.otx_attributes.argtypes = [
        *(_POINTER, _SIZE, _POINTER, _POINTER, _POINTER, _POINTER),
        *(_POINTER, _SIZE, _POINTER, _POINTER),
    ]
    found.otx_attributes.restype = _SIZE
    found.otx_index_entries.argtypes = [
        *(_POINTER, _SIZE, _POINTER, _POINTER, ctypes.c_int, _POINTER, _SIZE, _SIZE),
    ]
    found.otx_index_entries.restype = _SIZE
    found.otx_sorted_entries.argtypes = [
        *(_POINTER, _SIZE, _POINTER, ctypes.c_int, _POINTER, _POINTER),
    ]
    found.otx_sorted_entries.restype = _SIZE
    found.otx_packed_blocks.argtypes = [_POINTER, _SIZE, _POINTER, _POINTER]
    found.otx_packed_blocks.restype = _SIZE
    found.otx_crc32.argtypes = [ctypes.c_char_p, _SIZE, _SIZE, ctypes.c_uint32]
    found.otx_crc32.restype = ctypes.c_uint32
