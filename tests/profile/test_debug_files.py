"""Debug files as binutils makes them: where they are looked for, and which of them count."""

import lzma
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile import debug_files
from otx.profile.debug_files import (
    Places,
    build_id_path,
    embedded_symbols,
    find_debug_symbols,
    parse_debug_link,
)
from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.profile.symbol_cache import SymbolCache
from otx.profile.symbolizer import AddressBook, UserSymbolizer
from tests.profile.conftest import Build, Start

SOURCE = """
#include <stdio.h>
#include <unistd.h>
volatile int sink;
static __attribute__((noinline)) int hidden(int n) { sink += n; return sink; }
int main(void) { printf("ready\\n"); fflush(stdout); hidden(3); for (;;) pause(); }
"""
BUILD_ID = "00112233445566778899aabbccddeeff00112233"
PATH = "/srv/bin/shop"


class Stripped:
    """A program in a root of its own, and what was taken out of it.

    Attributes:
        hidden: Where its function `hidden` is.
    """

    def __init__(self, folder: Path, whole: Path) -> None:
        self.root = folder / "root"
        self.program = self.root / PATH[1:]
        self.debug = folder / "shop.debug"
        self.hidden = address_of(whole.read_bytes(), "hidden")
        self.program.parent.mkdir(parents=True)
        objcopy("--only-keep-debug", whole, self.debug)
        objcopy("--strip-all", whole, self.program)

    def put(self, place: str) -> Path:
        """The debug file in a place below the root."""
        target = self.root / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.debug, target)
        return target

    def link(self) -> None:
        """Have the program name its debug file."""
        objcopy(f"--add-gnu-debuglink={self.debug}", self.program)

    def found(self, *roots: object) -> str | None:
        """The name of `hidden` by what is found below some roots."""
        elf = ElfFile(bytes_reader(self.program.read_bytes()))
        assert elf.code_symbols().find(self.hidden) is None
        places = Places(PATH, [str(it) for it in roots or (self.root,)])
        table = find_debug_symbols(elf, places, SymbolCache(), ("0:0", 0, 0, 0))
        return table.find(self.hidden) if table else None


def objcopy(*words: object) -> None:
    subprocess.run(["objcopy", *map(str, words)], check=True, timeout=60)


def address_of(raw: bytes, name: str) -> int:
    symbols = ElfFile(bytes_reader(raw)).code_symbols()
    return next(at for at in range(0x1000, 0x500000) if symbols.find(at) == name)


MakeStripped = Callable[..., Stripped]


@pytest.fixture
def strip_one(build: Build, tmp_path: Path) -> MakeStripped:
    if shutil.which("objcopy") is None:
        pytest.skip("objcopy is not installed")

    def make(build_id: str = f"0x{BUILD_ID}") -> Stripped:
        return Stripped(tmp_path, build(SOURCE, "shop", f"-Wl,--build-id={build_id}"))

    return make


def test_a_file_is_found_by_its_build_id(strip_one: MakeStripped, tmp_path: Path) -> None:
    stripped = strip_one()
    assert stripped.found() is None
    stripped.put(build_id_path(bytes.fromhex(BUILD_ID)))
    assert stripped.found() == "hidden"
    assert stripped.found(tmp_path / "none", stripped.root) == "hidden"


@pytest.mark.parametrize("folder", ["/srv/bin", "/srv/bin/.debug", "/usr/lib/debug/srv/bin"])
@pytest.mark.parametrize("build_id", [f"0x{BUILD_ID}", "none"])
def test_a_file_is_found_by_the_link(strip_one: MakeStripped, folder: str, build_id: str) -> None:
    stripped = strip_one(build_id)
    stripped.link()
    stripped.put(f"{folder}/shop.debug")
    assert stripped.found() == "hidden"


def test_one_of_another_build_does_not_count(strip_one: MakeStripped) -> None:
    stripped = strip_one()
    stripped.link()
    raw = stripped.debug.read_bytes()
    stripped.debug.write_bytes(raw.replace(bytes.fromhex(BUILD_ID), bytes(20)))
    stripped.put(build_id_path(bytes.fromhex(BUILD_ID)))
    stripped.put("/srv/bin/shop.debug")
    assert stripped.found() is None


def test_one_with_another_checksum_does_not_count(strip_one: MakeStripped) -> None:
    stripped = strip_one()
    stripped.link()
    stripped.debug.write_bytes(stripped.debug.read_bytes() + b"\0")
    stripped.put("/srv/bin/shop.debug")
    assert stripped.found() is None


def test_what_is_no_file_is_not_opened(strip_one: MakeStripped) -> None:
    stripped = strip_one()
    place = stripped.root / build_id_path(bytes.fromhex(BUILD_ID)).lstrip("/")
    place.parent.mkdir(parents=True)
    os.mkfifo(place)  # to open it would be to wait for a writer
    assert stripped.found() is None


def test_the_compressed_table_of_an_object_counts_where_there_is_no_file(
    strip_one: MakeStripped, tmp_path: Path
) -> None:
    stripped = strip_one()
    packed = tmp_path / "packed.xz"
    packed.write_bytes(lzma.compress(stripped.debug.read_bytes()))
    objcopy("--add-section", f".gnu_debugdata={packed}", stripped.program)
    assert stripped.found() == "hidden"


def test_a_stripped_program_that_runs_has_the_names_of_its_debug_file(
    strip_one: MakeStripped, start: Start
) -> None:
    stripped = strip_one()
    stripped.link()
    process = start(stripped.program)
    memory = ProcessMemory(process.pid)
    space = read_address_space(process.pid)
    mapping = next(it for it in space.executable if it.base_name == "shop")

    def name() -> str:
        book = AddressBook(process.pid, memory, UserSymbolizer(ObjectFiles()))
        book.remap(space)
        code = book.code(mapping.start)
        assert code is not None and code[1] is not None
        frame = book.frame(stripped.hidden + code[1].bias)
        return frame.name if frame else ""

    assert name().startswith("[shop+0x")
    stripped.put(f"{stripped.program.parent}/.debug/shop.debug".removeprefix(str(stripped.root)))
    assert name() == "hidden"
    memory.close()


def test_files_are_looked_for_once_and_when_a_name_is_asked_for(
    strip_one: MakeStripped, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripped = strip_one()
    process = start(stripped.program)
    asked: list[str] = []

    def look(elf: ElfFile, places: Places, *_: object) -> None:
        asked.append(places.path)

    monkeypatch.setattr("otx.profile.objects.find_debug_symbols", look)
    space = read_address_space(process.pid)
    mapping = next(it for it in space.executable if it.base_name == "shop")
    code = ObjectFiles().code(process.pid, mapping)
    assert code is not None and asked == []
    assert code.name(stripped.hidden + code.bias) is None
    assert code.name(stripped.hidden + code.bias + 1) is None
    assert asked == [str(stripped.program)]


def test_a_link_has_a_name_and_a_checksum() -> None:
    for name in ("a", "abc", "abcd", "shop.debug"):
        padded = name.encode().ljust(len(name) + 4 & -4, b"\0")
        link = parse_debug_link(padded + struct.pack("<I", 4711))
        assert link is not None and (link.name, link.checksum) == (name, 4711)


@pytest.mark.parametrize(
    "section",
    [
        *(b"", b"abc", b"abc\0\1\2\3", b"\0\0\0\0\1\2\3\4", b"..\0\0\1\2\3\4"),
        *(b".\0\0\0\1\2\3\4", b"../x.debug\0\0\1\2\3\4", b"x" * 299 + b"\0\1\2\3\4"),
    ],
)
def test_what_is_no_name_in_a_folder_is_no_link(section: bytes) -> None:
    assert parse_debug_link(section) is None


@given(st.binary(max_size=40))
def test_hostile_links_stay_in_their_folder(section: bytes) -> None:
    link = parse_debug_link(section)
    assert link is None or ("/" not in link.name and link.name not in ("", ".", ".."))


@given(st.binary(max_size=200), st.integers(0, 200), st.binary(max_size=3))
def test_hostile_tables_are_refused_or_name_nothing(content: bytes, at: int, change: bytes) -> None:
    packed = bytearray(lzma.compress(b"\x7fELF\x02\x01" + content))
    packed[at : at + len(change)] = change
    for section in (content, bytes(packed), bytes(packed[:at])):
        try:
            table = embedded_symbols(section)
        except UnreadableError:
            continue
        assert table is not None and table.find(0x1000) is None


def test_a_table_that_unpacks_to_more_than_any_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debug_files, "_MAX_UNPACKED", 1 << 20)
    with pytest.raises(UnreadableError, match="64 MiB"):
        embedded_symbols(lzma.compress(bytes((1 << 20) + 1)))
