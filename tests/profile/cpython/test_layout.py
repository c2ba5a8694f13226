"""Offsets in CPython's structures, as they reach the BPF program."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.cpython.layout import (
    DEBUG_OFFSETS_SIZE,
    FROZEN_LAYOUTS,
    NO_CFRAME,
    layout_from_debug_offsets,
)
from otx.profile.errors import UnreadableError

OFFSETS_3_13 = (
    (24, 0, 632),  # runtime_state
    (7000, 0, 7264, 7344, 0, 0, 0, 0, 0, 0, 0, 0, 0),  # interpreter_state
    (300, 0, 8, 16, 72, 152, 160, 0, 0),  # thread_state
    (88, 8, 0, 56, 72, 70),  # interpreter_frame
    (200, 112, 120, 128, 136, 68, 52, 96, 104, 200),  # code_object
)


def debug_offsets(free_threaded: int = 0) -> bytes:
    words = [0x030D00F0, free_threaded, *(word for group in OFFSETS_3_13 for word in group)]
    return (b"xdebugpy" + struct.pack(f"<{len(words)}Q", *words)).ljust(DEBUG_OFFSETS_SIZE, b"\0")


def test_a_layout_reaches_bpf_as_struct_interpreter() -> None:
    fields = struct.unpack("<Q12I", FROZEN_LAYOUTS[3, 11].for_bpf(0x1000))
    assert fields == (0x1000 + 40, 0, 16, 8, 152, 56, 8, 32, 48, 56, 68, 1, 0)


def test_3_13_tells_its_own_layout() -> None:
    layout = layout_from_debug_offsets(debug_offsets())
    assert (layout.head, layout.interpreter_next, layout.interpreter_threads) == (632, 7264, 7344)
    assert (layout.thread_next, layout.thread_id, layout.thread_frame) == (8, 152, 72)
    assert (layout.cframe_current, layout.frame_owner) == (NO_CFRAME, 70)
    assert (layout.code_filename, layout.code_qualname, layout.code_bytecode) == (112, 128, 200)


def test_a_build_without_the_gil_is_refused() -> None:
    with pytest.raises(UnreadableError, match="free-threaded"):
        layout_from_debug_offsets(debug_offsets(free_threaded=1))


@given(st.binary(max_size=2 * DEBUG_OFFSETS_SIZE))
def test_hostile_offsets_raise_the_rooms_error_only(raw: bytes) -> None:
    for attempt in (raw, b"xdebugpy" + raw):
        try:
            layout = layout_from_debug_offsets(attempt)
        except UnreadableError:
            continue
        layout.for_bpf(0)
