"""Go programs as the Go that is installed builds them: stripped or not, at a fixed place or not."""

import os
from pathlib import Path

import pytest

from otx.model.stack import Frame, Sample
from otx.profile.dump.subject import find_subject
from otx.profile.dump.take import DumpOptions, take_dump
from otx.profile.elf import GO_TABLES, ElfFile, file_reader
from otx.profile.go_functions import GoFunctions
from otx.profile.go_programs import find_go_functions, find_text
from otx.profile.records import Unwinding
from tests.profile.conftest import Build, Start, Take
from tests.profile.go_recorded import addr2line, build, go_command
from tests.profile.sessions import open_session

LEAF_GO = """
package main

import "fmt"

var sink [64]uint64

//go:noinline
func leaf(n uint64) uint64 {
	for i := uint64(0); i < 3000; i++ {
		n = n*31 + i
	}
	return n
}

//go:noinline
func caller(n uint64) uint64 { return leaf(n) + leaf(n+1) }

//go:noinline
func outer(n uint64) uint64 { return caller(n) ^ caller(n+2) }

func main() {
	fmt.Println("ready")
	for i := uint64(0); ; i++ {
		sink[i&63] = outer(i)
	}
}
""".lstrip()
WAIT_GO = """
package main

import (
	"fmt"
	"time"
)

func main() {
	go time.Sleep(time.Hour)
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
""".lstrip()
STRIPPED = ("-ldflags", "-s -w")
AFTER_C = ("-ldflags", "-linkmode=external")  # C's first code comes before Go's
AFTER_C_STRIPPED = ("-ldflags", "-linkmode=external -s -w")

pytestmark = pytest.mark.skipif(not Path(go_command()).exists(), reason="go is not installed")


def functions_of(program: Path) -> tuple[ElfFile, GoFunctions | None]:
    read = file_reader(os.open(program, os.O_RDONLY | os.O_CLOEXEC))
    elf = ElfFile(read)
    return elf, find_go_functions(elf, lambda: read)


@pytest.mark.long  # the compiler builds Go's library first, half a minute
@pytest.mark.parametrize("options", [(), STRIPPED, ("-buildmode=pie", *STRIPPED), AFTER_C])
def test_all_of_a_program_is_named_as_by_addr2line(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    program = build(tmp_path, *options)
    elf, functions = functions_of(program)
    text = elf.section_extent(b".text")
    assert functions is not None and text is not None
    compared = 0
    for address, said in addr2line(program, list(range(text.start, text.stop, 101))).items():
        calls = functions.calls(address)
        if said[0] != "?" and calls:
            compared += 1
            assert (calls[-1].name, calls[0].file, calls[0].line) == said
    assert compared > 1000


@pytest.mark.long
def test_where_gos_code_begins_behind_cs_is_known_without_symbols(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    whole, bare = build(tmp_path, *AFTER_C), build(tmp_path / "bare", *AFTER_C_STRIPPED)
    (begin,) = {text_of(program) for program in (whole, bare)}
    section = functions_of(whole)[0].section_extent(b".text")
    assert begin is not None and section is not None and begin > section.start


def text_of(program: Path) -> int | None:
    elf, _ = functions_of(program)
    table = elf.section_extent(*GO_TABLES)
    return find_text(elf, table.start) if table else None


def test_a_program_in_c_has_no_go_functions(c_program: Path) -> None:
    assert functions_of(c_program)[1] is None


@pytest.fixture
def c_program(build: Build) -> Path:
    return build("int main(void) { return 0; }", "plain")


@pytest.mark.bpf
@pytest.mark.long
@pytest.mark.usefixtures("bpf_machine")
@pytest.mark.parametrize("options", [(), STRIPPED])
def test_samples_have_inlined_calls_and_lines(
    tmp_path: Path, start: Start, take: Take, options: tuple[str, ...]
) -> None:
    process = start(build(tmp_path, *options))
    with open_session([process.pid], frequency_hz=499, lines=True) as session:
        samples: list[Sample] = take(session, 200)
    stacks = [[frame.name for frame in sample.stack] for sample in samples]
    inlined = ["main.outer", "main.middle", "main.inner"]
    inside = [stack for stack in stacks if stack[-3:] == inlined]
    assert len(inside) > 40
    assert all(stack[:-3][-2:] == ["runtime.main", "main.main"] for stack in inside)
    assert any(stack[-1].startswith(("main.square[", "main.sum[")) for stack in stacks)
    frames: list[Frame] = [f for it in samples for f in it.stack if f.name == "main.middle"]
    assert {(Path(frame.file).name, frame.line) for frame in frames} == {("main.go", 31)}


@pytest.mark.bpf
@pytest.mark.long
@pytest.mark.usefixtures("bpf_machine")
@pytest.mark.parametrize("by", ["auto", "fp"])
def test_a_function_without_frame_has_its_caller(
    tmp_path: Path, start: Start, take: Take, by: Unwinding
) -> None:
    process = start(build(tmp_path, *STRIPPED, source=LEAF_GO))
    with open_session([process.pid], frequency_hz=499, unwind=by) as session:
        taken = take(session, 200, lambda sample: sample.stack[-1].name == "main.leaf")
    stacks = {tuple(frame.name for frame in sample.stack[-4:]) for sample in taken}
    assert stacks == {("main.main", "main.outer", "main.caller", "main.leaf")}


@pytest.mark.bpf
@pytest.mark.long
@pytest.mark.usefixtures("bpf_machine")
def test_a_dump_has_the_callers_of_the_systems_own_functions(tmp_path: Path, start: Start) -> None:
    process = start(build(tmp_path, *STRIPPED, source=WAIT_GO))
    dumped = take_dump(find_subject(process.pid), DumpOptions(), pytest.fail)
    stacks = [[frame.name for frame in thread.stack] for thread in dumped.threads]
    waiting = [names for names in stacks if "runtime.futex" in names]
    assert waiting
    for names in waiting:
        at = names.index("runtime.futex")
        assert names[at - 1] in ("runtime.futexsleep", "runtime.futexwakeup")
