"""Object files as processes have them mapped."""

import ctypes
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from otx.profile.call_frames import CallFrames
from otx.profile.elf import ElfFile
from otx.profile.maps import Mapping, read_address_space
from otx.profile.objects import ObjectCode, ObjectFiles, opened
from otx.profile.symbol_cache import SymbolCache
from otx.profile.symbols import order_symbols
from tests.profile.conftest import Build, Start
from tests.profile.go_recorded import load
from tests.profile.unwind.conftest import Fde, eh_frame

LIBRARY_C = "int shared_value = 3; int shared_function(int x) { return x + shared_value; }"


@pytest.fixture
def library(build: Build) -> Path:
    return build(LIBRARY_C, "libmine.so", "-shared", "-fPIC")


def mapping_of(name: str) -> Mapping:
    space = read_address_space(os.getpid())
    return next(mapping for mapping in space.executable if mapping.base_name == name)


def test_a_function_and_a_variable_lie_where_the_loader_put_them(library: Path) -> None:
    loaded = ctypes.CDLL(str(library))
    files, mapping = ObjectFiles(), mapping_of("libmine.so")
    code = files.code(os.getpid(), mapping)
    function = ctypes.cast(loaded.shared_function, ctypes.c_void_p).value
    assert code is not None and function is not None
    assert code.name(function) == "shared_function"
    assert code.start(function + 1) == function - code.bias
    value = ctypes.addressof(ctypes.c_int.in_dll(loaded, "shared_value"))
    wanted = frozenset((b"shared_value",))
    assert files.data_addresses(os.getpid(), mapping, wanted) == {b"shared_value": value}


def test_a_deleted_file_is_still_read(library: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("/proc/PID/map_files is for root")
    copy = tmp_path / "libgone.so"
    shutil.copy(library, copy)
    loaded = ctypes.CDLL(str(copy))
    copy.unlink()
    code = ObjectFiles().code(os.getpid(), mapping_of("libgone.so"))
    function = ctypes.cast(loaded.shared_function, ctypes.c_void_p).value
    assert code is not None and function is not None
    assert code.name(function) == "shared_function"


def test_what_is_mapped_is_read_not_what_replaced_it(
    library: Path, build: Build, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("/proc/PID/map_files is for root")
    copy = tmp_path / "libreplaced.so"
    shutil.copy(library, copy)
    loaded = ctypes.CDLL(str(copy))
    build("int newer_function(int x) { return x; }", "newer.so", "-shared", "-fPIC").replace(copy)
    mapping = mapping_of("libreplaced.so")
    code = ObjectFiles().code(os.getpid(), mapping)
    function = ctypes.cast(loaded.shared_function, ctypes.c_void_p).value
    assert mapping.is_deleted and code is not None and function is not None
    assert code.name(function) == "shared_function"
    # Where the mapping's link is not to be had, the path is not taken for it.
    elsewhere = replace(mapping, start=mapping.start + 1)
    assert ObjectFiles().code(os.getpid(), elsewhere) is None


def test_a_deleted_program_is_read_by_its_link_without_rights(
    build: Build, start: Start, tmp_path: Path
) -> None:
    main = (
        "#include <stdio.h>\n#include <unistd.h>\n"
        'int main(void) { puts("ready"); fflush(stdout); return pause(); }'
    )
    program = build(main, "deleted")
    process = start(program)
    program.unlink()
    space = read_address_space(process.pid)
    mapping = next(one for one in space.executable if one.base_name == "deleted")
    code = ObjectFiles().code(process.pid, replace(mapping, start=mapping.start + 1))
    assert mapping.is_deleted and code is not None
    assert "main" in {code.name(at) for at in range(mapping.start, mapping.end, 4)}


def test_another_file_at_the_path_of_an_ended_process_is_not_taken(library: Path) -> None:
    status = library.stat()
    gone = Mapping(0x1000, 0x2000, True, 0x1000, "00:00", status.st_ino + 1, str(library))
    assert ObjectFiles().code(1 << 30, gone) is None


def test_what_is_no_object_has_no_code(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no object")
    mapping = Mapping(0x1000, 0x2000, True, 0, "00:00", text.stat().st_ino, str(text))
    assert ObjectFiles().code(1 << 30, mapping) is None


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lib.so")
    mapping = Mapping(0x1000, 0x2000, True, 0, "00:01", 4711, str(tmp_path / "lib.so"))
    with opened(os.getpid(), mapping) as descriptor:
        assert descriptor is None


def test_where_no_table_is_the_go_runtimes_own_says_what_a_walk_misses() -> None:
    program = load("1.26")
    hidden = {at: distance for at, distance in program.hidden.items() if distance is not None}
    leaf = next(at for at, distance in hidden.items() if distance == 0)
    nothing = order_symbols([])
    elsewhere = CallFrames.kept(eh_frame([Fde(leaf - 0x1000, 8, b"\x0e\x10")]))
    here = CallFrames.kept(eh_frame([Fde(leaf, 8, b"\x0e\x10")]))
    for unwind in (None, elsewhere):
        code = ObjectCode(0x1000, nothing, unwind, program.functions)
        for by_tables in (False, True):
            assert code.hidden_caller(leaf + 0x1000, by_tables=by_tables) == 0
    by_c = ObjectCode(0x1000, nothing, here, program.functions)
    assert by_c.hidden_caller(leaf + 0x1000) == 8
    assert by_c.hidden_caller(leaf + 0x1000, by_tables=True) is None


def test_kept_symbols_are_neither_read_nor_ordered_again(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = "".join(f"int function_{number}(void) {{ return {number}; }}\n" for number in range(99))
    path = build(many, "libmany.so", "-shared", "-fPIC")
    loaded = ctypes.CDLL(str(path))
    function = ctypes.cast(loaded.function_42, ctypes.c_void_p).value
    mapping = mapping_of("libmany.so")

    def name() -> str | None:
        code = ObjectFiles(SymbolCache.below(tmp_path)).code(os.getpid(), mapping)
        assert code is not None and function is not None
        return code.name(function)

    assert name() == "function_42"
    monkeypatch.setattr(ElfFile, "read_symbols", lambda elf: pytest.fail("it read them"))
    assert name() == "function_42"
    (kept,) = (tmp_path / "symbols").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    monkeypatch.undo()
    assert name() == "function_42", "what is not whole is made anew"
