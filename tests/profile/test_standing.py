"""The stack of a program that sleeps, read from outside."""

from pathlib import Path

from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.profile.records import RecordKind, SampleFlags, SampleRecord
from otx.profile.standing import StandingThreads
from otx.profile.symbolizer import AddressBook, UserSymbolizer
from otx.profile.unwind.cache import TableCache
from tests.conftest import wait_until
from tests.profile.conftest import Build, Start

SLEEP_C = """
#include <stdio.h>
#include <unistd.h>
__attribute__((noinline)) void inner(void) { pause(); puts(""); }
__attribute__((noinline)) void outer(void) { inner(); puts(""); }
int main(void) { puts("ready"); fflush(stdout); outer(); return 0; }
"""
PAUSE = 34  # asm/unistd_64.h


def record_of(pid: int) -> SampleRecord:
    """A sleeping thread's registers (proc(5), syscall); rbp is not told and not needed here."""
    *_, sp, pc = (int(word, 16) for word in Path(f"/proc/{pid}/syscall").read_text().split()[1:])
    registers = (pc, sp, 0, 0)
    return SampleRecord(
        *(pid, pid, SampleFlags.GOES_ON, 0, "sleep", "sleep", (), (), (), registers),
        kind=RecordKind.WAIT,
    )


def test_a_sleeping_program_is_walked_to_its_root(
    build: Build, start: Start, tmp_path: Path
) -> None:
    pid = start(build(SLEEP_C, "sleeper", "-fno-optimize-sibling-calls")).pid
    syscall = Path(f"/proc/{pid}/syscall")
    wait_until(lambda: syscall.read_text().startswith(f"{PAUSE} "), "it sleeps")
    space, memory = read_address_space(pid), ProcessMemory(pid)
    for cache in (None, TableCache(tmp_path / "unwind")):
        found = StandingThreads(cache).completed(record_of(pid), space, memory, None)
        assert found.flags & SampleFlags.USER_ROOT
        book = AddressBook(pid, memory, UserSymbolizer(ObjectFiles()))
        book.remap(space)
        names = [frame.name for at in found.user[1:] if (frame := book.frame(at - 1))]
        assert names[:3] == ["inner", "outer", "main"]
        assert names[-1] == "_start"
    memory.close()


def test_a_process_that_is_gone_has_no_frames_and_no_error() -> None:
    record = SampleRecord(1 << 30, 1 << 30, 0, 0, "x", "x", (), (), (), (0x1000, 0x2000, 0, 0))
    memory = ProcessMemory(1 << 30)
    found = StandingThreads(None).completed(record, read_address_space(1 << 30), memory, None)
    assert found.user == (0x1000,)
    assert found.flags & SampleFlags.USER_UNMAPPED
