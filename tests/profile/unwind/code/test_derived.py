"""Rules from code, beside those that a compiler wrote down for the same code."""

import os
import struct
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otx.profile.elf import EhFrame, ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.unwind.code.derived import functions_in_steps
from otx.profile.unwind.code.effects import Base
from otx.profile.unwind.code.flow import Flow
from otx.profile.unwind.code.text import Text
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.object_table import lacks_entries, table_in_steps
from otx.profile.unwind.rules import BpKind, CfaKind, Rule
from otx.profile.unwind.table import UnwindTable, build_of
from otx.profile.unwind.table import build as table_of
from tests.profile.conftest import Build

START = 0x1000

MANY_WAYS_C = r"""
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define FAR __attribute__((noinline))
volatile long sink;
static FAR long one(long x) { sink += x; return x * 3; }
static FAR long two(long x) { return one(x) + one(x + sink); }
static long (*const through[])(long) = { one, two };
static FAR __attribute__((noreturn)) void give_up(const char *why) { puts(why); abort(); }
FAR long pick(long n, long x)
{
    switch (n) { /* a jump by a table, into cases that need the stack */
    case 0: return two(x) + two(x + 1);
    case 1: sink = two(x); break;
    case 2: sink = one(x) / two(3); break;
    case 3: { char t[400]; memset(t, (int)x, 400); return t[sink & 255] + one(x); }
    case 4: sink += one(x) * two(x) * one(x + sink); break;
    case 5: return through[x & 1](x);
    case 6: sink ^= two(two(x)); break;
    case 7: give_up("seven");
    default: sink = 9;
    }
    return sink + two(n);
}
FAR long grows(long n) { char *p = __builtin_alloca(n); memset(p, 1, n); return two(p[n / 2]) + n; }
FAR long aligned(long n) { char t[64] __attribute__((aligned(64))); memset(t, n, 64);
    return two((long)t + n) + t[3]; }
FAR long many(int n, ...) { va_list v; long s = 0; va_start(v, n);
    while (n-- > 0) s += one(va_arg(v, long)); va_end(v); return s; }
FAR long deep(long n) { long t[20]; t[n & 15] = n; if (n > 9) give_up("deep");
    return n < 1 ? sink : deep(n - 1) + t[n & 7]; }
int main(int argc, char **argv)
{
    (void)argv;
    return (int)(pick(argc, 2) + grows(argc * 100) + aligned(argc) + many(3, 1L, 2L, 3L) + deep(9));
}
"""


def elf_of(path: Path) -> ElfFile:
    return ElfFile(bytes_reader(path.read_bytes()))


def from_code(elf: ElfFile, table: EhFrame | None = None) -> UnwindTable:
    return next(it for it in build_of(functions_in_steps(elf, table)) if it is not None)


def compared(elf: ElfFile) -> Counter[str]:
    """How many bytes of code have the same CFA by their code as by their entries."""
    entries = indexed_table(elf)
    assert entries is not None
    written, derived = table_of(entries), from_code(elf)
    counts: Counter[str] = Counter()
    text = elf.section_extent(b".text")
    assert text is not None
    for at in text:
        theirs, ours = written.find(at), derived.find(at)
        if theirs.cfa in (CfaKind.GAP, CfaKind.OTHER):
            continue
        if ours.cfa in (CfaKind.GAP, CfaKind.OTHER):
            counts["not found"] += 1
        else:
            counts["same" if is_same(theirs, ours) else "other"] += 1
    return counts


def is_same(theirs: Rule, ours: Rule) -> bool:
    """A compiler counts from rbp where it has a frame, though rsp would do."""
    if theirs.cfa is CfaKind.BP and ours.cfa is CfaKind.SP:
        return ours.bp is BpKind.AT_CFA and ours.bp_offset == theirs.bp_offset
    return (theirs.cfa, theirs.cfa_offset) == (ours.cfa, ours.cfa_offset)


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-Os", "-O3"])
def test_code_tells_what_its_compiler_wrote_down(build: Build, level: str) -> None:
    program = build(MANY_WAYS_C, "ways", level, "-fno-stack-protector")
    counts = compared(elf_of(program))
    assert counts["same"] > 500
    # `_start` is known for what has no caller by its first instruction, of two bytes.
    assert (counts["other"] <= 2, counts["not found"]) == (True, 0), counts


@pytest.mark.long
def test_the_c_library_of_this_machine_is_told_by_its_code() -> None:
    (path,) = {
        line.split()[-1]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if Path(line.split()[-1]).name == "libc.so.6"
    }
    counts = compared(elf_of(Path(path)))
    assert counts["same"] > 1e6
    assert counts["other"] <= 0.01 * counts["same"], counts


NO_ENTRIES = ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-nostdlib", "-fPIC")


def test_an_object_without_entries_is_told_by_its_code(build: Build) -> None:
    source = "int in(int x) { return x + 1; } int here(int x) { int t[50]; return in(x) + t[3]; }"
    with_entries = elf_of(build(source, "libwith.so", "-shared", "-O0", "-nostdlib", "-fPIC"))
    without = elf_of(build(source, "libwithout.so", "-shared", "-O0", *NO_ENTRIES))
    assert not lacks_entries(with_entries, indexed_table(with_entries))
    assert lacks_entries(without, indexed_table(without))
    table = next(it for it in table_in_steps(without) if it is not None)
    ours, theirs = (it.function_code(b"here", 1 << 12) for it in (without, with_entries))
    entries = indexed_table(with_entries)
    assert ours is not None and theirs is not None and entries is not None
    written = table_of(entries)
    for at in range(len(ours[1])):
        assert is_same(written.find(theirs[0] + at), table.find(ours[0] + at))
        assert table.function_start(ours[0] + at) == ours[0]
    assert written.function_start(theirs[0]) is None


def test_entries_that_are_there_are_kept(build: Build) -> None:
    """musl has some; what a compiler wrote is better than what is found out."""
    elf = elf_of(build(MANY_WAYS_C, "ways", "-O2"))
    entries = indexed_table(elf)
    assert entries is not None
    both, written = from_code(elf, entries), table_of(entries)
    for at in elf.section_extent(b".text") or ():
        if written.find(at).cfa is not CfaKind.GAP:
            assert both.find(at) == written.find(at)


def flow_of(code: bytes, *entries: int, data: bytes = b"") -> Flow:
    """What is found out of code at START, with data behind it."""

    def read(address: int, size: int) -> bytes:
        return (code + data)[address - START :][:size] if address >= START else b""

    flow = Flow(Text(START, code, entries, read))
    for _ in flow.follow():
        pass
    return flow


def depths(flow: Flow) -> dict[int, int]:
    return {it.address - START: it.state.depth for it in flow.marks.found()}


def test_behind_a_call_that_never_returns_another_function_may_begin() -> None:
    code = bytes.fromhex("50 e805000000 58 c3 909090 f4")  # push rax; call; pop rax; ret; hlt
    assert depths(flow_of(code, START)) == {0: 8, 1: 16, 11: 8}


def test_behind_a_call_that_returns_code_goes_on() -> None:
    code = bytes.fromhex("50 e805000000 58 c3 909090 c3")
    assert depths(flow_of(code, START)) == {0: 8, 1: 16, 6: 16, 7: 8, 11: 8}


def test_a_table_of_distances_leads_to_as_many_cases_as_were_compared_with() -> None:
    #                        sub rsp  cmp    ja   lea rdx, table movsxd   add    jmp cases
    code = bytes.fromhex("4883ec10 83ff01 7711 488d150c000000 48630482 4801d0 ffe0 f4 f4 c3")
    data = struct.pack("<3i", 25 - 28, 26 - 28, 27 - 28)
    found = depths(flow_of(code, START, data=data))
    assert (found[25], found[26], 27 in found) == (24, 24, False)


@given(
    st.binary(max_size=300),
    st.lists(st.integers(START - 5, START + 305), max_size=5),
    st.binary(max_size=40),
)
def test_any_code_can_be_followed(code: bytes, entries: list[int], data: bytes) -> None:
    flow = flow_of(code, *entries, data=data)
    for it in flow.marks.found():
        assert START <= it.address < it.end <= START + len(code)
        assert it.state.base in (Base.ROOT, Base.NONE) or it.state.depth > 0


OWN = Path(os.path.realpath("/bin/true")).read_bytes()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1 << 15), st.binary(min_size=1, max_size=8)), max_size=6))
def test_hostile_files_raise_the_rooms_error_only(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(OWN)
    for offset, change in changes:
        data[offset : offset + len(change)] = change
    try:
        elf = ElfFile(bytes_reader(bytes(data)))
        for table in build_of(functions_in_steps(elf, None)):
            if table is not None:
                table.find(START)
                table.function_start(START)
    except UnreadableError:
        pass
