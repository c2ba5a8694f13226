"""Addresses of this very process, named."""

import ctypes
import os
from collections.abc import Iterator

import pytest

from otx.model.stack import Frame
from otx.profile.maps import AddressSpace, Mapping, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.profile.symbolizer import AddressBook, UserSymbolizer


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
