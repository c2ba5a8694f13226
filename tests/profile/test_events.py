"""Threads that wait, sampled: the sums are those of the clock, and causes are told apart."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from otx.profile.events import Event
from otx.profile.session import ProfileSession, SamplingOptions, Target
from tests.profile.conftest import POLL_S, Build, Start

pytestmark = [pytest.mark.bpf, pytest.mark.alone, pytest.mark.usefixtures("bpf_machine")]

WAITS_C = """
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#define OUT __attribute__((noinline)) void
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ends[2];
static void rest(long ns) { struct timespec t = {0, ns}; nanosleep(&t, 0); }
static void *hold_lock(void *arg)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        rest(40000000);
        pthread_mutex_unlock(&lock);
        rest(1000000);
    }
    return arg;
}
OUT want_lock(void) { pthread_mutex_lock(&lock); pthread_mutex_unlock(&lock); }
static void *ask(void *arg) { for (;;) { want_lock(); rest(2000000); } return arg; }
OUT read_pipe(void) { char c; if (read(ends[0], &c, 1) != 1) _exit(1); }
static void *take(void *arg) { for (;;) read_pipe(); return arg; }
OUT never(void) { pause(); }
static void *stand(void *arg) { for (;;) never(); return arg; }
static void *give(void *arg)
{
    for (;;) {
        rest(30000000);
        if (write(ends[1], "x", 1) != 1) _exit(1);
    }
    return arg;
}
int main(void)
{
    pthread_t t;
    void *(*runs[])(void *) = {hold_lock, ask, take, give, stand};
    if (pipe(ends)) return 1;
    for (int i = 0; i < 5; i++) pthread_create(&t, 0, runs[i], 0);
    puts("ready");
    fflush(stdout);
    for (;;) rest(50000000);
}
"""

PAGES = 400
TOUCH_C = """
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#define PAGES 2
__attribute__((noinline)) void touch_pages(volatile char *at)
{
    for (int i = 0; i < PAGES; i++) at[i * 4096] = 1;
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
    for (int i = 0; i < 200; i++) {
        void *at = mmap(0, PAGES * 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(at, PAGES * 4096, MADV_NOHUGEPAGE);
        touch_pages(at);
        usleep(REST_US);
    }
    return 0;
}
"""

GIL_PY = """
import threading, time
lock = threading.Lock()
lock.acquire()
def stand():
    lock.acquire()
def fight():
    while True: sum(range(1000))
def beg():
    while True: lock.acquire(timeout=0.05)
for work in (fight, fight, beg, stand): threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
time.sleep(1000)
"""


def sums_of(
    process: "subprocess.Popen[bytes]", seconds: float, event: Event = "offcpu", **options: Any
) -> tuple[float, dict[int, int], dict[str, Counter[str]]]:
    """How long it took; what threads waited by thread, and by function on the stack and cause."""
    by_thread: Counter[int] = Counter()
    by_function: dict[str, Counter[str]] = {}
    samples = []
    how = SamplingOptions(event=event, **options)
    with ProfileSession(Target((process.pid,)), how) as session:
        began_s = time.monotonic()
        while time.monotonic() < began_s + seconds:
            samples += session.poll(POLL_S)
        elapsed_s = time.monotonic() - began_s
        samples += session.end()
        stats = session.stats()
    for sample in samples:
        by_thread[sample.tid] += sample.value
        for name in {frame.name for frame in sample.stack[:-1]}:
            by_function.setdefault(name, Counter())[sample.stack[-1].name] += sample.value
    assert stats.lost == 0
    assert stats.unwound_fully > 0.95 * stats.samples
    return elapsed_s, by_thread, by_function


def test_sums_are_those_of_the_clock_and_causes_are_told_apart(build: Build, start: Start) -> None:
    process = start(build(WAITS_C, "waits", "-pthread", "-fno-optimize-sibling-calls"))
    seconds, by_thread, by_function = sums_of(process, 2.0)
    assert len(by_thread) == 6
    for total in by_thread.values():
        assert abs(total / 1e9 / seconds - 1) < 0.03, by_thread
    for function, cause in (
        ("want_lock", "[lock]"),
        ("read_pipe", "[pipe]"),
        ("rest", "[sleep]"),
        ("never", "[signal]"),
    ):
        causes = by_function[function]
        assert causes[cause] > 0.6 * causes.total(), causes
        assert causes[cause] + causes["[run queue]"] > 0.97 * causes.total(), causes


def check_gil(python: str, tmp_path: Path, start: Start) -> None:
    script = tmp_path / "gil.py"
    script.write_text(GIL_PY)
    process = start(python, script)
    seconds, _, by_function = sums_of(process, 0.8, kernel=False)
    fight, beg = by_function["fight"], by_function["beg"]
    assert fight["[GIL]"] > 0.02e9, fight  # much of it goes to the run queue where others work
    assert fight["[lock]"] == 0, fight
    assert beg["[lock]"] > 0.02e9, beg
    assert abs(by_function["stand"]["[lock]"] / 1e9 / seconds - 1) < 0.03


def test_waiting_for_the_gil_is_no_plain_lock(tmp_path: Path, start: Start) -> None:
    check_gil(sys.executable, tmp_path, start)


@pytest.mark.long
def test_every_interpreter_has_its_gil_known(python: str, tmp_path: Path, start: Start) -> None:
    check_gil(python, tmp_path, start)


def test_the_wall_time_of_every_thread_is_the_time_that_went_by(build: Build, start: Start) -> None:
    process = start(build(WAITS_C, "waits", "-pthread"))
    seconds, by_thread, _ = sums_of(process, 1.0, event="wall")
    assert len(by_thread) == 6
    for total in by_thread.values():
        assert abs(total / 1e9 / seconds - 1) < 0.05, by_thread


def test_wall_time_is_time_on_and_off_processors(burn: Path, start: Start) -> None:
    process = start(burn)
    seconds, by_thread, by_function = sums_of(process, 1.5, event="wall", frequency_hz=499)
    assert abs(by_thread[process.pid] / 1e9 / seconds - 1) < 0.05, by_thread
    assert "five" in by_function


@pytest.mark.parametrize(
    ("rest_us", "margin"),
    [
        (10_000, 0.03),  # few enough for each of them to be a sample
        (3_000, 0.4),  # one in some, which others' faults on the processor make a matter of chance
    ],
)
def test_as_many_faults_are_counted_as_pages_are_touched(
    build: Build, start: Start, rest_us: int, margin: float
) -> None:
    process = start(build(TOUCH_C, "touch", f"-DREST_US={rest_us}"))
    total = 0
    with ProfileSession(Target((process.pid,)), SamplingOptions(event="faults")) as session:
        process.send_signal(signal.SIGUSR1)
        while session.pids:
            for sample in session.poll(POLL_S):
                if any(frame.name == "touch_pages" for frame in sample.stack):
                    total += sample.value
    assert abs(total / PAGES - 1) < margin, total
