"""Stacks of live programs that were built without frame pointers, walked by unwind tables."""

import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from otx.model.stack import Sample
from otx.profile import backends
from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.launch import GatedCommand
from otx.profile.maps import Mapping, read_address_space
from otx.profile.session import ProfileSession
from otx.profile.unwind import room
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.published import BLOCK_SIZE
from otx.profile.unwind.table import build as built_table
from tests.conftest import wait_until
from tests.profile.conftest import BURN_C, POLL_S, Build, Start, Take
from tests.profile.sessions import open_session
from tests.profile.unwind.programs import C_FLAGS, CLOCK_C, DEEP_C, SIGNAL_C, THREAD_C

pytestmark = [pytest.mark.bpf, pytest.mark.usefixtures("bpf_machine")]

SHARED_C = """
volatile unsigned long sink;
__attribute__((noinline)) void in_library(unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) sink += i;
}
"""


def names(sample: Sample) -> list[str]:
    return [frame.name for frame in sample.stack]


def check_whole(take: Take, session: ProfileSession, *wanted: str, share: float = 0.97) -> None:
    """Stacks with the last of these functions have all of them, from the first one that has."""

    def is_met(sample: Sample) -> bool:
        return wanted[-1] in names(sample)

    def is_whole(sample: Sample) -> bool:
        return tuple(name for name in names(sample) if name in wanted) == wanted

    take(session, 1, is_whole)
    samples = take(session, 200, is_met)
    assert sum(map(is_whole, samples)) >= share * len(samples)


BARE = C_FLAGS

FORK_C = """
#include <stdio.h>
#include <unistd.h>
volatile unsigned long sink;
__attribute__((noinline)) void burn(void) { for (unsigned i = 0; i < 100000; i++) sink += i; }
__attribute__((noinline)) void child(void) { for (;;) burn(); }
int main(void)
{
    puts("ready");
    fflush(stdout);
    getchar();
    if (!fork()) child();
    pause();
    return 0;
}
"""
SWAP_C = """
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
static volatile sig_atomic_t is_told;
static void tell(int number) { is_told = number; }
int main(int count, char **words)
{
    signal(SIGUSR1, tell);
    puts("ready");
    fflush(stdout);
    for (int i = 0;; i = 1) {
        void *library = dlopen(words[1 + i], RTLD_NOW);
        void (*function)(unsigned long) = dlsym(library, "in_library");
        while (i || !is_told) function(100000);
        dlclose(library);
    }
}
"""
WIDE_C = """
volatile unsigned long sink;
__attribute__((noinline)) void wide(unsigned long n)
{
    volatile char room[4000];
    room[n & 7] = 1;
    for (unsigned long i = 0; i < n; i++) sink += i + room[1];
}
void in_library(unsigned long n) { wide(n); sink++; }
"""
LOST_C = """
#include <stdio.h>
#include <string.h>
static unsigned long junk[4096];
int main(void)
{
    puts("ready");
    fflush(stdout);
    memset(junk, 0x5a, sizeof(junk));
    for (unsigned long i = 0; i < 2048; i += 2) junk[i] = (unsigned long)&junk[i + 2];
    __asm__ volatile("mov %0, %%rsp\\n mov %0, %%rbp\\n 1: jmp 1b" : : "r"(junk) : "memory");
    return 0;
}
"""

LATE_C = """
#include <dlfcn.h>
#include <stdio.h>
__attribute__((noinline)) static void call(void (*function)(unsigned long))
{
    for (;;) function(100000);
}
int main(int count, char **words)
{
    puts("ready");
    fflush(stdout);
    getchar();
    void *library = dlopen(words[1], RTLD_NOW);
    call(dlsym(library, "in_library"));
    return 0;
}
"""


@pytest.mark.parametrize("unwind", ["auto", pytest.param("dwarf", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("count", "margin"), [(1500, 0.05), pytest.param(10_000, 0.02, marks=pytest.mark.long)]
)
def test_shares_are_true_without_frame_pointers(
    build: Build, start: Start, take: Take, unwind: str, count: int, margin: float
) -> None:
    """Within four standard errors of a share of a half among so many samples."""
    process = start(build(BURN_C, "bare", *BARE))
    with open_session([process.pid], unwind=unwind) as session:
        samples = take(session, count)
        stats = session.stats()
    on_stack = Counter(name for sample in samples for name in set(names(sample)))
    for function, share in (("five", 0.5), ("three", 0.3), ("two", 0.2)):
        assert abs(on_stack[function] / len(samples) - share) < margin, on_stack
    assert stats.unwound_fully >= 0.99 * stats.samples
    assert on_stack["main"] >= 0.99 * len(samples)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        pytest.param(SIGNAL_C, ["main", "interrupted", "handler"], id="signal handler"),
        pytest.param(THREAD_C, ["work", "compare"], id="thread, C library between"),
        pytest.param(CLOCK_C, ["main", "look"], id="vdso"),
    ],
)
def test_stacks_go_through_what_the_system_puts_between(
    build: Build, start: Start, take: Take, source: str, wanted: list[str]
) -> None:
    process = start(build(source, "program", *BARE))
    with open_session([process.pid], unwind="dwarf") as session:
        samples = take(session, 200)
        stats = session.stats()
    assert stats.unwound_fully >= 0.99 * stats.samples
    in_order = [s for s in samples if [name for name in names(s) if name in wanted] == wanted]
    assert len(in_order) >= 0.97 * len(samples)


MUSL_GCC = "musl-gcc"

MUSL_C = r"""
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static int numbers[4000];
__attribute__((noinline)) int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}
__attribute__((noinline)) void *wait(void *unused)
{
    for (;;)
        poll(0, 0, 5);
    return unused;
}
__attribute__((noinline)) void sort(void)
{
    char text[40];
    for (int at = 0; at < 4000; at++)
        numbers[at] = rand();
    qsort(numbers, 4000, sizeof *numbers, compare);
    snprintf(text, sizeof text, "%f", numbers[0] / 3.0);
}
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, wait, 0);
    puts("ready");
    fflush(stdout);
    for (;;)
        sort();
}
"""


@pytest.mark.parametrize("event", ["cpu", "offcpu"])
def test_programs_with_musl_have_whole_stacks(
    build: Build, start: Start, take: Take, event: str
) -> None:
    """Its threads begin, wait and are called back in a library without unwind entries."""
    if shutil.which(MUSL_GCC) is None:
        pytest.skip("musl-gcc is not installed: apt install musl-tools")
    process = start(build(MUSL_C, "musl", *BARE, compiler=MUSL_GCC))
    with open_session([process.pid], unwind="dwarf", event=event) as session:
        samples = take(session, 100)
        stats = session.stats()
    assert stats.unwound_fully >= 0.99 * stats.samples
    is_main = event == "cpu"
    wanted = ["main", "sort"] if is_main else ["wait", "poll"]
    of_thread = [sample for sample in samples if (sample.tid == process.pid) == is_main]
    found = [s for s in of_thread if [name for name in names(s) if name in wanted] == wanted]
    assert len(found) >= 0.9 * len(of_thread) > 0
    assert not is_main or any("compare" in names(sample) for sample in samples)


@pytest.mark.parametrize("strip", [False, pytest.param(True, marks=pytest.mark.long)])
def test_static_programs_have_whole_stacks(
    build: Build, start: Start, take: Take, strip: bool
) -> None:
    process = start(build(BURN_C, "static", *BARE, "-static", *(["-s"] if strip else [])))
    with open_session([process.pid], unwind="dwarf", kernel=False) as session:
        samples = take(session, 100)
        stats = session.stats()
    assert stats.unwound_fully >= 0.99 * stats.samples
    # _start, two of the C library, main, one of three, spin: each by one name.
    assert {len(sample.stack) for sample in samples} == {6}
    assert len({sample.stack for sample in samples}) == 3


def test_a_stack_of_junk_ends_the_walk_and_nothing_else(
    build: Build, start: Start, take: Take
) -> None:
    process = start(build(LOST_C, "lost", *BARE))
    with open_session([process.pid], kernel=False) as session:
        samples = take(session, 100)
        stats = session.stats()
    assert {names(sample)[-1] for sample in samples if sample.stack} <= {"main", "[truncated]"}
    assert (stats.unwound_fully, stats.lost) == (0, 0)


def test_three_hundred_frames_are_whole(build: Build, start: Start, take: Take) -> None:
    process = start(build(DEEP_C, "recursion", *BARE))
    with open_session([process.pid], unwind="dwarf") as session:
        samples = take(session, 100)
    depths = Counter(names(sample).count("deep") for sample in samples)
    assert depths[300] >= 0.99 * len(samples), depths


def test_a_deeper_stack_is_cut_and_says_so(build: Build, start: Start, take: Take) -> None:
    process = start(build(DEEP_C.replace("299", "999"), "deeper", *BARE))
    with open_session([process.pid], unwind="dwarf", kernel=False) as session:
        samples = take(session, 50)
        stats = session.stats()
    assert (stats.truncated, stats.unwound_fully) == (stats.samples, 0)
    assert {tuple(names(sample)[:2]) for sample in samples} == {("[truncated]", "deep")}
    assert {len(sample.stack) for sample in samples} == {1 + 512}


def test_python_that_c_calls_that_python_calls_is_in_order(start: Start, take: Take) -> None:
    loop = (
        "def inner(x):\n  for _ in range(1000): pass\n  return x\n"
        "def outer(): return sorted(range(9), key=inner)\n"
        "print('ready', flush=True)\n"
        "while True: outer()\n"
    )
    process = start("/usr/bin/python3", "-c", loop)
    with open_session([process.pid], unwind="dwarf", kernel=False) as session:
        samples = take(session, 300)
        stats = session.stats()
    assert stats.unwound_fully >= 0.99 * stats.samples
    both = [names(s) for s in samples if "inner" in names(s)]
    assert len(both) > 0.9 * len(samples)
    for stack in both:
        assert stack[0] == "_start"
        module, outer, inner = (stack.index(name) for name in ("<module>", "outer", "inner"))
        assert 0 < module < outer < inner
        kinds = [f for f in stack[outer + 1 : inner] if f.startswith("[python3") or "Py" in f]
        assert len(kinds) >= 2, "the C between them"


def test_a_library_that_is_mapped_late_is_unwound(
    build: Build, start: Start, take: Take, tmp_path: Path
) -> None:
    library = build(SHARED_C, "liblate.so", "-shared", "-fPIC", *BARE)
    program = build(LATE_C, "late", *BARE)
    process = subprocess.Popen([program, library], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        with open_session([process.pid], unwind="dwarf") as session:
            process.stdin.write(b"\n")
            process.stdin.flush()
            check_whole(take, session, "_start", "main", "call", "in_library")
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_a_library_in_the_place_of_an_unloaded_one_has_its_own_rules(
    build: Build, start: Start, take: Take
) -> None:
    wide = build(WIDE_C, "libwide.so", "-shared", "-fPIC", *BARE)
    narrow = build(
        WIDE_C.replace("wide", "slim").replace("4000", "8"), "libslim.so", "-shared", "-fPIC", *BARE
    )
    process = start(build(SWAP_C, "swaps", *BARE), wide, narrow)
    with open_session([process.pid], unwind="dwarf", kernel=False) as session:
        check_whole(take, session, "_start", "main", "in_library", "wide")
        process.send_signal(signal.SIGUSR1)
        check_whole(take, session, "_start", "main", "in_library", "slim")


def test_tables_of_the_new_program_hold_after_exec(
    build: Build, take: Take, tmp_path: Path
) -> None:
    program = build(BURN_C, "bare", *BARE)
    command = GatedCommand(["sh", "-c", f"exec {program} >/dev/null"])
    try:
        with open_session([command.pid], await_exec=(command.pid,), unwind="dwarf") as session:
            command.release()
            check_whole(take, session, "_start", "main", "spin", share=0.99)
    finally:
        command.forward(signal.SIGKILL)
        command.wait()


def test_a_forked_process_has_the_tables_of_its_parent(build: Build, take: Take) -> None:
    process = subprocess.Popen(
        [build(FORK_C, "forks", *BARE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        with open_session([process.pid], unwind="dwarf", kernel=False) as session:
            process.stdin.write(b"\n")
            process.stdin.flush()
            samples = take(session, 300, lambda sample: sample.pid != process.pid)
        whole = [s for s in samples if names(s)[:1] == ["_start"] and "child" in names(s)]
        assert len(whole) >= 0.99 * len(samples)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)


def test_frame_pointers_alone_miss_what_tables_find(build: Build, start: Start, take: Take) -> None:
    process = start(build(DEEP_C, "recursion", *BARE))
    with open_session([process.pid], unwind="fp") as session:
        take(session, 50)
        stats = session.stats()
    assert (stats.unwind_tables, stats.unwound_fully) == (0, 0)


def test_unwind_tables_are_kept_for_the_next_session(
    burn: Path, start: Start, tmp_path: Path
) -> None:
    process = start(burn)
    written = []
    for _ in range(2):
        with open_session([process.pid], cache_dir=tmp_path) as session:
            while session.stats().unwind_tables < 4:
                session.poll(POLL_S)
        written.append({path: path.stat().st_ino for path in (tmp_path / "unwind").iterdir()})
    assert len(written[0]) == 4
    assert written[0] == written[1]


def test_a_program_that_found_no_room_has_whole_stacks_once_another_one_has_ended(
    build: Build, start: Start, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is given back rests for a second; here is room for one program, and for no library."""
    programs = [build(BURN_C, "one", *BARE)]
    programs.append(Path(shutil.copy(programs[0], tmp_path / "other")))
    processes = {program.name: start(program) for program in programs}
    mapped = read_address_space(processes["one"].pid).executable
    blocks = sum(table_blocks(it) for it in mapped if it.path == str(programs[0]))
    monkeypatch.setattr(backends, "_sizes", lambda many: {"unwind_words": blocks})
    monkeypatch.setattr(room, "RETRY_NS", 100_000_000)
    told: list[str] = []
    pids = [process.pid for process in processes.values()]
    with open_session(pids, on_warning=told.append) as session:

        def without_room() -> list[str]:
            session.poll(POLL_S)
            lacking = session.stats().without_table
            return [name for name in processes if f"{name} (no room)" in lacking]

        wait_until(lambda: bool(without_room()), "one found no room")
        (broken,) = without_room()
        assert any("no room for unwind tables" in text for text in told)

        def is_whole(sample: Sample) -> bool:
            return sample.comm == broken and "main" in names(sample)

        assert not any(map(is_whole, take(session, 20, lambda sample: sample.comm == broken)))
        (ready,) = processes.keys() - {broken}
        processes[ready].kill()
        take(session, 20, is_whole)
        assert f"{broken} (no room)" not in session.stats().without_table


def table_blocks(mapping: Mapping) -> int:
    """The blocks that the table of a file takes."""
    if not mapping.is_file:
        return 0
    table = indexed_table(ElfFile(bytes_reader(Path(mapping.path).read_bytes())))
    return 0 if table is None else -(-built_table(table).words * 4 // BLOCK_SIZE)
