"""Where a CPython 3.13 or later keeps what a frame walk needs: it tells that itself.

`_Py_DebugOffsets` stands at the head of `_PyRuntime` (Include/internal/pycore_debug_offsets.h, in
3.13 pycore_runtime.h). Which fields it has, and in what order, is different in every minor version
and the same within one.
"""

import struct
from collections.abc import Mapping
from typing import TypeAlias

from otx.profile.cpython.layout import NO_CFRAME, OWNED_BY_INTERPRETER, EntryKind, Gil, Layout
from otx.profile.errors import UnreadableError

DEBUG_OFFSETS_SIZE = 1024
_COOKIE = b"xdebugpy"
_MAX_OFFSET = 1 << 20
_MAX_FRAME_SIZE = 127  # what bpf/python.h has room for

_Groups: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

_INTERPRETER_HEAD = ("size", "id", "next", "threads_head")
_INTERPRETER_TAIL = (
    *("gc", "imports_modules", "sysdict", "builtins", "ceval_gil", "gil_runtime_state"),
    *("gil_runtime_state_enabled", "gil_runtime_state_locked", "gil_runtime_state_holder"),
)
_RUNTIME = ("runtime_state", ("size", "finalizing", "interpreters_head"))
_THREAD = (
    "thread_state",
    (
        *("size", "prev", "next", "interp", "current_frame", "thread_id"),
        *("native_thread_id", "datastack_chunk", "status"),
    ),
)
_FRAME = ("size", "previous", "executable", "instr_ptr", "localsplus", "owner")
_CODE = (
    *("size", "filename", "name", "qualname", "linetable", "firstlineno", "argcount"),
    *("localsplusnames", "localspluskinds", "co_code_adaptive"),
)
_TYPE = ("type_object", ("size", "tp_name", "tp_repr", "tp_flags"))
_TUPLE = ("tuple_object", ("size", "ob_item", "ob_size"))

_FIELDS: Mapping[tuple[int, int], _Groups] = {
    (3, 13): (
        _RUNTIME,
        ("interpreter_state", (*_INTERPRETER_HEAD, *_INTERPRETER_TAIL)),
        _THREAD,
        ("interpreter_frame", _FRAME),
        ("code_object", _CODE),
        ("pyobject", ("size", "ob_type")),
        _TYPE,
        _TUPLE,
    ),
    (3, 14): (
        _RUNTIME,
        (
            "interpreter_state",
            (
                *(*_INTERPRETER_HEAD, "threads_main", *_INTERPRETER_TAIL),
                *("code_object_generation", "tlbc_generation"),
            ),
        ),
        _THREAD,
        ("interpreter_frame", (*_FRAME, "stackpointer", "tlbc_index")),
        ("code_object", (*_CODE, "co_tlbc")),
        ("pyobject", ("size", "ob_type")),
        _TYPE,
        _TUPLE,
    ),
}
"""The groups that are read here, by (major, minor); each field is 64 bits wide."""

SELF_TOLD = frozenset(_FIELDS)
"""The versions, by (major, minor)."""


def layout_from_debug_offsets(raw: bytes, version: tuple[int, int]) -> Layout:
    """The layout that a CPython tells about itself.

    Args:
        raw: The first DEBUG_OFFSETS_SIZE bytes of `_PyRuntime`.
        version: One of SELF_TOLD.

    Raises:
        UnreadableError: They are no debug offsets, or those of a free-threaded build.
    """
    groups = _read(raw, version)
    runtime, interpreter = groups["runtime_state"], groups["interpreter_state"]
    thread, frame, code = groups["thread_state"], groups["interpreter_frame"], groups["code_object"]
    return Layout(
        head=runtime["interpreters_head"],
        interpreter_next=interpreter["next"],
        interpreter_threads=interpreter["threads_head"],
        thread_next=thread["next"],
        thread_id=thread["thread_id"],
        thread_frame=thread["current_frame"],
        cframe_current=NO_CFRAME,
        frame_code=frame["executable"],
        frame_previous=frame["previous"],
        frame_instruction=frame["instr_ptr"],
        frame_owner=frame["owner"],
        owner_of_entry=OWNED_BY_INTERPRETER,
        entries=EntryKind.SHIM,
        code_filename=code["filename"],
        code_qualname=code["qualname"],
        code_first_line=code["firstlineno"],
        code_line_table=code["linetable"],
        code_bytecode=code["co_code_adaptive"],
        ascii_text=40,
        compact_text=56,
        gil=Gil(
            in_interpreter=interpreter["ceval_gil"],
            holder=interpreter["gil_runtime_state_holder"] - interpreter["gil_runtime_state"],
            locked=interpreter["gil_runtime_state_locked"] - interpreter["gil_runtime_state"],
        ),
        text_state_shifts=(2,) if version == (3, 13) else (2, 16),
    )


def _read(raw: bytes, version: tuple[int, int]) -> Mapping[str, Mapping[str, int]]:
    if len(raw) < DEBUG_OFFSETS_SIZE or not raw.startswith(_COOKIE):
        raise UnreadableError("no debug offsets")
    words = iter(struct.unpack_from(f"<{DEBUG_OFFSETS_SIZE // 8 - 1}Q", raw, 8))
    _version, free_threaded = next(words), next(words)
    if free_threaded:
        raise UnreadableError("free-threaded")
    groups = {name: {field: next(words) for field in fields} for name, fields in _FIELDS[version]}
    if any(offset >= _MAX_OFFSET for group in groups.values() for offset in group.values()):
        raise UnreadableError("debug offsets out of all proportion")
    frame = groups["interpreter_frame"]
    ends = (frame[name] + 8 for name in ("executable", "previous", "instr_ptr", "owner"))
    if max(ends) > _MAX_FRAME_SIZE:
        raise UnreadableError("frames out of all proportion")
    return groups
