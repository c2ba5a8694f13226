"""The moved part of an evaluation loop: of a stripped library, beside what its symbols said."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.call_frames import CallFrames
from otx.profile.cold_parts import DIVIDED, find_cold_parts
from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from tests.profile.conftest import Build

LOOP_C = """
__attribute__((cold, noinline)) void rare(long n) { __asm__ volatile("" : : "r"(n)); }
__attribute__((noinline)) long other(long n) { __asm__ volatile(""); return 3 * n; }
long _PyEval_EvalFrameDefault(long *code, long n)
{
    long sum = 0;
    for (; n; n--, code++) {
        if (*code == 1) { rare(n); sum ^= other(n); rare(sum); }
        else if (*code == 2) { rare(sum); sum = other(sum) + 1; rare(n); }
        else if (*code == 3) { rare(sum); rare(n); sum -= n; }
        else sum += *code;
    }
    return other(sum);
}
"""


@pytest.fixture
def libraries(build: Build, tmp_path: Path) -> tuple[Path, Path]:
    """A library with all its symbols, and the same stripped."""
    if shutil.which("strip") is None:
        pytest.skip("strip is not installed")
    whole = build(LOOP_C, "libloop.so", "-shared", "-fPIC", "-O2", "-fno-ipa-ra")
    stripped = tmp_path / "libstripped.so"
    subprocess.run(["strip", "-o", stripped, whole], check=True, timeout=60)
    return whole, stripped


def parts_of(raw: bytes) -> dict[int, str]:
    elf = ElfFile(bytes_reader(raw))
    frames = CallFrames.of(elf)
    assert frames is not None
    return dict(find_cold_parts(elf, frames.function_start))


def test_the_part_of_a_stripped_library_is_the_one_that_symbols_named(
    libraries: tuple[Path, Path],
) -> None:
    whole, stripped = (path.read_bytes() for path in libraries)
    ((start, name),) = parts_of(stripped).items()
    symbols = ElfFile(bytes_reader(whole)).code_symbols()
    assert symbols.find(start) == name == f"{DIVIDED.decode()}.cold"
    assert ElfFile(bytes_reader(stripped)).code_symbols().find(start) is None


def test_a_library_without_such_a_function_has_no_parts(build: Build) -> None:
    program = build("int main(void) { return 0; }", "plain")
    assert parts_of(program.read_bytes()) == {}


@given(code=st.binary(max_size=300), start=st.one_of(st.none(), st.integers(0, 1 << 64)))
def test_any_code_has_parts_or_none(code: bytes, start: int | None) -> None:
    class Loop(ElfFile):
        def __init__(self) -> None:
            """No file."""

        def function_code(self, name: bytes, max_size: int) -> tuple[int, bytes] | None:
            return 0x1000, code

        def section_extent(self, *wanted: bytes) -> range | None:
            return range(0x1000, 1 << 63)

    for place, name in find_cold_parts(Loop(), lambda address: start).items():
        assert place == start
        assert name.endswith(".cold")


def test_a_cut_file_raises_the_rooms_error(libraries: tuple[Path, Path]) -> None:
    raw = libraries[1].read_bytes()
    with pytest.raises(UnreadableError):
        parts_of(raw[:4096])
