"""C programs that publish the context of two threads, by every way a variable can be found."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.profile.conftest import Build

VARIABLE_C = """
#include <stdint.h>
struct record {
    uint8_t trace_id[16], span_id[8], valid, flags; uint16_t size;
} __attribute__((packed, aligned(2)));
__thread struct record *volatile otel_thread_ctx_v1;
static __thread struct record mine;
void publish(uint8_t id) {
    mine = (struct record){.trace_id = {[15] = id}, .span_id = {[7] = id}, .valid = 1};
    otel_thread_ctx_v1 = &mine;
}
void make_invalid(void) { mine.valid = 2; otel_thread_ctx_v1 = &mine; }
void lead_astray(uint64_t to) { otel_thread_ctx_v1 = (struct record *)to; }
"""

PROGRAM_C = """
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
volatile unsigned long sink;
static void (*tell)(uint8_t), (*invalid)(void), (*astray)(uint64_t);
#define WORK(name, how) \\
    static void *name(void *nothing) { how; for (;;) for (int i = 0; i < 1000; i++) sink += i; }
WORK(red, tell(1))
WORK(blue, tell(2))
WORK(invalid_one, invalid())
WORK(astray_one, astray(0x10))
WORK(kernel_one, astray(0xffffffff81000000))
WORK(silent, (void)0)
#ifdef LINKED
extern void publish(uint8_t), make_invalid(void), lead_astray(uint64_t);
static void load(const char *path) { tell = publish, invalid = make_invalid, astray = lead_astray; }
#else
static void load(const char *path) {
    void *library = dlopen(path, RTLD_NOW);
    if (!library) { puts(dlerror()); return; }
    tell = dlsym(library, "publish");
    invalid = dlsym(library, "make_invalid");
    astray = dlsym(library, "lead_astray");
}
#endif
static void start(void *(*work)(void *)) { pthread_t it; pthread_create(&it, 0, work, 0); }
int main(int count, char **words) {
    start(silent);
    if (count > 2) { puts("ready"); fflush(stdout); getchar(); } /* loaded while it is sampled */
    load(words[1]);
    start(red); start(blue); start(invalid_one); start(astray_one); start(kernel_one);
    puts("ready"); fflush(stdout);
    for (;;) pause();
}
"""

WAYS = {
    "program": None,
    "linked general-dynamic": ("-mtls-dialect=gnu",),
    "linked descriptor": ("-mtls-dialect=gnu2",),
    "linked initial-exec": ("-ftls-model=initial-exec",),
    "loaded general-dynamic": ("-mtls-dialect=gnu",),
    "loaded descriptor": ("-mtls-dialect=gnu2",),
    "loaded symbolic": ("-mtls-dialect=gnu", "-Wl,-Bsymbolic"),
    "musl program": None,
    "musl linked general-dynamic": ("-mtls-dialect=gnu",),
    "musl linked descriptor": ("-mtls-dialect=gnu2",),
    "musl loaded general-dynamic": ("-mtls-dialect=gnu",),
    "musl loaded descriptor": ("-mtls-dialect=gnu2",),
}
"""How the variable is found, with what its library is compiled with; None: it has no library."""

MUSL_GCC = "musl-gcc"

BuildWay = Callable[[str], tuple[str, ...]]


@pytest.fixture
def build_way(build: Build, tmp_path: Path) -> BuildWay:
    """Builds a program that has the variable in one of `WAYS`, and gives the words to start it."""

    plain = build

    def words(way: str) -> tuple[str, ...]:
        flags = WAYS[way]
        build: Build = plain
        if way.startswith("musl "):
            if shutil.which(MUSL_GCC) is None:
                pytest.skip("musl-gcc is not installed: apt install musl-tools")
            build, way = partial(plain, compiler=MUSL_GCC), way.removeprefix("musl ")
        if flags is None:
            both = VARIABLE_C + PROGRAM_C
            program = build(both, "program", "-DLINKED", "-rdynamic", "-pthread", "-fpie", "-pie")
            return (str(program), "")
        library = build(VARIABLE_C, "libvariable.so", "-shared", "-fPIC", *flags)
        if way.startswith("linked"):
            linked = (str(library), f"-Wl,-rpath,{tmp_path}")
            return (str(build(PROGRAM_C, "program", "-DLINKED", "-pthread", *linked)), "")
        return (str(build(PROGRAM_C, "program", "-pthread", "-ldl")), str(library))

    return words
