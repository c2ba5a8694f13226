"""The system call bpf(2), as far as a program needs it that is ready to be loaded (linux/bpf.h).

libbpf reads all of the kernel's types before it loads an iterator, which takes 10 ms. What it finds
in them is the same each time, so it can be kept; what is left is these few calls.
"""

import ctypes
import os
import struct
from dataclasses import dataclass

_SYSTEM_CALL = 321  # x86-64, asm/unistd_64.h
_MAP_CREATE, _MAP_UPDATE, _PROG_LOAD, _LINK_CREATE, _ITER_CREATE = 0, 2, 5, 28, 33  # enum bpf_cmd
_TRACING = 26  # enum bpf_prog_type
TRACE_ITER = 28  # enum bpf_attach_type
_LICENSE = b"GPL"

_MAP = struct.Struct("<4I")
_ELEMENT = struct.Struct("<IxxxxQQQ")
# Type, instructions, license; no log; name, attach type; nothing of line or function; type's id.
_PROGRAM = struct.Struct("<IIQQ24x16sII36xII")
_LINK = struct.Struct("<IIIIQI")
_TASKS_OF = struct.Struct("<III")
_ITERATION = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class MapShape:
    """A map to be made.

    Attributes:
        kind: enum bpf_map_type.
        key_size: Bytes of a key.
        value_size: Bytes of a value.
        max_entries: How many there are.
    """

    kind: int
    key_size: int
    value_size: int
    max_entries: int


def create_map(shape: MapShape) -> int:
    """A descriptor of a new map; raises OSError where the kernel refuses, as all of these do."""
    fields = shape.kind, shape.key_size, shape.value_size, shape.max_entries
    return _bpf(_MAP_CREATE, _MAP.pack(*fields))


def set_value(descriptor: int, key: bytes, value: bytes) -> None:
    """Set the value of a map's key."""
    key_at, value_at = ctypes.create_string_buffer(key), ctypes.create_string_buffer(value)
    addresses = ctypes.addressof(key_at), ctypes.addressof(value_at)
    _bpf(_MAP_UPDATE, _ELEMENT.pack(descriptor, *addresses, 0))


def load_iterator(name: str, instructions: bytes, type_id: int) -> int:
    """A descriptor of a program for one of the kernel's lists.

    Args:
        name: What tools call it, 15 characters of it.
        instructions: As the kernel takes them.
        type_id: What its list is in the kernel's types.
    """
    return load_program(_TRACING, instructions, name, TRACE_ITER, type_id)


def load_program(
    kind: int, instructions: bytes, name: str = "", attach_type: int = 0, type_id: int = 0
) -> int:
    """A descriptor of a program of a kind (enum bpf_prog_type)."""
    code, license_at = ctypes.create_string_buffer(instructions), ctypes.c_char_p(_LICENSE)
    attributes = _PROGRAM.pack(
        kind,
        len(instructions) // 8,
        ctypes.addressof(code),
        ctypes.cast(license_at, ctypes.c_void_p).value or 0,
        name.encode()[:15],
        0,
        attach_type,
        type_id,
        0,
    )
    return _bpf(_PROG_LOAD, attributes)


def link_to_threads(program: int, pid: int) -> int:
    """A descriptor of a program's link to the threads of one process (all, before Linux 6.1)."""
    tasks = ctypes.create_string_buffer(_TASKS_OF.pack(0, pid, 0), _TASKS_OF.size)
    at = ctypes.addressof(tasks)
    return _bpf(_LINK_CREATE, _LINK.pack(program, 0, TRACE_ITER, 0, at, _TASKS_OF.size))


def iterate(link: int) -> bytes:
    """Run a program for each element of its list, and give what it wrote."""
    descriptor = _bpf(_ITER_CREATE, _ITERATION.pack(link, 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        return file.readall()


def _bpf(command: int, attributes: bytes) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = int(libc.syscall(_SYSTEM_CALL, command, buffer, ctypes.c_size_t(len(attributes))))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
