"""Lines of bytecode, against what the interpreter itself says."""

import inspect
import types
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile import elf, session
from otx.profile.cpython.layout import LineForm
from otx.profile.cpython.linetable import LineTable, decode_entries
from otx.profile.errors import UnreadableError


def code_objects(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from code_objects(constant)


@pytest.mark.parametrize("module", [inspect, elf, session, types], ids=lambda m: m.__name__)
def test_lines_are_those_of_co_lines(module: types.ModuleType) -> None:
    checked = 0
    for code in code_objects(compile(inspect.getsource(module), "file", "exec")):
        table = LineTable(code.co_linetable, code.co_firstlineno)
        for start, end, line in code.co_lines():
            for offset in range(start, end, 2):
                assert table.line_at(offset) == (line or 0)
                checked += 1
    assert checked > 100


def test_an_offset_before_the_first_instruction_is_the_first_line() -> None:
    assert LineTable(bytes([0x80 | 10 << 3, 0, 0]), 7).line_at(-2) == 7


def test_an_offset_behind_the_last_instruction_has_no_line() -> None:
    assert LineTable(bytes([0x80 | 10 << 3, 0, 0]), 7).line_at(2) == 0


def test_an_entry_without_location_has_no_line() -> None:
    assert list(decode_entries(bytes([0x80 | 15 << 3 | 7]), 7)) == [(16, 0)]


def test_until_3_9_an_entry_begins_where_the_last_one_ends() -> None:
    # The example of Objects/lnotab_notes.txt: 0 1, 6 2, 50 7, 350 207, 361 208.
    pairs = (0, 1, 6, 1, 44, 5, 255, 0, 45, 127, 0, 73, 11, 1)
    table = LineTable(bytes(pairs), 0, LineForm.LNOTAB)
    wanted = {0: 1, 5: 1, 6: 2, 49: 2, 50: 7, 349: 7, 350: 207, 361: 208, 5000: 208}
    assert {offset: table.line_at(offset) for offset in wanted} == wanted
    assert LineTable(bytes((2, 256 - 3)), 9, LineForm.LNOTAB).line_at(2) == 6


def test_in_3_10_an_entry_says_how_far_it_reaches_and_may_have_no_line() -> None:
    table = LineTable(bytes((4, 1, 2, 0x80, 0, 5, 6, 256 - 2)), 10, LineForm.PAIRS)
    wanted = {0: 11, 3: 11, 4: 0, 6: 14, 11: 14, 12: 0, -1: 10}
    assert {offset: table.line_at(offset) for offset in wanted} == wanted


@given(
    st.binary(max_size=200), st.integers(min_value=0, max_value=1 << 31), st.sampled_from(LineForm)
)
def test_hostile_tables_raise_the_rooms_error_only(
    table: bytes, first_line: int, form: LineForm
) -> None:
    try:
        lines = LineTable(table, first_line, form)
    except UnreadableError:
        return
    lines.line_at(0)
