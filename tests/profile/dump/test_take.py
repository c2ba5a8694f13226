"""Live processes, dumped: every thread where its program says it is, and none of them stopped."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from otx.profile.dump.stacks import ProcessDump, PythonCall, ThreadStack
from otx.profile.dump.subject import find_subject
from otx.profile.dump.take import DumpOptions, take_dump
from tests.profile.conftest import Build, Start, interpreters

pytestmark = [pytest.mark.bpf, pytest.mark.usefixtures("bpf_machine")]

MAX_DUMPS = 100

THREADS_C = """
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
volatile unsigned long sink;
__attribute__((noinline)) void held_up(void) { pthread_mutex_lock(&lock); sink++; }
static void *waits(void *arg) { held_up(); sink++; return arg; }
__attribute__((noinline)) void burns(void) { for (;;) sink++; }
static void *hot(void *arg) { burns(); sink++; return arg; }
__attribute__((noinline)) void reads(void) { char c; sink += read(0, &c, 1); }
int main(void)
{
    pthread_t threads[3];
    pthread_mutex_lock(&lock);
    pthread_create(&threads[0], 0, waits, 0);
    pthread_create(&threads[1], 0, waits, 0);
    pthread_create(&threads[2], 0, hot, 0);
    usleep(50000);
    puts("ready");
    fflush(stdout);
    reads();
    sink++;
    return 0;
}
"""

LAYERS_PY = """
import functools, threading
def compare(a, b):
    print("ready", flush=True)
    threading.Event().wait()
def sort_it():
    sorted([2, 1], key=functools.cmp_to_key(compare))
threading.Thread(target=sort_it, name="sorter").start()
"""

SLEEPS = "import time\nprint('ready', flush=True)\ntime.sleep(1000)"
CONTEND_PY = """
import threading
both = threading.Barrier(3)
def burn():
    both.wait()
    while True: pass
for _ in range(2): threading.Thread(target=burn).start()
both.wait()
print("ready", flush=True)
"""

TURNS_PY = """
import threading, time
def added(n): return sum(i * i for i in range(n))
def burst():
    for _ in range(50): added(2000)
def outer():
    while True:
        burst()
        time.sleep(0.002)
threading.Thread(target=outer).start()
print("ready", flush=True)
outer()
"""

ASYNC_PY = """
import asyncio, time
def settle():
    print("ready", flush=True)
    time.sleep(1000)
def pair():
    yield settle()
async def produce():
    yield list(pair())
async def main():
    async for item in produce(): pass
asyncio.run(main())
"""
SUB_PY = r"""
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
CODE = (
    "import time\ndef in_sub():\n  print('ready', flush=True)\n  time.sleep(1000)\nin_sub()\n"
)
def call_it():
    interpreters.run_string(interpreters.create(), CODE)
call_it()
"""


def names(thread: ThreadStack, kind: str = "") -> list[str]:
    return [frame.name for frame in thread.stack if kind in ("", frame.kind)]


def dump(pid: int, warn: Callable[[str], None] = pytest.fail) -> ProcessDump:
    return take_dump(find_subject(pid), DumpOptions(), warn)


def test_native_threads_are_where_they_wait_and_run(build: Build) -> None:
    program = build(THREADS_C, "threads", "-O2", "-pthread", "-fomit-frame-pointer")
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        found = dump(process.pid)
    finally:
        process.kill()
        process.communicate()
    main, *others = found.threads
    assert "reads" in names(main)
    assert names(main)[0] == "_start"
    assert (main.wait.call, main.wait.on[:4], main.state) == ("read", "fd 0", "sleeping")
    held_up = [thread for thread in others if "held_up" in names(thread)]
    assert [thread.wait.holder for thread in held_up] == [process.pid] * 2
    assert len({thread.stack for thread in held_up}) == 1
    (hot,) = [thread for thread in others if "burns" in names(thread)]
    assert hot.state in ("running", "runnable")
    assert all(thread.is_whole and not thread.is_torn for thread in found.threads)


def test_threads_of_a_program_with_musl_have_whole_stacks(build: Build) -> None:
    """That library has no unwind entries: its code is followed."""
    if shutil.which("musl-gcc") is None:
        pytest.skip("musl-gcc is not installed: apt install musl-tools")
    program = build(THREADS_C, "threads", "-O2", "-fomit-frame-pointer", compiler="musl-gcc")
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        threads = dump(process.pid).threads
    finally:
        process.kill()
        process.communicate()
    where = [{"reads", "held_up", "burns"} & set(names(thread)) for thread in threads]
    assert sorted(map(sorted, where)) == [["burns"], ["held_up"], ["held_up"], ["reads"]]
    assert all(thread.is_whole for thread in threads)


def test_native_and_python_frames_of_a_running_thread_belong_together(start: Start) -> None:
    process = start(sys.executable, "-c", TURNS_PY)
    found = [thread for _ in range(20) for thread in dump(process.pid).threads]
    adding = [thread for thread in found if "builtin_sum" in names(thread) and not thread.is_torn]
    assert adding
    mixed = [thread for thread in adding if "added" not in names(thread)]
    assert len(mixed) <= 1, "one that came back to where it was meanwhile cannot be told"


def test_python_native_and_kernel_frames_are_one_stack(
    python: str, start: Start, tmp_path: Path
) -> None:
    script = tmp_path / "layers.py"
    script.write_text(LAYERS_PY)
    found = dump(start(python, script).pid)
    (thread,) = [it for it in found.threads if "sort_it" in names(it)]
    below = names(thread)
    order = ["sort_it", "compare"]
    assert below[0] != "sort_it" and below[-1] != "compare"
    assert [below.index(name) for name in order] == sorted(below.index(name) for name in order)
    assert any(
        frame.kind == "native"
        for frame in thread.stack[below.index("sort_it") : below.index("compare")]
    )
    assert thread.stack[-1].kind == "kernel"
    assert {frame.line for frame in thread.stack if frame.name == "compare"} == {5}
    assert thread.is_whole and not thread.is_torn
    assert found.runtime.startswith("CPython 3.")


def test_the_gil_is_held_by_one_and_waited_for_by_another(python: str, start: Start) -> None:
    """Threads are read one after the other: it may have changed hands in between."""
    process = start(python, "-c", CONTEND_PY)
    for _ in range(MAX_DUMPS):
        threads = dump(process.pid).threads
        burning = [it for it in threads if "burn" in names(it)]
        assert len(burning) == 2
        waiting = [it for it in burning if it.wait.lock == "GIL"]
        assert {it.wait.holder for it in waiting} <= {0, *(it.tid for it in threads)}
        for one, other in (burning, burning[::-1]):
            if one in waiting and one.wait.holder == other.tid and other.holds_gil:
                return
    raise AssertionError("neither was seen waiting for the GIL that the other one holds")


def test_generators_and_coroutines_are_told_apart(python: str, start: Start) -> None:
    (thread,) = dump(start(python, "-c", ASYNC_PY).pid).threads
    roles = {frame.name: frame.role for frame in thread.stack if isinstance(frame, PythonCall)}
    wanted = {"main": "coroutine", "produce": "async generator", "pair": "generator"}
    assert {**wanted, "settle": "function"}.items() <= roles.items()


def test_frames_in_sub_interpreters_follow_those_that_called_them(start: Start) -> None:
    others = [path for path in interpreters() if "3.12" in path or "3.13" in path]
    if not others:
        pytest.skip("no CPython 3.12 or 3.13 is installed")
    found = dump(start(others[-1], "-c", SUB_PY).pid)
    functions = [names(thread, "python") for thread in found.threads]
    assert ["<module>", "call_it", "<module>", "in_sub"] in functions
    (thread,) = [it for it in found.threads if "in_sub" in names(it)]
    below = names(thread)
    between = thread.stack[below.index("call_it") + 1 : below.index("in_sub") - 1]
    assert between and {frame.kind for frame in between} == {"native"}


def test_before_3_11_stacks_and_the_gil_are_read(
    old_python: str, start: Start, tmp_path: Path
) -> None:
    test_python_native_and_kernel_frames_are_one_stack(old_python, start, tmp_path)
    test_the_gil_is_held_by_one_and_waited_for_by_another(old_python, start)


def test_the_kernels_frames_are_left_out(start: Start) -> None:
    process = start(sys.executable, "-c", SLEEPS)
    found = take_dump(find_subject(process.pid), DumpOptions(kernel=False), pytest.fail)
    assert {frame.kind for frame in found.threads[0].stack} == {"native", "python"}


def test_the_target_is_never_stopped_or_traced(start: Start) -> None:
    process = start(sys.executable, "-c", "print('ready', flush=True)\nwhile 1: pass")
    status = Path(f"/proc/{process.pid}/status")
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.extend(
                line for line in status.read_text().splitlines() if line.startswith(("State", "Tr"))
            )

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        dump(process.pid)
    finally:
        done.set()
        watcher.join()
    assert {line for line in seen if line.startswith("State")} == {"State:\tR (running)"}
    assert {line for line in seen if line.startswith("Tr")} == {"TracerPid:\t0"}


def test_locals_of_what_is_no_python_are_said_to_be_missing(start: Start) -> None:
    process = start("sh", "-c", "echo ready; exec sleep 1000")
    said: list[str] = []
    take_dump(find_subject(process.pid), DumpOptions(variables=True), said.append)
    (warning,) = said
    assert f"no Python is read in process {process.pid}" in warning
