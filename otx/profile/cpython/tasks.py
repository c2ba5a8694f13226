"""The name of the asyncio task that a thread runs, by the event loop's frame that runs it.

`Handle._run` (asyncio/events.py) has the handle in its first variable; what that calls back is a
step or the wake-up of a task, and both know their task (Modules/_asynciomodule.c). Tasks that are
suspended are on no thread's stack. From 3.14 on `_asyncio` tells where a task has its name
(`Py_AsyncioModuleDebugOffsets`, in a section of its own); before, structures are frozen.
"""

import re
import struct
from collections.abc import Mapping
from contextlib import suppress

from otx.profile.cpython.code import read_text
from otx.profile.cpython.layout import Layout
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.values import ValueReader
from otx.profile.elf import ElfFile, file_reader
from otx.profile.errors import UnreadableError
from otx.profile.maps import AddressSpace
from otx.profile.memory import ProcessMemory
from otx.profile.objects import opened

_CALLBACK = 24  # Handle._callback: the second of its slots, which are sorted
_WRAPPED_TASK = 16  # sw_task, and until 3.9 ww_task
_BOUND_SELF = 24  # PyCFunctionObject.m_self: a task's wakeup method
_POINTER_MASK = ~7  # references in frames are tagged (3.14)

_FROZEN: Mapping[tuple[int, int], int] = {
    (3, 8): 120,
    (3, 9): 160,
    (3, 10): 168,
    (3, 11): 144,
    (3, 12): 144,
    (3, 13): 128,
}
"""Where TaskObj has its name."""

_SELF_TOLD = frozenset(((3, 14),))
_DEBUG_SECTION = frozenset((b".AsyncioDebug",))
_DEBUG_HEAD = struct.Struct("<QQ")  # asyncio_task_object: its size, where its name is
_NAMED_MODULE = re.compile(r"_asyncio\.[\w.-]*so|(?:lib)?python[\w.-]*")
_MAX_TASK_SIZE = 4096


def name_offset(pid: int, version: tuple[int, int], space: AddressSpace) -> int | None:
    """Where the tasks of a process have their names; None where that is not known.

    The module is a library of its own, or a part of the interpreter.
    """
    if version not in _SELF_TOLD:
        return _FROZEN.get(version)
    for mapping in space.executable:
        if not mapping.is_file or not _NAMED_MODULE.fullmatch(mapping.base_name):
            continue
        with opened(pid, mapping) as descriptor, suppress(UnreadableError, struct.error):
            if descriptor is not None:
                told = ElfFile(file_reader(descriptor)).section(_DEBUG_SECTION)
                size, name = _DEBUG_HEAD.unpack_from(told or b"")
                if 0 < name < size < _MAX_TASK_SIZE:
                    return int(name)
    return None


def task_name(
    memory: ProcessMemory, layout: Layout, version: tuple[int, int], frame: int, offset: int
) -> str:
    """The name of the task that a frame of `Handle._run` runs; "" where it runs none.

    Args:
        offset: Where a task has its name (`name_offset`).
    """
    form = OBJECT_LAYOUTS[version]
    types = ValueReader(memory, layout, form, lambda name: False, str)
    try:
        handle = memory.read_word(frame + form.frame_values) & _POINTER_MASK
        if types.type_name(handle) not in ("Handle", "TimerHandle"):
            return ""
        task = _task_of(memory, types, memory.read_word(handle + _CALLBACK))
        if types.type_name(task) != "Task":
            return ""
        name = memory.read_word(task + offset)
        if types.type_name(name) == "int":  # counted, and not yet asked for
            return f"Task-{types.text(name)}"
        return read_text(memory, layout, name)
    except UnreadableError:
        return ""


def _task_of(memory: ProcessMemory, types: ValueReader, callback: int) -> int:
    kind = types.type_name(callback)
    if kind in ("TaskStepMethWrapper", "TaskWakeupMethWrapper"):
        return memory.read_word(callback + _WRAPPED_TASK)
    if kind == "builtin_function_or_method":
        return memory.read_word(callback + _BOUND_SELF)
    raise UnreadableError("a callback that is no task's")
