"""Memory that programs ask for: whole sums, by the function that asks, and what it costs."""

import signal
import subprocess
from collections import Counter

import pytest

from otx.profile import alloc_sampler
from otx.profile.alloc_sampler import AllocationSampler
from otx.profile.objects import ObjectFiles
from otx.profile.session import ProfileSession, SamplingOptions, Target
from tests.profile.conftest import MAX_POLLS, POLL_S, Build, Start

pytestmark = [pytest.mark.bpf, pytest.mark.usefixtures("bpf_machine")]

ROUNDS, SMALL = 100, 300
ALLOC = SamplingOptions(event="alloc")
ASK_C = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#define ASKS __attribute__((noinline)) void
static void *volatile kept;
ASKS small_ones(void) { for (int i = 0; i < 300; i++) { kept = malloc(100); free(kept); } }
ASKS zeroed(void) { kept = calloc(100, 1000); free(kept); }
ASKS grown(void) { kept = realloc(0, 100000); kept = realloc(kept, 200000); free(kept); }
ASKS aligned(void)
{
    void *at;
    if (posix_memalign(&at, 64, 50000)) _exit(1);
    kept = at;
    free(at);
}
int main(void)
{
    sigset_t set;
    int number;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, 0);
    puts("ready");
    fflush(stdout);
    sigwait(&set, &number);
    for (int i = 0; i < 100; i++) { small_ones(); zeroed(); grown(); aligned(); usleep(1000); }
    return 0;
}
"""

ALLOCATOR_C = """
#include <stddef.h>
#include <string.h>
static char room[1 << 26] __attribute__((aligned(64)));
static size_t used;
void *malloc(size_t size)
{
    void *at = room + (used = (used + 63) & ~63ul);
    used += size;
    return used < sizeof(room) ? at : 0;
}
void *calloc(size_t count, size_t size) { return memset(malloc(count * size), 0, count * size); }
void *realloc(void *old, size_t size)
{
    void *at = malloc(size);
    return old ? memcpy(at, old, size / 2) : at;
}
int posix_memalign(void **at, size_t to, size_t size) { *at = malloc(size); return 0; }
void free(void *at) { (void)at; }
"""


def test_sums_are_the_bytes_that_each_function_asks_for(build: Build, start: Start) -> None:
    process = start(build(ASK_C, "ask", "-fno-builtin", "-fno-optimize-sibling-calls"))
    asked: Counter[str] = Counter()
    said: list[str] = []
    with ProfileSession(Target((process.pid,)), ALLOC, on_warning=said.append) as session:
        process.send_signal(signal.SIGUSR1)
        for _ in range(MAX_POLLS):
            for sample in session.poll(POLL_S):
                for name in {frame.name for frame in sample.stack}:
                    asked[name] += sample.value
            if not session.pids:
                break
        stats = session.stats()
    wanted = {"small_ones": 30_000, "zeroed": 100_000, "grown": 300_000, "aligned": 50_000}
    # Beside the memory of small pieces that no sample stands for yet, a period or two.
    assert abs(asked["main"] / ROUNDS / sum(wanted.values()) - 1) < 0.03, asked
    for function, size in wanted.items():  # of small pieces some tens are sampled
        assert abs(asked[function] / ROUNDS / size - 1) < 0.5, (function, asked)
    assert asked["malloc"] < 1.5 * asked["small_ones"], asked  # that of realloc counts once
    assert stats.allocations is not None
    assert ROUNDS * (SMALL + 4) <= stats.allocations.calls <= ROUNDS * (SMALL + 8)
    assert "each call of malloc" in said[0] and stats.allocations.call_ns > 100


@pytest.mark.long
def test_an_allocator_in_the_place_of_the_c_librarys_is_seen(build: Build, start: Start) -> None:
    library = build(ALLOCATOR_C, "liballocator.so", "-shared", "-fPIC", "-fno-builtin")
    program = build(ASK_C, "ask", "-fno-builtin", "-fno-optimize-sibling-calls")
    process = start("env", f"LD_PRELOAD={library}", program)
    modules: Counter[str] = Counter()
    with ProfileSession(Target((process.pid,)), ALLOC) as session:
        process.send_signal(signal.SIGUSR1)
        for _ in range(MAX_POLLS):
            for sample in session.poll(POLL_S):
                modules[sample.stack[-1].module] += sample.value
            if not session.pids:
                break
    assert modules["liballocator.so"] > 0.95 * modules.total() > 0, modules


@pytest.mark.parametrize("is_short", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_program_without_malloc_is_told(is_short: bool, build: Build, start: Start) -> None:
    try:
        program = build(ASK_C, "static", "-static", "-s")
    except subprocess.CalledProcessError:
        pytest.skip("there is no static C library")
    process = start(program)
    said: list[str] = []
    with ProfileSession(Target((process.pid,)), ALLOC, on_warning=said.append) as session:
        for _ in range(0 if is_short else MAX_POLLS):
            session.poll(POLL_S)
            if len(said) > 1:
                break
        session.end()
    assert said[1] == f"pid {process.pid} has no malloc by that name: its memory is not seen"


def test_nothing_of_otx_itself_is_sampled_when_a_call_is_measured() -> None:
    with AllocationSampler() as sampler:
        assert "costs the target" in sampler.price()
        sampler.start(99)
        assert not list(sampler.read(10))
        assert sampler.allocations().calls == 0


def test_one_process_too_many_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alloc_sampler, "MAX_PROCESSES", 0)
    with AllocationSampler() as sampler:
        sampler.follow(1, ObjectFiles())
        (said,) = sampler.remarks(ObjectFiles())
    assert said == "pid 1 is one too many: memory is seen of at most 0 processes"


def test_a_process_that_has_ended_is_no_error() -> None:
    with AllocationSampler() as sampler:
        sampler.follow(1 << 30, ObjectFiles())
        assert list(sampler.remarks(ObjectFiles())) == []
        sampler.unfollow(1 << 30)
