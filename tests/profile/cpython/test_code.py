"""Code objects read out of a process: this one, whose own objects say what is right."""

import os
import struct
import sys
import types
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otx.profile.cpython.code import read_code, read_text, signature_of, text_of_raw, told_code
from otx.profile.cpython.detect import Interpreter, find_interpreter
from otx.profile.cpython.layout import Layout
from otx.profile.errors import UnreadableError
from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.profile.records import NameRecord, PythonFrame

CODE_SIGNED_FROM = 64
HEAD_SIZE = 36  # up to the state that says what follows


@pytest.fixture
def memory() -> Iterator[ProcessMemory]:
    own = ProcessMemory(os.getpid())
    yield own
    own.close()


@pytest.fixture
def layout(memory: ProcessMemory) -> Layout:
    pid = os.getpid()
    found = find_interpreter(pid, read_address_space(pid), memory, ObjectFiles())
    if not isinstance(found, Interpreter):
        pytest.skip(f"otx reads no code of CPython {sys.version}")
    assert found.version == sys.version_info[:2]
    return found.layout


def frame_of(code: types.CodeType, memory: ProcessMemory, offset: int = 0) -> PythonFrame:
    words = struct.unpack("<10Q", memory.read(id(code) + CODE_SIGNED_FROM, 80))
    return PythonFrame(id(code), offset, False, signature_of(words))


class Größe:
    def méthode(self) -> None:
        """Has a name that is not ASCII."""


def test_a_code_object_says_its_qualified_name_file_and_lines(
    memory: ProcessMemory, layout: Layout
) -> None:
    code = test_a_code_object_says_its_qualified_name_file_and_lines.__code__
    read = read_code(memory, layout, frame_of(code, memory), with_lines=True)
    assert (read.qualname, read.filename) == (code.co_qualname, code.co_filename)
    assert read.lines is not None
    assert {read.lines.line_at(start) for start, _, _ in code.co_lines()} == {
        line or 0 for _, _, line in code.co_lines()
    }


def test_names_need_not_be_ascii(memory: ProcessMemory, layout: Layout) -> None:
    code = Größe.méthode.__code__
    read = read_code(memory, layout, frame_of(code, memory), with_lines=False)
    assert (read.qualname, read.lines) == ("Größe.méthode", None)


@pytest.mark.parametrize("text", ["", "ascii", "größe", "名前", "🐍 snake"])
def test_every_kind_of_str_is_read(memory: ProcessMemory, layout: Layout, text: str) -> None:
    assert read_text(memory, layout, id(text)) == text


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_str_that_was_cut_tells_what_is_left_of_it(
    memory: ProcessMemory, layout: Layout, text: str, size: int
) -> None:
    whole = memory.read(id(text), sys.getsizeof(text))
    assert text_of_raw(layout, whole) == text
    if size < HEAD_SIZE:
        with pytest.raises(UnreadableError):
            text_of_raw(layout, whole[:size])
    else:
        left = text_of_raw(layout, whole[:size])
        assert text.startswith(left.removesuffix("\N{REPLACEMENT CHARACTER}"))


@given(st.binary(max_size=600), st.binary(max_size=600))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_names_raise_the_rooms_error_only(
    layout: Layout, qualname: bytes, filename: bytes
) -> None:
    with suppress(UnreadableError):
        told_code(layout, NameRecord(1, 2, 3, qualname, filename))


def test_another_object_at_the_address_is_noticed(memory: ProcessMemory, layout: Layout) -> None:
    before = frame_of(frame_of.__code__, memory)
    moved_in = PythonFrame(id(test_names_need_not_be_ascii.__code__), 0, False, before.signature)
    with pytest.raises(UnreadableError, match="another code object"):
        read_code(memory, layout, moved_in, with_lines=False)


@pytest.mark.parametrize("address", [0, 1, 1 << 62, (1 << 64) - 8])
def test_memory_that_is_not_there_raises_the_rooms_error(
    memory: ProcessMemory, layout: Layout, address: int
) -> None:
    with pytest.raises(UnreadableError):
        read_text(memory, layout, address)
