"""Object files as processes have them mapped."""

import ctypes
import os
import shutil
from pathlib import Path

import pytest

from otx.profile.maps import Mapping, read_address_space
from otx.profile.objects import ObjectFiles
from tests.profile.conftest import Build

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


def test_another_file_at_the_path_of_an_ended_process_is_not_taken(library: Path) -> None:
    status = library.stat()
    gone = Mapping(0x1000, 0x2000, True, 0x1000, "00:00", status.st_ino + 1, str(library))
    assert ObjectFiles().code(1 << 30, gone) is None


def test_what_is_no_object_has_no_code(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no object")
    mapping = Mapping(0x1000, 0x2000, True, 0, "00:00", text.stat().st_ino, str(text))
    assert ObjectFiles().code(1 << 30, mapping) is None
