"""What a CPython tells of itself, and a 3.14 that is made of nothing but that."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.cpython.code import read_code
from otx.profile.cpython.debug_offsets import (
    DEBUG_OFFSETS_SIZE,
    SELF_TOLD,
    layout_from_debug_offsets,
)
from otx.profile.cpython.detect import Interpreter
from otx.profile.cpython.layout import NO_CFRAME, OWNED_BY_INTERPRETER
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.threads import gil_address, gil_holder, thread_states, walk_frames
from otx.profile.cpython.values import ValueReader
from otx.profile.cpython.variables import VariableReader
from otx.profile.errors import UnreadableError
from tests.profile.fake_memory import BASE, FakeMemory

THREAD = (300, 0, 8, 16, 72, 152, 160, 0, 0)
CODE = (200, 112, 120, 128, 136, 68, 52, 96, 104, 200)
REST = (16, 8, 400, 24, 88, 168, 32, 32, 16)  # pyobject, type_object, tuple_object
OFFSETS = {
    (3, 13): (
        *(24, 0, 632),
        *(7000, 0, 7264, 7344, 0, 0, 0, 0, 16, 100, 0, 116, 108),
        *THREAD,
        *(88, 8, 0, 56, 72, 70),
        *CODE,
        *REST,
    ),
    (3, 14): (
        *(24, 0, 640),
        *(7000, 0, 64, 72, 80, 0, 0, 0, 0, 16, 100, 0, 116, 108, 0, 0),
        *THREAD,
        *(96, 8, 0, 56, 80, 74, 64, 0),
        *(*CODE, 0),
        *REST,
    ),
}


def debug_offsets(version: tuple[int, int], free_threaded: int = 0) -> bytes:
    number = version[0] << 24 | version[1] << 16 | 0xF0
    words = [number, free_threaded, *OFFSETS[version]]
    return (b"xdebugpy" + struct.pack(f"<{len(words)}Q", *words)).ljust(DEBUG_OFFSETS_SIZE, b"\0")


@pytest.mark.parametrize(
    ("version", "interpreter", "owner"),
    [((3, 13), (632, 7264, 7344), 70), ((3, 14), (640, 64, 72), 74)],
)
def test_a_version_tells_its_own_layout(
    version: tuple[int, int], interpreter: tuple[int, int, int], owner: int
) -> None:
    layout = layout_from_debug_offsets(debug_offsets(version), version)
    assert (layout.head, layout.interpreter_next, layout.interpreter_threads) == interpreter
    assert (layout.thread_next, layout.thread_id, layout.thread_frame) == (8, 152, 72)
    assert (layout.cframe_current, layout.frame_owner) == (NO_CFRAME, owner)
    assert (layout.code_filename, layout.code_qualname, layout.code_bytecode) == (112, 128, 200)
    assert (layout.gil.in_interpreter, layout.gil.holder, layout.gil.locked) == (16, 8, 16)


@pytest.mark.parametrize("version", sorted(SELF_TOLD))
def test_a_build_without_the_gil_is_refused(version: tuple[int, int]) -> None:
    with pytest.raises(UnreadableError, match="free-threaded"):
        layout_from_debug_offsets(debug_offsets(version, free_threaded=1), version)


@given(st.binary(max_size=2 * DEBUG_OFFSETS_SIZE), st.sampled_from(sorted(SELF_TOLD)))
def test_hostile_offsets_raise_the_rooms_error_only(raw: bytes, version: tuple[int, int]) -> None:
    whole = b"xdebugpy" + bytes(16) + raw
    for attempt in (raw, whole, whole.ljust(DEBUG_OFFSETS_SIZE, b"\1")):
        try:
            layout = layout_from_debug_offsets(attempt, version)
        except UnreadableError:
            continue
        assert layout.frame_size < 128
        layout.for_bpf(0)


class Written:
    """Memory that structures are written into."""

    def __init__(self) -> None:
        self.raw = bytearray(1 << 14)
        self._free = DEBUG_OFFSETS_SIZE

    def put(self, at: int, data: bytes) -> None:
        """Write bytes at an address."""
        self.raw[at - BASE : at - BASE + len(data)] = data

    def words(self, at: int, **fields: int) -> int:
        """Write words at the offsets `_8`, `_16` … of an address."""
        for name, value in fields.items():
            self.put(at + int(name[1:]), value.to_bytes(8, "little"))
        return at

    def room(self, size: int) -> int:
        """An address of its own."""
        at = BASE + self._free
        self._free += (size + 15) & -16
        return at

    def text(self, value: str) -> int:
        """A compact ASCII str of 3.14, whose state has the kind of its characters from bit 16."""
        state = 1 << 16 | 1 << 19 | 1 << 20
        at = self.words(self.room(49 + len(value)), _16=len(value), _32=state)
        self.put(at + 40, value.encode())
        return at

    def code(self, name: str, variable: str) -> int:
        """A code object of one line and one variable."""
        names = self.words(self.room(48), _16=1, _32=self.text(variable))
        lines = self.words(self.room(48), _16=3)
        self.put(lines + 32, bytes([0x80 | 10 << 3 | 7, 0, 0]))
        code = self.words(self.room(256), _96=names, _112=self.text("/app/shop.py"))
        return self.words(code, _128=self.text(name), _136=lines, _64=7 << 32)


def test_a_stack_of_3_14_is_read_from_its_structures() -> None:
    written = Written()
    written.put(BASE, debug_offsets((3, 14)))
    interpreter, state, gil = written.room(128), written.room(320), written.room(208)
    outer, shim, inner = written.room(128), written.room(128), written.room(128)
    kind = written.words(written.room(200), _24=written.text("int") + 40, _168=1 << 24)
    number = written.words(written.room(32), _8=kind, _16=1 << 3, _24=42)
    written.words(BASE, _640=interpreter)
    written.words(interpreter, _16=gil, _72=state)
    written.words(gil, _8=state, _16=1)
    written.words(state, _72=inner, _152=0x7FAA)
    code = written.code("total", "price")
    for frame, previous in ((inner, shim), (outer, 0)):
        written.words(frame, _0=code | 1, _8=previous, _56=code + 200, _80=number | 1)
    written.words(shim, _8=outer, _72=OWNED_BY_INTERPRETER << 16)
    memory = FakeMemory(bytes(written.raw))

    layout = layout_from_debug_offsets(memory.read(BASE, DEBUG_OFFSETS_SIZE), (3, 14))
    python = Interpreter((3, 14), BASE, layout)
    (thread,) = thread_states(memory, python)
    walk = walk_frames(memory, layout, thread.address)
    assert (thread.thread_id, walk.is_whole) == (0x7FAA, True)
    assert [frame.address for frame in walk.frames] == [inner, outer]
    assert [frame.python.is_entry for frame in walk.frames] == [True, False]
    read = read_code(memory, layout, walk.frames[0].python, with_lines=True)
    assert (read.qualname, read.filename) == ("total", "/app/shop.py")
    assert read.line_at(walk.frames[0].python.instruction) == 7
    assert gil_holder(memory, layout.gil, gil_address(memory, python, thread)) == state
    values = ValueReader(memory, layout, OBJECT_LAYOUTS[3, 14], lambda name: False, str)
    variables = VariableReader(memory, layout, OBJECT_LAYOUTS[3, 14], values)
    assert variables.read(inner, code, 1) == [("price", "42")]
