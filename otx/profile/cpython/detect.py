"""Finds the CPython in a process: which file it is in, its version, where its runtime state is.

The version is the value of `Py_Version` (3.11 and later), not the name of a file: an interpreter
can be linked into any program under any name.
"""

import re
from dataclasses import dataclass

from otx.profile.cpython.layout import (
    DEBUG_OFFSETS_SIZE,
    FROZEN_LAYOUTS,
    Layout,
    layout_from_debug_offsets,
)
from otx.profile.errors import UnreadableError
from otx.profile.maps import AddressSpace, Mapping
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles

_NAMED_PYTHON = re.compile(r"(?:lib)?python(\d+\.\d+)?[\w.-]*")
_RUNTIME, _VERSION = b"_PyRuntime", b"Py_Version"
_OLD_STATE = b"_PyThreadState_Current"  # until 3.6
_VARIABLES = frozenset((_RUNTIME, _VERSION, _OLD_STATE))
SUPPORTED = "3.11, 3.12 and 3.13"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython whose frames can be read.

    Attributes:
        runtime: Address of its `_PyRuntime`.
    """

    version: tuple[int, int]
    runtime: int
    layout: Layout


@dataclass(frozen=True, slots=True)
class Refused:
    """An interpreter whose frames cannot be read, by name."""

    name: str


def find_interpreter(
    pid: int, space: AddressSpace, memory: ProcessMemory, files: ObjectFiles
) -> Interpreter | Refused | None:
    """The interpreter in a process; None where none is mapped (yet)."""
    for mapping in _candidates(space):
        found = _look_into(pid, mapping, memory, files)
        if found is not None:
            return found
    return None


def _candidates(space: AddressSpace) -> list[Mapping]:
    """The program itself, which may embed an interpreter, and what is named after one."""
    files = [mapping for mapping in space.executable if mapping.is_file]
    program = files[:1]
    return program + [m for m in files[1:] if _NAMED_PYTHON.fullmatch(m.base_name)]


def _look_into(
    pid: int, mapping: Mapping, memory: ProcessMemory, files: ObjectFiles
) -> Interpreter | Refused | None:
    addresses = files.data_addresses(pid, mapping, _VARIABLES)
    if _RUNTIME not in addresses and _OLD_STATE not in addresses:
        return None
    if _VERSION not in addresses:
        named = _NAMED_PYTHON.fullmatch(mapping.base_name)
        version = named and named[1]
        return Refused(f"CPython {version}" if version else "a CPython older than 3.11")
    runtime = addresses[_RUNTIME]
    try:
        number = memory.read_word(addresses[_VERSION])
        version_of = (number >> 24 & 0xFF, number >> 16 & 0xFF)
        if version_of == (3, 13):
            layout = layout_from_debug_offsets(memory.read(runtime, DEBUG_OFFSETS_SIZE))
        elif version_of in FROZEN_LAYOUTS:
            layout = FROZEN_LAYOUTS[version_of]
        else:
            return Refused(f"CPython {version_of[0]}.{version_of[1]}")
    except UnreadableError as error:
        if str(error) == "free-threaded":
            return Refused("CPython 3.13 without the GIL")
        return None
    return Interpreter(version_of, runtime, layout)
