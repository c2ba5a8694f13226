"""The index of tables that come without one, against the linker's own and against readelf."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.elf import EhFrame, ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.unwind import index
from otx.profile.unwind.index import index_entries, indexed_table
from tests.profile.conftest import BURN_C, Build
from tests.profile.unwind.conftest import ADDRESS, COMMON, Fde, cie, eh_frame

START = re.compile(r" FDE .*pc=([0-9a-f]+)\.\.")


def indexed(path: Path) -> EhFrame | None:
    return indexed_table(ElfFile(bytes_reader(path.read_bytes())))


@pytest.mark.parametrize("strip", [False, True])
def test_a_static_program_has_the_functions_that_readelf_prints(build: Build, strip: bool) -> None:
    program = build(BURN_C, "static", "-static", *(["-s"] if strip else []))
    assert ElfFile(bytes_reader(program.read_bytes())).eh_frame() is None
    words = ["readelf", "--debug-dump=frames", str(program)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    table = indexed(program)
    assert table is not None
    assert list(table.starts) == sorted(int(at, 16) for at in START.findall(done.stdout))


def test_an_index_is_what_the_linker_would_write(burn: Path) -> None:
    elf = ElfFile(bytes_reader(burn.read_bytes()))
    written, section = elf.eh_frame(), elf.eh_frame_section()
    assert written is not None and section is not None
    made = index_entries(*section)
    assert made is not None and made.address == written.address
    for ours, theirs in ((made.starts, written.starts), (made.entries, written.entries)):
        assert list(ours) == [written.base + distance for distance in theirs]


@given(st.lists(st.tuples(st.integers(0, 1 << 24), st.integers(1, 99)), max_size=20), st.booleans())
def test_every_function_is_found_in_order(places: list[tuple[int, int]], is_ended: bool) -> None:
    table = eh_frame([Fde(start, size, b"\x44\x0e\x10") for start, size in places])
    found = index_entries(table.address, table.data + (bytes(4) + b"junk" if is_ended else b""))
    assert ([] if found is None else list(found.starts)) == sorted(start for start, _ in places)
    assert ([] if found is None else sorted(found.entries)) == sorted(table.entries)


def test_addresses_in_other_forms_are_found_too() -> None:
    body = b"\0\0\0\0\1\0\1\x78\x10" + COMMON  # no augmentation: pointers of 8 bytes
    head = (len(body)).to_bytes(4, "little") + body
    entry = (len(head) + 4).to_bytes(4, "little") + (0x1000).to_bytes(8, "little") + bytes(8)
    found = index_entries(ADDRESS, head + len(entry).to_bytes(4, "little") + entry)
    assert found is not None and list(found.starts) == [0x1000]


@given(st.binary(max_size=200))
def test_any_bytes_make_an_index_or_none(data: bytes) -> None:
    index_entries(ADDRESS, cie() + data)


def test_a_table_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_MAX_ENTRIES", 10)
    table = eh_frame([Fde(start, 8, b"") for start in range(0, 800, 8)])
    with pytest.raises(UnreadableError, match="more entries"):
        index_entries(table.address, table.data)


def test_a_file_without_sections_has_no_table(build: Build) -> None:
    data = bytearray(build(BURN_C, "static", "-static").read_bytes())
    data[40:48] = (1 << 40).to_bytes(8, "little")  # e_shoff
    assert indexed_table(ElfFile(bytes_reader(bytes(data)))) is None
