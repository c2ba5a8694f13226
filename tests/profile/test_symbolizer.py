"""Addresses of this very process, named."""

import ctypes
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.model.stack import Frame
from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.maps import AddressSpace, Mapping, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.profile.symbolizer import AddressBook, UserSymbolizer
from tests.profile.conftest import Build

# Code that no unwind entry tells of, between functions that have one; and calls through .plt.
STRETCHES_C = """
#include <stdio.h>
__asm__(
    ".text\\n.globl told, untold, untold_end\\n"
    "told: .cfi_startproc\\n nop\\n ret\\n.cfi_endproc\\n"
    "untold: nop\\n nop\\n ret\\nuntold_end:\\n"
);
int main(void) { return puts("x"); }
"""


@pytest.fixture
def book() -> Iterator[AddressBook]:
    memory = ProcessMemory(os.getpid())
    own = AddressBook(os.getpid(), memory, UserSymbolizer(ObjectFiles()))
    own.remap(read_address_space(os.getpid()))
    yield own
    memory.close()


def test_a_function_of_a_library_has_its_name(book: AddressBook) -> None:
    address = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
    assert address is not None
    frame = book.frame(address)
    assert frame is not None
    assert frame.name.endswith("getpid") and frame.module.startswith("libc")


def test_the_vdso_has_names(book: AddressBook) -> None:
    vdso = next(m for m in book.space.executable if m.base_name == "[vdso]")
    frames = [book.frame(address) for address in range(vdso.start, vdso.end, 16)]
    names = {frame.name for frame in frames if frame is not None}
    assert any("clock_gettime" in name for name in names)
    assert all("vdso" in name for name in names if name.startswith("["))


def test_an_address_outside_of_code_has_no_frame(book: AddressBook) -> None:
    assert book.frame(0) is None
    assert book.frame((1 << 64) - 1) is None
    assert book.hidden_caller(0) is None


def test_code_without_a_file_is_anonymous(book: AddressBook) -> None:
    book.remap(AddressSpace([Mapping(0x1000, 0x2000, True, 0, "00:00", 0, "")]))
    assert book.frame(0x1800) == Frame("[anon]", "jit", module="[anon]")


def test_what_is_met_takes_the_place_of_what_it_overlaps(book: AddressBook) -> None:
    old = [Mapping(start, start + 0x1000, True, 0, "", 0, "") for start in (0x1000, 0x2000, 0x5000)]
    book.remap(AddressSpace(old))
    new = Mapping(0x2000, 0x4000, True, 0, "08:01", 5, "/nonexistent/new.so")
    book.add([new])
    assert book.space.executable == [old[0], new, old[2]]
    frame = book.frame(0x3000)
    assert frame is not None and frame.module == "new.so"


def test_a_file_that_cannot_be_read_gives_its_name(book: AddressBook) -> None:
    book.remap(AddressSpace([Mapping(0x1000, 0x2000, True, 0, "08:01", 5, "/nonexistent/lib.so")]))
    assert book.frame(0x1800) == Frame("[lib.so]", "native", module="lib.so")


class TestFunctionsWithoutASymbol:
    @pytest.fixture
    def program(self, build: Build) -> Path:
        return build(STRETCHES_C, "stretches", "-no-pie", "-fcf-protection=none", "-Wl,-z,lazy")

    def frame_at(self, program: Path, address: int) -> Frame:
        """The frame of an address of the file, which is mapped where it says."""
        status = program.stat()
        elf = ElfFile(bytes_reader(program.read_bytes()))
        segment = next(it for it in elf.segments if it.executable)
        end = segment.address + segment.size
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
        place = Mapping(
            segment.address, end, True, segment.offset, device, status.st_ino, str(program)
        )
        files = ObjectFiles()
        code = files.code(os.getpid(), place)
        return UserSymbolizer(files).frame(place, code, address)

    def symbol(self, program: Path, name: str) -> int:
        listed = subprocess.run(["nm", program], capture_output=True, text=True, check=True)
        return next(
            int(line.split()[0], 16)
            for line in listed.stdout.splitlines()
            if line.endswith(f" {name}")
        )

    def test_what_no_entry_tells_of_is_not_the_function_before_it(self, program: Path) -> None:
        told, untold = (self.symbol(program, name) for name in ("told", "untold"))
        subprocess.run(["strip", program], check=True)
        assert self.frame_at(program, told + 1).name == f"[stretches+{told:#x}]"
        assert self.frame_at(program, untold + 1).name == f"[stretches+{untold:#x}]"

    def test_the_linkage_table_is_not_the_function_before_it(self, program: Path) -> None:
        init, sections = self.symbol(program, "_init"), self.sections(program)
        assert self.frame_at(program, init + 4).name == "_init"
        plt = sections[".plt"]
        assert self.frame_at(program, plt + 0x16).name == f"[stretches+{plt:#x}]"

    def sections(self, program: Path) -> dict[str, int]:
        """Where sections lie, by name."""
        words = ["readelf", "-SW", str(program)]
        listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        found = re.findall(r"\] (\.\S+) +\S+ +([0-9a-f]{16}) ", listed)
        return {name: int(address, 16) for name, address in found}


def test_callers_are_known_together_once_each_is_and_until_mappings_change() -> None:
    own = ctypes.CDLL(None)
    addresses = tuple(
        1 + (ctypes.cast(getattr(own, name), ctypes.c_void_p).value or 0)
        for name in ("malloc", "free", "malloc")
    )
    memory = ProcessMemory(os.getpid())
    book = AddressBook(os.getpid(), memory, UserSymbolizer(ObjectFiles()))
    space = read_address_space(os.getpid())
    book.remap(space)
    assert book.callers(addresses) is None, "nobody asked for any of them yet"
    each = [book.frames(address - 1) for address in addresses]
    known = book.callers(addresses)
    assert known == tuple(frame for frames in each for frame in frames)
    assert book.callers(addresses) is known
    assert book.callers((*addresses, 2)) is None, "the last is in no mapping"
    book.remap(AddressSpace())
    assert book.callers(addresses) is None
    memory.close()
