"""What the dynamic linker reads of files: real ones, and hostile ones."""

import shutil
import struct
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otx.profile.context.dynamic import DynamicObject, gnu_hash
from otx.profile.elf import bytes_reader
from otx.profile.errors import UnreadableError
from tests.profile.conftest import Build

SOURCE = "__thread int of_thread = 7; int of_all = 8; int called(void) { return of_thread; }"


@pytest.mark.parametrize(
    ("name", "hashed"),
    [(b"", 0x1505), (b"printf", 0x156B2BB8), (b"exit", 0x7C967E3F), (b"syscall", 0xBAC212A0)],
)
def test_hashes_are_those_of_the_format(name: bytes, hashed: int) -> None:
    assert gnu_hash(name) == hashed


def test_symbols_of_a_library_are_found_by_name(build: Build) -> None:
    data = build(SOURCE, "lib.so", "-shared", "-fPIC").read_bytes()
    file = DynamicObject(bytes_reader(data))
    assert not file.is_program
    assert file.tls_size == 4
    of_thread, of_all = file.symbol(b"of_thread"), file.symbol(b"of_all")
    assert of_thread is not None and (of_thread.type, of_thread.value) == (6, 0)
    assert of_all is not None and of_all.type == 1
    assert file.symbol(b"called") is not None
    assert file.symbol(b"callee") is None
    assert file.symbol(b"") is None
    assert any(it.kind == 16 and it.symbol == of_thread.index for it in file.relocations())


def test_what_is_used_and_not_defined_is_not_found(build: Build) -> None:
    source = "extern __thread int elsewhere; int called(void) { return elsewhere; }"
    data = build(source, "lib.so", "-shared", "-fPIC").read_bytes()
    assert DynamicObject(bytes_reader(data)).symbol(b"elsewhere") is None


def test_a_program_is_known_as_one(build: Build) -> None:
    for flags in (("-pie", "-fpie"), ("-no-pie",)):
        data = build("int main(void) { return 0; }", "program", *flags).read_bytes()
        assert DynamicObject(bytes_reader(data)).is_program


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library with all tables, which tests break."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("library")
    (folder / "lib.c").write_text(SOURCE)
    words = ["gcc", "-shared", "-fPIC", str(folder / "lib.c"), "-o", str(folder / "lib.so")]
    subprocess.run(words, check=True, timeout=60)
    return (folder / "lib.so").read_bytes()


def read_all(data: bytes) -> None:
    """Ask for all there is; nothing but UnreadableError may come of it."""
    try:
        file = DynamicObject(bytes_reader(data))
        file.symbol(b"of_thread")
        for _ in zip(range(1000), file.relocations(), strict=False):
            pass
    except UnreadableError:
        pass


@given(st.binary(max_size=300))
@example(b"")
def test_what_is_no_file_is_unreadable(data: bytes) -> None:
    read_all(data)
    read_all(b"\x7fELF\x02\x01" + data)


@given(st.data())
def test_a_broken_file_is_unreadable_at_worst(library: bytes, data: st.DataObject) -> None:
    broken = bytearray(library)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(broken) // 8 - 1)) * 8
        word = data.draw(st.sampled_from([0, 1, (1 << 64) - 1, 1 << 63, 1 << 32, at]))
        struct.pack_into("<Q", broken, at, word)
    read_all(bytes(broken[: data.draw(st.integers(0, len(broken)))]))
    read_all(bytes(broken))
