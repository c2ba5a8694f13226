"""The name of the asyncio task that a thread runs, by the event loop's frame that runs it.

`Handle._run` (asyncio/events.py) has the handle in its first variable; what that calls back is a
step or the wake-up of a task, and both know their task (Modules/_asynciomodule.c). Tasks that are
suspended are on no thread's stack.
"""

from collections.abc import Mapping

from otx.profile.cpython.code import read_text
from otx.profile.cpython.layout import Layout
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.values import ValueReader
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory

_CALLBACK = 24  # Handle._callback: the second of its slots, which are sorted
_WRAPPED_TASK = 16  # sw_task, and until 3.9 ww_task
_BOUND_SELF = 24  # PyCFunctionObject.m_self: a task's wakeup method
_POINTER_MASK = ~7  # references in frames are tagged (3.14)

_TASK_NAMES: Mapping[tuple[int, int], int] = {
    (3, 8): 120,
    (3, 9): 160,
    (3, 10): 168,
    (3, 11): 144,
    (3, 12): 144,
    (3, 13): 128,
}
"""Where TaskObj has its name; in 3.14 it has moved between bugfix releases."""


def task_name(memory: ProcessMemory, layout: Layout, version: tuple[int, int], frame: int) -> str:
    """The name of the task that a frame of `Handle._run` runs; "" where it runs none."""
    offset = _TASK_NAMES.get(version)
    if offset is None:
        return ""
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
