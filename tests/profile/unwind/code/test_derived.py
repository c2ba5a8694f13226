"""Rules from code, beside those that a compiler wrote down for the same code."""

import os
import struct
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.profile_code import compared, is_same
from otx.profile.elf import EhFrame, ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.unwind.code.beginnings import beginnings
from otx.profile.unwind.code.derived import functions_in_steps, runs
from otx.profile.unwind.code.effects import Base
from otx.profile.unwind.code.flow import Flow
from otx.profile.unwind.code.text import Text
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.object_table import lacks_entries, table_in_steps
from otx.profile.unwind.rules import ENTRY, CfaKind, Rule
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


def counted(elf: ElfFile) -> Counter[str]:
    """How many bytes of code have the same caller by their code as by their entries."""
    entries = indexed_table(elf)
    assert entries is not None
    return compared(elf, table_of(entries), from_code(elf))


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-Os", "-O3"])
def test_code_tells_what_its_compiler_wrote_down(build: Build, level: str) -> None:
    program = build(MANY_WAYS_C, "ways", level, "-fno-stack-protector")
    counts = counted(elf_of(program))
    assert counts["same"] > 500
    # `_start` is known for what has no caller by its first instruction, of two bytes.
    assert (counts["other"] <= 2, counts["none"]) == (True, 0), counts


@pytest.mark.long
def test_the_c_library_of_this_machine_is_told_by_its_code() -> None:
    (path,) = {
        line.split()[-1]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if Path(line.split()[-1]).name == "libc.so.6"
    }
    counts = counted(elf_of(Path(path)))
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
        theirs, ours = written.find(at), both.find(at)
        if theirs.cfa is not CfaKind.GAP and ours != ENTRY:
            assert ours == theirs
    assert both.function_start(main_of(elf) + 9) == main_of(elf)


def main_of(elf: ElfFile) -> int:
    code = elf.function_code(b"main", 1 << 12)
    assert code is not None
    return code[0]


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


def test_a_tail_call_by_a_pointer_goes_by_no_table() -> None:
    #                        lea rdx, data   mov rax, [rdi]   jmp rax   sub rsp  ret
    code = bytes.fromhex("488d150a000000 488b07 ffe0 4883ec10 c3")
    data = struct.pack("<i", 12 - 17)
    assert 12 not in depths(flow_of(code, START, data=data))


def test_a_table_may_be_added_up_by_lea() -> None:
    #                        lea r10, data   movsxd r9,[r10+r9*4] lea r10,[r10+r9] jmp r10  cases
    code = bytes.fromhex("4c8d1511000000 4f638c8a00000000 4f8d140a 41ffe2 c3c3")
    found = depths(flow_of(code, START, data=struct.pack("<2i", -2, -1)))
    assert (found[22], found[23]) == (8, 8)


def test_a_beginning_that_is_found_late_is_followed_anew() -> None:
    """What is at 16 is led into from a call that seems to return, and called from further on."""
    #                        push rax; call 32; nop...                  push rbx; pop; ret
    code = bytes.fromhex("50 e81a000000 90909090909090909090 53 5b c3")
    code = code.ljust(32, b"\xf4") + bytes.fromhex("c3") + b"\xf4" * 15
    code += bytes.fromhex("e8cbffffff c3")  # at 48: call 16; ret
    found = depths(flow_of(code, START + 48, START))
    assert (found[16], found[17], found[18]) == (8, 16, 8)


def test_what_would_return_with_words_on_the_stack_begins_behind_the_call_before() -> None:
    """Nobody names what is at 16; a call to another object is before it, and padding."""
    #                        push rax; call far away; nop...            push rbx; pop; ret
    code = bytes.fromhex("50 e800000100 90909090909090909090 53 5b c3")
    found = depths(flow_of(code, START))
    assert (found[0], found[1], found[16], found[17]) == (8, 8 + 8, 8, 16)


def test_padding_behind_a_call_to_another_object_may_align_a_loop() -> None:
    #                        push rax; call far away; nop...            dec eax; jne; pop; ret
    code = bytes.fromhex("50 e800000100 90909090909090909090 ffc8 75fc 58 c3")
    found = depths(flow_of(code, START))
    assert (found[16], found[21]) == (16, 8)


def test_what_clears_rbp_and_returns_is_no_root() -> None:
    returns, stays = bytes.fromhex("31ed 90 c3"), bytes.fromhex("31ed 90 f4")
    rules = [rule_at(code, 2) for code in (returns, stays)]
    assert [rule.cfa for rule in rules] == [CfaKind.OTHER, CfaKind.END]


def rule_at(code: bytes, at: int) -> Rule:
    flow = flow_of(code, START)
    table = next(it for it in build_of(runs(flow, [])) if it is not None)
    return table.find(START + at)


FIXED_C = """
static int called(int x) { int t[99]; t[x & 63] = x; return t[x & 31]; }
static int listed(int x) { int t[77]; t[x & 63] = x; return t[x & 31]; }
int (*const list[])(int) = { listed };
int (*volatile held)(int);
void _start(void) { held = called; held(list[held(1)](2)); for (;;); }
"""


@pytest.mark.parametrize("without_sections", [False, True])
def test_a_stripped_program_that_is_fixed_names_its_functions_by_numbers(
    build: Build, without_sections: bool
) -> None:
    flags = ("-O1", "-fcf-protection=none", "-static", "-no-pie", "-fno-pie", "-nostdlib")
    elf = elf_of(build(FIXED_C, "fixed", *flags, *NO_ENTRIES[:2]))
    stripped = bytearray(build(FIXED_C, "bare", *flags, *NO_ENTRIES[:2], "-s").read_bytes())
    if without_sections:
        stripped[40:48], stripped[60:64] = bytes(8), bytes(4)  # e_shoff; e_shnum, e_shstrndx
    bare = ElfFile(bytes_reader(bytes(stripped)))
    assert lacks_entries(bare, indexed_table(bare))
    table = from_code(bare)
    for name in (b"called", b"listed"):
        code = elf.function_code(name, 1 << 12)
        assert code is not None
        assert table.function_start(code[0] + len(code[1]) - 1) == code[0]


RESTORER_C = """
__asm__(".globl handle; .type handle, @function; handle: push %rbx; pop %rbx; ret;"
        ".size handle, . - handle; nop; back: mov $15, %rax; syscall");
"""


def test_the_way_out_of_a_signal_handler_is_known_by_its_bytes(build: Build) -> None:
    elf = elf_of(build(RESTORER_C, "librestorer.so", "-shared", *NO_ENTRIES))
    code = elf.function_code(b"handle", 1 << 12)
    assert code is not None
    table = from_code(elf)
    rules = [table.find(code[0] + at).cfa for at in range(6)]
    assert rules == [CfaKind.SP] * 3 + [CfaKind.SIGNAL] * 3
    assert table.function_start(code[0] + 3) == code[0] + 3
    assert table.function_start(code[0] + 2) == code[0]


COLD_C = """
#include <stdlib.h>
long sink;
__attribute__((noinline, cold, noreturn)) void fail(long n) { sink = n; abort(); }
__attribute__((noinline)) long hot(long n) { long t[9]; t[n & 7] = n;
    if (__builtin_expect(n > 5, 0)) { sink = t[n & 3]; fail(n + t[2]); } return t[sink & 7] + n; }
int main(int argc, char **argv) { (void)argv; return (int)(hot(argc) + hot(argc + 1)); }
"""


def test_the_cold_part_of_a_function_is_no_beginning(build: Build) -> None:
    elf = elf_of(build(COLD_C, "cold", "-O2", "-fno-stack-protector"))
    cold = elf.function_code(b"hot.cold", 1 << 12)
    if cold is None:
        pytest.skip("this compiler does not split functions")
    assert cold[0] not in beginnings(elf)
    assert counted(elf)["other"] <= 2


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


SIZE = 1 << 16
WORST = {
    "nothing": "90",
    "branches": "7500",
    "jumps by tables": "ff24c500100000",
    "calls": "e800000000",
    "calls to other objects": "55 e800000070 90909090909090909090",
    "addresses": "488d0503000000",
    "pushes": "55",
}


@pytest.mark.parametrize("kind", WORST)
def test_the_worst_code_takes_time_and_room_of_its_size(kind: str) -> None:
    code = bytes.fromhex(WORST[kind])
    code = code * (SIZE // len(code))
    tracemalloc.start()
    try:
        flow = Flow(Text(START, code, [START], lambda at, size: code[max(0, at - START) :][:size]))
        pauses = sum(1 for _ in flow.follow())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    met = sum(1 for _ in flow.marks.found())
    assert most < 500 * SIZE  # half of it what the numbers of 64 Ki states take
    assert met // 3000 <= pauses <= 4 * SIZE // 1000


def test_there_are_pauses_while_words_of_data_turn_out_to_be_no_beginnings() -> None:
    named = [START] * 10_000
    flow = Flow(Text(START, b"\xc3", [START], lambda at, size: b"", named, is_fixed=True))
    assert sum(1 for _ in flow.follow()) == 10


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
