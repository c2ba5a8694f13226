"""Finds the CPython in a process: which file it is in, its version, where its runtime state is.

The version is the value of `Py_Version` (3.11 and later), not the name of a file: an interpreter
can be linked into any program under any name. Before 3.11 only the file's name tells it.
"""

import re
from dataclasses import dataclass

from otx.profile.cpython.debug_offsets import (
    DEBUG_OFFSETS_SIZE,
    SELF_TOLD,
    layout_from_debug_offsets,
)
from otx.profile.cpython.layout import FROZEN_LAYOUTS, Layout
from otx.profile.errors import UnreadableError
from otx.profile.maps import AddressSpace, Mapping
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles

_NAMED_PYTHON = re.compile(r"(?:lib)?python(\d+\.\d+)?[\w.-]*")
_RUNTIME, _VERSION = b"_PyRuntime", b"Py_Version"
_OLD_STATE = b"_PyThreadState_Current"  # until 3.6
_VARIABLES = frozenset((_RUNTIME, _VERSION, _OLD_STATE))
_MAX_KNOWN = 64
SUPPORTED = "3.8 to 3.14"


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


class KnownInterpreters:
    """Interpreters by the file they are in.

    A process that just began has not read in what tells its version. Where another one ran the same
    file it is known, and the process's first Python frames are.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], tuple[tuple[int, int], Layout]] = {}

    def find(self, mapping: Mapping, runtime: int) -> Interpreter | None:
        """The interpreter of a file that is mapped; None where it was not met.

        Args:
            runtime: Where its `_PyRuntime` lies in this process.
        """
        known = self._known.get(_identity(mapping, runtime))
        return None if known is None else Interpreter(known[0], runtime, known[1])

    def add(self, mapping: Mapping, found: Interpreter) -> None:
        """An interpreter was read in a file that is mapped."""
        if len(self._known) >= _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[_identity(mapping, found.runtime)] = found.version, found.layout


def _identity(mapping: Mapping, runtime: int) -> tuple[str, int, int]:
    return mapping.device, mapping.inode, runtime - mapping.start + mapping.offset


def find_interpreter(
    pid: int,
    space: AddressSpace,
    memory: ProcessMemory,
    files: ObjectFiles,
    known: KnownInterpreters | None = None,
) -> Interpreter | Refused | None:
    """The interpreter in a process; None where none is mapped (yet)."""
    for mapping in _candidates(space):
        found = _look_into(pid, mapping, memory, files, known or KnownInterpreters())
        if found is not None:
            return found
    return None


def _candidates(space: AddressSpace) -> list[Mapping]:
    """The program itself, which may embed an interpreter, and what is named after one."""
    files = [mapping for mapping in space.executable if mapping.is_file]
    program = files[:1]
    return program + [m for m in files[1:] if _NAMED_PYTHON.fullmatch(m.base_name)]


def _look_into(
    pid: int,
    mapping: Mapping,
    memory: ProcessMemory,
    files: ObjectFiles,
    known: KnownInterpreters,
) -> Interpreter | Refused | None:
    addresses = files.data_addresses(pid, mapping, _VARIABLES)
    if _RUNTIME not in addresses and _OLD_STATE not in addresses:
        return None
    met = known.find(mapping, addresses[_RUNTIME]) if _RUNTIME in addresses else None
    if met is not None:
        return met
    try:
        version = _version_of(mapping, memory, addresses.get(_VERSION))
    except UnreadableError:
        return None  # ended meanwhile, its data not mapped yet, or not to be looked into
    if version is None:
        return Refused("a CPython of an unknown version")
    name = f"CPython {version[0]}.{version[1]}"
    if _RUNTIME not in addresses:
        return Refused(name)
    runtime = addresses[_RUNTIME]
    try:
        if version in SELF_TOLD:
            layout = layout_from_debug_offsets(memory.read(runtime, DEBUG_OFFSETS_SIZE), version)
        elif version in FROZEN_LAYOUTS:
            layout = FROZEN_LAYOUTS[version]
        else:
            return Refused(name)
    except UnreadableError as error:
        return Refused(f"{name} without the GIL") if str(error) == "free-threaded" else None
    found = Interpreter(version, runtime, layout)
    known.add(mapping, found)
    return found


def _version_of(
    mapping: Mapping, memory: ProcessMemory, address: int | None
) -> tuple[int, int] | None:
    """The version that an interpreter's variable tells, or else its file's name.

    Raises:
        UnreadableError: The variable is there and cannot be read.
    """
    if address is not None:
        number = memory.read_word(address)
        return number >> 24 & 0xFF, number >> 16 & 0xFF
    named = _NAMED_PYTHON.fullmatch(mapping.base_name)
    if named is None or named[1] is None:
        return None
    major, _, minor = named[1].partition(".")
    return int(major), int(minor)
