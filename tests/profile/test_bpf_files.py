"""The BPF objects that are kept: built from the sources that are kept, and found."""

import shutil
import subprocess
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.profile.bpf_files import find_bpf_object
from otx.profile.libbpf import BpfObject
from otx.profile.sampler import OBJECT_NAME

SOURCES = Path(__file__).parents[2] / "bpf"
PROGRAMS = ("on_tick", "on_fork", "on_exec", "on_exit")


@pytest.fixture
def rebuilt(tmp_path: Path) -> Path:
    for tool in ("clang", "llvm-strip", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    subprocess.run(
        ["make", "-C", SOURCES, f"OUT={tmp_path}"], check=True, timeout=120, capture_output=True
    )
    return tmp_path / OBJECT_NAME


def test_the_kept_object_is_found() -> None:
    assert find_bpf_object(OBJECT_NAME).read_bytes()[:4] == b"\x7fELF"


def test_an_object_that_is_not_there_is_an_error_with_a_hint() -> None:
    with pytest.raises(MachineError, match=r"nothing\.bpf\.o") as missing:
        find_bpf_object("nothing.bpf.o")
    assert "make bpf" in missing.value.hint


def test_no_path_of_the_builder_is_in_an_object(rebuilt: Path) -> None:
    for data in (find_bpf_object(OBJECT_NAME).read_bytes(), rebuilt.read_bytes()):
        assert str(SOURCES).encode() not in data
        assert str(Path.home()).encode() + b"/" not in data


def test_the_same_compiler_builds_the_kept_bytes(rebuilt: Path) -> None:
    version = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True)
    if "version 14.0.6" not in version.stdout:
        pytest.skip("the kept object is built by clang 14.0.6")
    assert rebuilt.read_bytes() == find_bpf_object(OBJECT_NAME).read_bytes(), "run `make bpf`"


@pytest.mark.bpf
def test_what_is_rebuilt_is_accepted_by_the_kernel(rebuilt: Path, bpf_machine: None) -> None:
    with BpfObject(rebuilt) as loaded:
        for program in PROGRAMS[1:]:
            loaded.attach(program)
        assert loaded.map("counters").lookup_sum(0) == 0
