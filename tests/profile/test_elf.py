"""ELF files: real ones against binutils' nm, cut and mangled ones against nothing but errors."""

import os
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.symbols import order_symbols
from tests.profile.conftest import Build

SHARED_C = "int shared_value = 3; int shared_function(int x) { return x + shared_value; }"


def open_elf(path: Path) -> ElfFile:
    return ElfFile(bytes_reader(path.read_bytes()))


def nm_functions(path: Path) -> dict[int, set[str]]:
    done = subprocess.run(["nm", path], capture_output=True, text=True, check=True, timeout=60)
    found: dict[int, set[str]] = {}
    for line in done.stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tT":
            found.setdefault(int(fields[0], 16), set()).add(fields[2])
    return found


def test_functions_are_those_of_nm(burn: Path) -> None:
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed")
    symbols = open_elf(burn).code_symbols()
    functions = nm_functions(burn)
    assert {"five", "three", "two", "main"} <= set().union(*functions.values())
    for address, names in functions.items():
        assert symbols.find(address) in names


def test_a_variable_is_found_by_name(build: Build) -> None:
    library = open_elf(build(SHARED_C, "lib.so", "-shared", "-fPIC"))
    names = frozenset((b"shared_value", b"nowhere"))
    assert set(library.data_extents(names)) == {b"shared_value"}


def test_many_variables_are_found_as_each_by_itself(build: Build) -> None:
    source = "".join(f"long value_{number}[{number + 1}];\n" for number in range(40))
    library = open_elf(build(source, "lib.so", "-shared", "-fPIC"))
    names = [f"value_{number}".encode() for number in range(40)]
    found = library.data_extents(frozenset(names))
    assert [len(found[name]) for name in names] == [8 * (number + 1) for number in range(40)]
    for name in names:
        assert library.data_extents(frozenset((name,))) == {name: found[name]}


def test_the_bias_is_what_the_loader_added(burn: Path) -> None:
    elf = open_elf(burn)
    code = next(segment for segment in elf.segments if segment.executable)
    page = code.offset & -4096
    bias = elf.load_bias(0x555500000000 + page, page)
    assert bias is not None
    assert (0x555500000000 + code.offset) - bias == code.address
    assert elf.load_bias(0x555500000000, 1 << 40) is None


def test_where_all_code_is_shifted_alike_it_is_told(burn: Path) -> None:
    elf = open_elf(burn)
    code = next(segment for segment in elf.segments if segment.executable)
    assert elf.code_shift() == code.address - code.offset
    elf.segments.append(replace(code, address=code.address + 4096))
    assert elf.code_shift() is None


def test_the_build_id_is_the_linkers(build: Build) -> None:
    wanted = "00112233445566778899aabbccddeeff00112233"
    library = open_elf(build(SHARED_C, "a.so", "-shared", "-fPIC", f"-Wl,--build-id=0x{wanted}"))
    assert library.build_id().hex() == wanted
    without = open_elf(build(SHARED_C, "b.so", "-shared", "-fPIC", "-Wl,--build-id=none"))
    assert without.build_id() == b""


def test_functions_without_names_have_beginnings(burn: Path, tmp_path: Path) -> None:
    if shutil.which("strip") is None:
        pytest.skip("strip is not installed")
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, burn], check=True, timeout=60)
    table = open_elf(stripped).eh_frame()
    functions = nm_functions(burn)
    wanted = {address for address, names in functions.items() if names & {"five", "two", "main"}}
    assert table is not None and wanted <= {table.base + start for start in table.starts}
    assert len(open_elf(stripped).code_symbols()) == 0


def test_of_symbols_at_one_address_the_sized_and_global_one_wins() -> None:
    names = b"\0label\0local\0global\0"
    symbols = (  # address, name, binding, size
        *((100, b"label", 1, 0), (100, b"local", 0, 8), (100, b"global", 1, 8)),
        *((200, b"label", 0, 0), (0, b"label", 0, 0)),
    )
    raw = b"".join(
        struct.pack("<IBBHQQ", names.index(name), binding << 4 | 2, 0, 1, address, size)
        for address, name, binding, size in symbols
    )
    undefined = struct.pack("<IBBHQQ", names.index(b"label"), 2, 0, 0, 150, 8)
    data = struct.pack("<IBBHQQ", names.index(b"label"), 1, 0, 1, 160, 8)
    table = order_symbols([(raw, names), (undefined + data, names)])
    assert len(table) == 4
    found = [table.find(address) for address in (99, 100, 107, 108, 200, 1 << 40)]
    assert found == [None, "global", "global", None, "label", "label"]


def test_other_files_are_refused() -> None:
    for data in (b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + bytes(100)):
        with pytest.raises(UnreadableError):
            ElfFile(bytes_reader(data))


OWN = Path(os.path.realpath(sys.executable)).read_bytes()[: 1 << 16]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 63), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, len(OWN)),
)
def test_hostile_files_raise_the_rooms_error_only(
    changes: list[tuple[int, bytes]], length: int
) -> None:
    data = bytearray(OWN[:length])
    for offset, change in changes:
        data[offset : offset + len(change)] = change
    try:
        elf = ElfFile(bytes_reader(bytes(data)))
        elf.code_symbols().find(0x1000)
        elf.data_extents(frozenset((b"x",)))
        elf.load_bias(0x1000, 0)
        elf.eh_frame()
        elf.build_id()
    except UnreadableError:
        pass


def test_a_section_of_absurd_size_is_refused_before_it_is_read() -> None:
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01", 3, 62, 1, 0, 0, 64, 0, 64, 56, 0, 64, 2, 0
    )
    sections = struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, 0, 1 << 60, 1, 0, 8, 24) + bytes(64)
    with pytest.raises(UnreadableError, match="bytes"):
        ElfFile(bytes_reader(header + sections)).code_symbols()


def made(segments: bytes = b"", sections: bytes = b"", behind: bytes = b"") -> bytes:
    """A file of program headers, section headers and what they are of, in this order."""
    sections_at = 64 + len(segments)
    counts = (56, len(segments) // 56, 64, len(sections) // 64, 0)
    ident = b"\x7fELF\x02\x01"
    head = struct.pack("<16sHHIQQQIHHHHHH", ident, 3, 62, 1, 0, 64, sections_at, 0, 64, *counts)
    return head + segments + sections + behind


class Counted:
    """A reader of a file that counts what it gives."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.given = 0
        self.longest = 0

    def __call__(self, offset: int, size: int) -> bytes:
        found = self.data[offset : offset + size]
        self.given += len(found)
        self.longest = max(self.longest, size)
        return found


def test_symbols_are_those_of_the_first_table_of_a_kind() -> None:
    section = struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, 0, 24 << 10, 0, 0, 8, 24)
    read = Counted(made(sections=section * 500, behind=bytes(24 << 10)))
    ElfFile(read).code_symbols()
    assert read.given < 3 * len(read.data), "and not 500 times the file"


def test_notes_are_read_up_to_a_limit_together() -> None:
    note = struct.pack("<IIQQQQQQ", 4, 0, 0, 0, 0, 1 << 16, 0, 0)
    read = Counted(made(segments=note * 500, behind=bytes(1 << 16)))
    assert ElfFile(read).build_id() == b""
    assert read.given < 2 * len(read.data)


def test_no_room_is_made_for_what_a_file_does_not_have() -> None:
    section = struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, 0, 64 << 20, 0, 0, 8, 24)
    read = Counted(made(sections=section))
    with pytest.raises(UnreadableError, match="ends before"):
        ElfFile(read).code_symbols()
    assert read.longest < 1 << 16


class Holes:
    """A reader of a file that has nothing but zeros behind its beginning, however far."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.given = 0

    def __call__(self, offset: int, size: int) -> bytes:
        found = self.data[offset : offset + size].ljust(size, b"\0")
        self.given += size
        return found


def test_a_file_of_holes_has_no_more_symbols_than_any_program() -> None:
    section = struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, 0, 480 << 20, 0, 0, 8, 24)
    read = Holes(made(sections=section))
    with pytest.raises(UnreadableError, match="symbols"):
        ElfFile(read).code_symbols()
    assert read.given < 1 << 16


def test_a_file_of_holes_has_no_more_functions_than_any_program() -> None:
    header = struct.pack("<BBBBiI", 1, 0x1B, 0x03, 0x3B, 0, 1 << 26)
    segment = struct.pack("<IIQQQQQQ", 0x6474E550, 4, 64 + 56, 0, 0, 512 << 20, 0, 4)
    read = Holes(made(segments=segment, behind=header))
    with pytest.raises(UnreadableError, match="functions"):
        ElfFile(read).eh_frame()
    assert read.given < 1 << 16


def test_symbols_without_a_name_have_none_that_stands_in_its_place() -> None:
    names, strings_at = b"called\0called\0", 64 + 2 * 64 + 48
    symbols = b"".join(struct.pack("<IBBHQQ", name, 1, 0, 1, 16 + name, 8) for name in (0, 7))
    sections = struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, 64 + 2 * 64, 48, 1, 0, 8, 24)
    sections += struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, strings_at, len(names), 0, 0, 1, 0)
    elf = ElfFile(bytes_reader(made(sections=sections, behind=symbols + names)))
    assert elf.data_extents(frozenset((b"called",))) == {b"called": range(23, 31)}


def test_a_section_is_found_by_its_whole_name() -> None:
    names = b"\0.text.hot\0"
    section = struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 64 + 128, len(names), 0, 0, 1, 0)
    hot = struct.pack("<IIQQQQIIQQ", 1, 1, 0, 0x1000, 0, 64, 0, 0, 1, 0)
    elf = ElfFile(bytes_reader(made(sections=section + hot, behind=names)))
    assert elf.section_extent(b".text") is None
    assert elf.section_extent(b".text.hot") == range(0x1000, 0x1040)


def test_a_symbol_larger_than_memory_is_none() -> None:
    names, strings_at = b"\0called\0", 64 + 3 * 64 + 48
    symbol = struct.pack("<IBBHQQ", 1, 2, 0, 1, 0x1000, (1 << 64) - 1)
    sections = (
        struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, 64 + 3 * 64, 48, 1, 0, 8, 24)
        + struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, strings_at, len(names), 0, 0, 1, 0)
        + bytes(64)
    )
    elf = ElfFile(bytes_reader(made(sections=sections, behind=bytes(24) + symbol + names)))
    assert elf.code_symbols().find(0x1000) == "called"
    assert elf.function_code(b"called", 1 << 20) is None


def test_a_section_larger_than_memory_is_refused() -> None:
    names = b"\0.text\0"
    sections = struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 64 + 128, len(names), 0, 0, 1, 0)
    sections += struct.pack("<IIQQQQIIQQ", 1, 8, 0, 0, 0, (1 << 64) - 1, 0, 0, 1, 0)
    with pytest.raises(UnreadableError, match="bytes"):
        ElfFile(bytes_reader(made(sections=sections, behind=names))).section_extent(b".text")
