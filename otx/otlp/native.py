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
VERSION = 1
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
        version = int(found.otx_version())
    except (OSError, AttributeError):
        return None
    if version != VERSION:
        return None
    found.otx_check.argtypes = [ctypes.c_char_p, _SIZE, _POINTER, _POINTER]
    found.otx_attributes.argtypes = [
        *(_POINTER, _SIZE, _POINTER, _POINTER, _POINTER, _POINTER),
        *(_POINTER, _SIZE, _POINTER, _POINTER),
    ]
    found.otx_attributes.restype = _SIZE
    return found
