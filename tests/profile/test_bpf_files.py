"""The BPF objects that are kept: built from the sources that are kept, and found."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.profile.alloc_sampler import AllocationSampler
from otx.profile.bpf_files import find_bpf_object
from otx.profile.dump import task_iterator
from otx.profile.fault_sampler import FaultSampler
from otx.profile.libbpf import BpfObject
from otx.profile.records import Counter, RecordKind, SampleFlags, TargetFlags
from otx.profile.sampler import OBJECT_NAME
from otx.profile.unwind.published import BLOCK_SIZE, MAX_MAPPINGS_A_PROCESS
from otx.profile.unwind.rules import BpKind, CfaKind
from otx.profile.unwind.table import PAGE_SHIFT
from otx.profile.unwind.walk import MAX_FRAMES
from otx.profile.wait_sampler import WaitSampler

SOURCES = Path(__file__).parents[2] / "bpf"
OBJECTS = {
    OBJECT_NAME: ("on_fork", "on_exec", "on_exit"),
    AllocationSampler.object_name: ("on_fork", "on_exec", "on_exit"),
    FaultSampler.object_name: ("on_fork", "on_exec", "on_exit"),
    WaitSampler.object_name: ("on_switch", "on_wakeup", "on_first_wakeup"),
    task_iterator.OBJECT_NAME: (),
}
"""Objects that are kept, and programs that are attached to what every kernel has."""


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for tool in ("clang", "llvm-strip", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    tmp_path = tmp_path_factory.mktemp("bpf")
    subprocess.run(
        ["make", "-C", SOURCES, f"OUT={tmp_path}"], check=True, timeout=120, capture_output=True
    )
    return tmp_path


def test_the_kept_objects_are_those_of_the_sources() -> None:
    assert {path.with_suffix(".o").name for path in SOURCES.glob("*.bpf.c")} == set(OBJECTS)
    for name in OBJECTS:
        assert find_bpf_object(name).read_bytes()[:4] == b"\x7fELF"


def test_an_object_that_is_not_there_is_an_error_with_a_hint() -> None:
    with pytest.raises(MachineError, match=r"nothing\.bpf\.o") as missing:
        find_bpf_object("nothing.bpf.o")
    assert "make bpf" in missing.value.hint


def test_no_path_of_the_builder_is_in_an_object(rebuilt: Path) -> None:
    for name in OBJECTS:
        for data in (find_bpf_object(name).read_bytes(), (rebuilt / name).read_bytes()):
            assert str(SOURCES).encode() not in data
            assert str(Path.home()).encode() + b"/" not in data


def test_the_same_compiler_builds_the_kept_bytes(rebuilt: Path) -> None:
    version = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True)
    if "version 14.0.6" not in version.stdout:
        pytest.skip("the kept object is built by clang 14.0.6")
    for name in OBJECTS:
        built, kept = (rebuilt / name).read_bytes(), find_bpf_object(name).read_bytes()
        assert built == kept, "run `make bpf`"


@pytest.mark.bpf
def test_what_is_rebuilt_is_accepted_by_the_kernel(rebuilt: Path, bpf_machine: None) -> None:
    for name, programs in OBJECTS.items():
        with BpfObject(rebuilt / name) as loaded:
            for program in programs:
                loaded.attach(program)
            if programs:
                assert loaded.map("counters").lookup_sum(0) == 0


def header_numbers(name: str) -> dict[str, int]:
    """The constants of a header, and its enumerations by position."""
    text = (SOURCES / name).read_text()
    numbers = {
        key: int(value, 0)
        for key, value in re.findall(r"^#define (\w+) (0x[0-9a-f]+|\d+)\b", text, re.MULTILINE)
    }
    for body in re.findall(r"^enum \w+ \{([^}]*)\};", text, re.MULTILINE):
        for at, (key, shift) in enumerate(re.findall(r"(\w+)(?: = 1 << (\d+))?,?", _bare(body))):
            numbers[key] = 1 << int(shift) if shift else at
    return numbers


def _bare(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def test_walks_mean_the_same_in_bpf_and_in_python() -> None:
    header = header_numbers("unwind.h")
    assert {kind.name: header[f"CFA_{kind.name}"] for kind in CfaKind} == dict(CfaKind.__members__)
    assert {kind.name: header[f"BP_{kind.name}"] for kind in BpKind} == dict(BpKind.__members__)
    assert header["PAGE_SHIFT"] == PAGE_SHIFT
    assert header["MAX_UNWOUND"] == MAX_FRAMES
    assert 4 * header["BLOCK_WORDS"] == BLOCK_SIZE
    assert 1 << header["MAPPING_STEPS"] > MAX_MAPPINGS_A_PROCESS
    assert 1 << header["ROW_STEPS"] > 1 << PAGE_SHIFT


def test_flags_of_records_and_targets_are_the_headers() -> None:
    header = header_numbers("sample.h")
    for flags in (SampleFlags, TargetFlags):
        for flag in flags:
            assert header[flag.name or ""] == flag.value
    assert {it.name: header[f"COUNTER_{it.name}"] for it in Counter} == dict(Counter.__members__)
    text = (SOURCES / "sample.h").read_text()
    for kind in RecordKind:
        assert re.search(rf"\b{kind.name} = {kind.value}\b", text)
