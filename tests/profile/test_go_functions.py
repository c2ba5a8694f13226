"""Go functions by the runtime's own table: as it is written, as programs have it, and hostile."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile import go_functions
from otx.profile.elf import bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.go_functions import GoFunctions
from tests.profile.go_recorded import GoProgram, load

TEXT = 0x401000
NAMES = b"main.main\0main.(*Cart).Total\0"
MAGICS = (0xFFFFFFFA, 0xFFFFFFF0, 0xFFFFFFF1)


def table(magic: int) -> bytes:
    """A table of two functions: 0x10 and 0x30 bytes from the text's beginning, up to 0x50."""
    is_old = magic == 0xFFFFFFFA
    form, base = ("Q", TEXT) if is_old else ("I", 0)
    names_at, functions_at = 128, 192
    index = struct.calcsize(f"<5{form}")
    entry = struct.calcsize(f"<{form}") + 44
    described = [index, index + entry]
    head = struct.pack("<IHBB", magic, 0, 1, 8)
    if is_old:
        head += struct.pack("<7Q", 2, 0, names_at, 0, 0, 0, functions_at)
    else:
        head += struct.pack("<8Q", 2, 0, 0, names_at, 0, 0, 0, functions_at)
    pairs = (base + 0x10, described[0], base + 0x30, described[1], base + 0x50)
    body = struct.pack(f"<5{form}", *pairs)
    for start, name in ((0x10, 0), (0x30, 10)):
        body += struct.pack(f"<{form}i", base + start, name) + bytes(40)
    return (head.ljust(names_at, b"\0") + NAMES).ljust(functions_at, b"\0") + body


def functions_of(raw: bytes) -> GoFunctions:
    return GoFunctions(bytes_reader(raw), len(raw), TEXT)


@pytest.mark.parametrize("magic", MAGICS)
def test_functions_are_found_by_address(magic: int) -> None:
    found = functions_of(table(magic))
    at = [TEXT + offset for offset in (0, 0x10, 0x2F, 0x30, 0x4F, 0x50)]
    assert [found.find(address) for address in at] == [
        *(None, "main.main", "main.main"),
        *("main.(*Cart).Total", "main.(*Cart).Total", None),
    ]
    assert [found.start(address) for address in at[1:4]] == [at[1], at[1], at[3]]
    assert [[it.name for it in found.calls(address)] for address in at[:2]] == [[], ["main.main"]]


@pytest.mark.parametrize("cut", [0, 7, 40, 100, 200, 211])
def test_a_cut_table_is_refused(cut: int) -> None:
    with pytest.raises(UnreadableError):
        functions_of(table(0xFFFFFFF1)[:cut])


def test_a_description_outside_of_the_table_has_no_name() -> None:
    raw = bytearray(table(0xFFFFFFFA))
    struct.pack_into("<Q", raw, 192 + 8, (1 << 64) - 1)
    found = functions_of(bytes(raw))
    assert (found.find(TEXT + 0x10), found.calls(TEXT + 0x10)) == (None, [])


@pytest.fixture(params=["1.19", "1.26"])
def program(request: pytest.FixtureRequest) -> GoProgram:
    """The tables of a stripped program, by the version of Go that built it."""
    return load(str(request.param))


def test_functions_files_and_lines_are_those_of_addr2line(program: GoProgram) -> None:
    assert len(program.said) > 30
    for address, said in program.said.items():
        calls = program.functions.calls(address)
        assert (calls[-1].name, calls[0].file, calls[0].line) == said


def test_inlined_calls_stand_before_the_function_that_has_them(program: GoProgram) -> None:
    calls = [program.functions.calls(address) for address in program.said]
    chains = {tuple(call.name for call in chain) for chain in calls}
    assert ("main.inner", "main.middle", "main.outer") in chains
    lines = {tuple(call.line for call in chain[1:]) for chain in calls if len(chain) == 3}
    assert lines == {(31, 35)}, "where inner and middle are called"


def test_inlined_instances_of_generic_functions_are_named(program: GoProgram) -> None:
    calls = [program.functions.calls(address) for address in program.said]
    generic = [chain for chain in calls if chain[-1].name.startswith("main.sum[")]
    inlined = {chain[0].name.partition("[")[0] for chain in generic}
    assert inlined == {"main.square", "main.sum"}


def test_a_caller_is_missed_where_the_code_says_so() -> None:
    program = load("1.26")
    found = {at: program.functions.hidden_caller(at) for at in program.hidden}
    assert found == program.hidden
    assert set(found.values()) == {0, 8, None}


def test_a_function_without_frame_hides_its_caller_throughout() -> None:
    raw = bytearray(table(0xFFFFFFF1))
    stacks = len(raw)
    described = (192 + 20, 192 + 20 + 48)
    struct.pack_into("<I", raw, described[0] + 16, stacks)
    struct.pack_into("<I", raw, described[1] + 16, stacks + 3)
    struct.pack_into("<Q", raw, 8 + 8 * 6, 0)  # values are told from the table's beginning
    raw += b"\x02\x20\0"  # 0 for 32 bytes: all of the first function
    # 0 for four bytes, 8 behind a push, 24 from the eighth on, 8, and 0 behind a pop.
    raw += b"\x02\x04\x10\x04\x20\x14\x1f\x02\x0f\x02\0"
    found = functions_of(bytes(raw))
    first, second = TEXT + 0x10, TEXT + 0x30
    assert [found.hidden_caller(first + at) for at in (0, 9, 31)] == [0, 0, 0]
    at = (0, 3, 4, 5, 8, 27, 28, 29, 30, 31)
    assert [found.hidden_caller(second + it) for it in at] == [
        *(0, 0, 8, None, None, None, None, None, 0, 0),
    ]
    assert found.hidden_caller(TEXT) is None


def test_without_a_tree_the_function_is_known_still(program: GoProgram) -> None:
    program.functions.know_inlined(lambda offset, size: b"")
    names = {len(program.functions.calls(address)) for address in program.said}
    assert names == {1}


def test_a_lookup_takes_so_many_steps_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_functions, "_MAX_STEPS", 1000)
    raw = bytearray(table(0xFFFFFFF1))
    at = 192 + 20 + 8  # of the first function: name, args, deferreturn, then its tables
    tables = len(raw)
    struct.pack_into("<IIIII", raw, at + 8, tables, tables, tables, 3, 0)
    raw[192 + 20 + 43] = 0
    struct.pack_into("<Q", raw, 8 + 8 * 6, 0)  # values are told from the table's beginning
    raw += b"\x02\x00" * 5000  # each holds for no instruction
    read: list[int] = []

    def counted(offset: int, size: int) -> bytes:
        read.append(size)
        return bytes(raw[offset : offset + size])

    GoFunctions(counted, len(raw), TEXT).calls(TEXT + 0x10)
    assert 16 < read.count(64) < 50, "and not 150 for each of two tables"


@given(st.binary(max_size=300), st.integers(0, (1 << 64) - 1), st.binary(max_size=64))
def test_hostile_tables_raise_the_rooms_error_only(raw: bytes, address: int, tree: bytes) -> None:
    for magic in MAGICS:
        head = struct.pack("<IHBB", magic, 0, 1, 8)
        small = struct.pack("<8Q", 3, 0, 0, 64, 0, 0, 0, 80)
        for attempt in (raw, head + raw, head + small + raw, table(magic)[:196] + raw):
            try:
                found = functions_of(attempt)
            except UnreadableError:
                continue
            found.know_inlined(bytes_reader(tree))
            for at in (address, TEXT + address % 0x60):
                found.find(at)
                found.start(at)
                found.calls(at)
                found.hidden_caller(at)


@given(st.data())
def test_damaged_tables_end(data: st.DataObject) -> None:
    raw = bytearray(table(0xFFFFFFF1) + bytes(range(256)))
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(8, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = functions_of(bytes(raw))
    except UnreadableError:
        return
    found.know_inlined(lambda offset, size: bytes(raw)[offset % 256 :][:size])
    for at in range(TEXT, TEXT + 0x60, 7):
        assert len(found.calls(at)) <= 65
