"""Live programs, sampled: what they burn, what their functions are called, what comes and goes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from otx.errors import UsageError
from otx.model.stack import Frame, Sample
from otx.profile.cpython.code import UNREADABLE
from otx.profile.events import Event
from otx.profile.launch import GatedCommand
from otx.profile.process import Process
from otx.profile.session import ProfileSession, SamplingOptions, Target
from otx.profile.wait_sampler import WaitSampler
from tests.conftest import wait_until
from tests.profile.conftest import POLL_S, Build, Start, Take
from tests.profile.sessions import FAST_HZ, open_session

pytestmark = [pytest.mark.bpf, pytest.mark.usefixtures("bpf_machine")]

TICK_NS = round(1_000_000_000 / 99)

BUSY_PY = """
import threading, sys

class Shop:
    def total(self):
        x = 0
        for i in range(2000):
            x += i * i  # the hot line
        return x

    def checkout(self):
        return sorted(range(50), key=lambda v: self.total() - v)

idle = threading.Event()
for _ in range(int(sys.argv[1])):
    threading.Thread(target=idle.wait, daemon=True).start()
print("ready", flush=True)
while True:
    Shop().checkout()
"""

SHARED_C = """
volatile unsigned long sink;
__attribute__((noinline)) void in_library(unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) sink += i;
}
"""
USER_C = """
#include <stdio.h>
#include <pthread.h>
void in_library(unsigned long n);
static void *work(void *arg) { for (;;) in_library(100000); return arg; }
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, work, 0);
    puts("ready");
    fflush(stdout);
    return pthread_join(thread, 0);
}
"""


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    script = tmp_path / "busy.py"
    script.write_text(BUSY_PY)
    return script


def names(sample: Sample) -> list[str]:
    return [frame.name for frame in sample.stack]


@pytest.mark.alone
def test_c_functions_have_the_shares_they_burn(burn: Path, start: Start, take: Take) -> None:
    process = start(burn)
    with open_session([process.pid]) as session:
        samples = take(session, 1500)
        stats = session.stats()
    on_stack = Counter(name for sample in samples for name in set(names(sample)))
    for function, share in (("five", 0.5), ("three", 0.3), ("two", 0.2)):
        assert abs(on_stack[function] / len(samples) - share) < 0.05, on_stack
    assert on_stack["main"] > 0.98 * len(samples)
    assert stats.samples >= len(samples)
    assert stats.unwound_fully > 0.98 * stats.samples
    assert (stats.lost, stats.not_found) == (0, 0)
    assert stats.target_overhead is not None and 0 < stats.target_overhead < 0.05


@pytest.mark.parametrize("idle_threads", [0, 150])
def test_python_functions_have_their_names(
    python: str, busy: Path, start: Start, take: Take, idle_threads: int
) -> None:
    process = start(python, busy, idle_threads)
    with open_session([process.pid], python=True) as session:
        samples = take(session, 300)
        stats = session.stats()
    wanted = ["<module>", "Shop.checkout", "Shop.checkout.<locals>.<lambda>", "Shop.total"]
    functions = Counter(
        tuple(frame.name for frame in sample.stack if frame.kind == "python") for sample in samples
    )
    assert functions[tuple(wanted)] > 0.8 * len(samples), functions.most_common(3)
    assert stats.not_found == 0
    files = {f.file for sample in samples for f in sample.stack if f.name == "Shop.total"}
    assert files == {str(busy)}


def test_lines_are_those_being_executed(busy: Path, start: Start, take: Take, python: str) -> None:
    process = start(python, busy, 0)
    with open_session([process.pid], lines=True) as session:
        samples = take(session, 200)
    hot_line = BUSY_PY.splitlines().index("            x += i * i  # the hot line") + 1
    lines = Counter(f.line for s in samples for f in s.stack if f.name == "Shop.total")
    assert set(lines) <= set(range(hot_line - 3, hot_line + 2))
    assert lines[hot_line] + lines[hot_line - 1] > 0.9 * sum(lines.values())


def test_a_stack_too_deep_says_so_at_its_root(start: Start, take: Take, python: str) -> None:
    recursion = (
        "import sys\nsys.setrecursionlimit(10000)\n"
        "def deep(n):\n"
        "  if n: deep(n - 1)\n"
        "  print('ready', flush=True)\n"
        "  while True: pass\n"
        "deep(700)\n"
    )
    process = start(python, "-c", recursion)
    with open_session([process.pid]) as session:
        samples = take(session, 20)
        stats = session.stats()
    assert stats.truncated == stats.samples
    assert {names(sample)[0] for sample in samples} == {"[truncated]"}
    assert all(names(sample).count("deep") == 512 for sample in samples)


def test_coroutines_are_functions(start: Start, take: Take, python: str) -> None:
    loop = (
        "import asyncio\n"
        "async def leaf():\n"
        "  for _ in range(1000): pass\n"
        "  await asyncio.sleep(0)\n"
        "async def main():\n"
        "  print('ready', flush=True)\n"
        "  while True: await leaf()\n"
        "asyncio.run(main())\n"
    )
    process = start(python, "-c", loop)
    with open_session([process.pid]) as session:
        samples = take(session, 100)
    inside = [sample for sample in samples if "leaf" in names(sample)]
    assert len(inside) > 30
    for sample in inside:
        below = names(sample)
        assert below.index("<module>") < below.index("main") < below.index("leaf")


def test_without_python_frames_are_native_only(busy: Path, start: Start, take: Take) -> None:
    process = start(sys.executable, busy, 0)
    with open_session([process.pid], python=False) as session:
        samples = take(session, 100)
    assert {f.kind for s in samples for f in s.stack} <= {"native", "kernel"}


def test_before_3_11_functions_have_names_and_lines(
    old_python: str, busy: Path, start: Start, take: Take
) -> None:
    process = start(old_python, busy, 0)
    with open_session([process.pid], lines=True) as session:
        samples = take(session, 100)
        stats = session.stats()
    functions = Counter(
        tuple(frame.name for frame in sample.stack if frame.kind == "python") for sample in samples
    )
    wanted = ("<module>", "checkout", "<lambda>", "total")
    assert functions[wanted] > 0.8 * len(samples), functions.most_common(3)
    assert stats.not_found == 0
    hot_line = BUSY_PY.splitlines().index("            x += i * i  # the hot line") + 1
    lines = Counter(f.line for s in samples for f in s.stack if f.name == "total")
    assert lines[hot_line] + lines[hot_line - 1] > 0.9 * sum(lines.values())


def test_an_interpreter_of_another_version_is_refused_by_name(
    busy: Path, start: Start, take: Take
) -> None:
    others = [
        path
        for path in sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))
        if path.parts[-3].split(".")[1] in ("6", "7")
    ]
    if not others:
        pytest.skip("no other CPython is installed")
    process = start(others[-1], busy, 0)
    warnings: list[str] = []
    with open_session([process.pid], on_warning=warnings.append) as session:
        samples = take(session, 50)
    (warning,) = warnings
    assert "CPython 3." in warning and "native frames only" in warning
    assert any(f.kind == "native" for s in samples for f in s.stack)


def test_shared_libraries_and_position_independent_programs_have_symbols(
    build: Build, start: Start, take: Take, tmp_path: Path
) -> None:
    flags = ("-fno-omit-frame-pointer", "-fno-optimize-sibling-calls")
    build(SHARED_C, "libshared.so", "-shared", "-fPIC", *flags)
    program = build(
        USER_C, "user", "-pie", "-fPIE", *flags, f"-L{tmp_path}", "-lshared", "-Wl,-rpath,$ORIGIN"
    )
    process = start(program)
    with open_session([process.pid]) as session:
        samples = take(session, 100)
    assert sum("in_library" in names(sample) for sample in samples) > 95
    assert sum("work" in names(sample) for sample in samples) > 95
    modules = {f.module for s in samples for f in s.stack if f.name == "in_library"}
    assert modules == {"libshared.so"}
    assert all(sample.tid != sample.pid for sample in samples)


def test_stripped_functions_are_named_by_their_beginning(
    burn: Path, start: Start, take: Take, tmp_path: Path
) -> None:
    if shutil.which("strip") is None:
        pytest.skip("strip is not installed")
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, burn], check=True, timeout=60)
    process = start(stripped)
    with open_session([process.pid], kernel=False) as session:
        samples = take(session, 100)
    leaves = Counter(names(sample)[-1] for sample in samples)
    assert len(leaves) <= 4, "a name an instruction instead of one a function"
    assert all(name.startswith("[stripped+0x") for name in leaves)


def test_children_new_threads_and_exec_are_sampled(burn: Path, start: Start, take: Take) -> None:
    script = f"echo ready; read line; {burn} >/dev/null & exec {burn}"
    process = subprocess.Popen(
        ["setsid", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with open_session([process.pid]) as session:
            process.stdin.write(b"\n")
            process.stdin.flush()
            burning = take(session, 200, lambda sample: "five" in names(sample))
            pids = {sample.pid for sample in burning}
        assert process.pid in pids and len(pids) == 2
        assert {sample.comm for sample in burning} == {"burn"}
    finally:
        os.killpg(process.pid, 9)
        process.communicate(timeout=20)


def test_without_children_only_the_target_is_sampled(burn: Path, take: Take) -> None:
    command = GatedCommand(["sh", "-c", f"timeout 1 {burn} >/dev/null; true"])
    with ProfileSession(Target((command.pid,), children=False)) as session:
        command.release()
        samples = []
        while command.poll() is None:
            samples += session.poll(POLL_S)
    assert not [sample for sample in samples if sample.pid != command.pid]


def test_an_interpreter_that_starts_later_is_recognised(
    python: str, busy: Path, take: Take
) -> None:
    command = GatedCommand(["timeout", "20", python, str(busy), "0"])
    try:
        with open_session([command.pid], await_exec=(command.pid,)) as session:
            command.release()
            samples = take(session, 100, lambda sample: "Shop.total" in names(sample))
        assert {sample.pid for sample in samples} != {command.pid}
    finally:
        command.forward(signal.SIGTERM)
        command.wait()


def test_names_of_processes_that_end_are_read_in_time(python: str, tmp_path: Path) -> None:
    """Once its files' symbols are known, a program may be gone in a tenth of a second.

    The first one is there until its names came: reading the symbols of an interpreter takes as
    long as such a program runs, longer on a machine that has other things to do.
    """
    script, seen = tmp_path / "short.py", tmp_path / "seen"
    script.write_text(
        "import os\n"
        "def briefly():\n  for i in range(4000000): i * i\n"
        f"while not os.path.exists({str(seen)!r}): briefly()\n"
        "briefly()\n"
    )
    command = GatedCommand(["sh", "-c", f"for i in 1 2 3 4 5 6; do {python} {script}; done"])
    by_pid: Counter[int] = Counter()
    with open_session([command.pid], await_exec=(command.pid,)) as session:
        command.release()
        while command.poll() is None:
            by_pid.update(s.pid for s in session.poll(POLL_S) if "briefly" in names(s))
            if by_pid:
                seen.touch()
        by_pid.update(s.pid for s in session.poll(0) if "briefly" in names(s))
    assert len(by_pid) == 6, by_pid


def test_python_functions_have_names_when_nobody_looks_before_the_end(
    python: str, tmp_path: Path
) -> None:
    script, seen = tmp_path / "late.py", tmp_path / "seen"
    script.write_text(
        "import os\n"
        "def early():\n  for i in range(100000): i * i\n"
        "def late():\n  for i in range(3000000): i * i\n"
        f"while not os.path.exists({str(seen)!r}): early()\n"
        "late()\n"
        "exec(compile('for i in range(2000000): i * i', 'gone.py', 'exec'))\n"
    )
    command = GatedCommand([python, str(script)])
    with open_session([command.pid], await_exec=(command.pid,)) as session:
        command.release()
        while "early" not in {name for s in session.poll(POLL_S) for name in names(s)}:
            assert command.poll() is None
        seen.touch()
        command.wait()
        samples = session.end()
    python_frames = [f for s in samples for f in s.stack if f.kind == "python"]
    assert "late" in {frame.name for frame in python_frames}
    assert "gone.py" in {frame.file for frame in python_frames}
    assert UNREADABLE not in python_frames


def test_the_thread_comm_is_the_samples_when_asked(start: Start, take: Take) -> None:
    naming = "import threading, pathlib\n" + (
        "def work():\n"
        " pathlib.Path(f'/proc/self/task/{threading.get_native_id()}/comm').write_text('worker')\n"
        " print('ready', flush=True)\n"
        " while True: pass\n"
        "threading.Thread(target=work).start()\n"
    )
    process = start(sys.executable, "-c", naming)
    with open_session([process.pid], threads=True) as session:
        assert {sample.comm for sample in take(session, 20)} == {"worker"}


def test_times_are_unix_and_samples_come_in_order(burn: Path, start: Start, take: Take) -> None:
    process = start(burn)
    before = time.time_ns()
    with open_session([process.pid]) as session:
        samples = take(session, 50)
    after = time.time_ns()
    times = [sample.time_unix_nano for sample in samples]
    assert before - 10**9 < min(times) and max(times) < after + 10**9
    assert max(abs(a - b) for a, b in zip(times, sorted(times), strict=True)) < 10**9


def test_otx_itself_is_no_child_of_the_target() -> None:
    with open_session([os.getppid()]) as session:
        assert os.getppid() in session.pids
        assert os.getpid() not in session.pids


def test_an_ended_target_leaves_no_pids(burn: Path, start: Start) -> None:
    process = start(burn)
    with open_session([process.pid]) as session:
        process.kill()
        process.wait(10)
        for _ in range(100):
            session.poll(POLL_S)
            if not session.pids:
                return
    raise AssertionError("the session never learnt that its target ended")


@pytest.mark.alone
def test_a_session_that_costs_more_than_it_may_samples_less_often(
    burn: Path, start: Start, take: Take
) -> None:
    process = start(burn)
    told: list[str] = []
    with open_session([process.pid], max_overhead=0.000_5, on_warning=told.append) as session:
        wait_until(lambda: bool(session.poll(POLL_S) and told), "the rate is lowered")
        lowered_hz = session.frequency_hz
        take(session, 2)
        assert 1 <= lowered_hz < 99
        assert FAST_HZ > 1e9 / session.period_ns > lowered_hz, "the mean of what was and is"
        stats = session.stats()
    assert stats.sample_cost_ns is not None and stats.target_overhead is not None
    assert f"which at {FAST_HZ} Hz is" in told[0] and f"from now on {lowered_hz} Hz" in told[-1]


@pytest.mark.parametrize("event", ["offcpu", "wall"])
def test_a_samplers_pace_knows_of_every_wait_and_of_no_tick(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs that start meanwhile have what was read before them named at once."""
    told: list[int] = []
    adapt = WaitSampler.adapt

    def spied(self: WaitSampler, samples: int) -> None:
        told.append(samples)
        adapt(self, samples)

    monkeypatch.setattr(WaitSampler, "adapt", spied)
    loop = "i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i + 1)); done"
    command = GatedCommand(["sh", "-c", loop])
    target, samples = Target((command.pid,)), []
    with ProfileSession(target, SamplingOptions(event=event), await_exec=(command.pid,)) as session:
        command.release()
        while not session.has_ended:
            samples += session.poll(POLL_S)
        samples += session.end()
        ticks = sum(sample.value == TICK_NS for sample in samples) if event == "wall" else 0
        assert sum(told) == session.stats().samples - ticks > 10
    assert command.wait() == 0


def test_naming_slower_than_sampling_does_not_keep_a_poll(
    burn: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = Process.native_frames

    def slow(self: Process, *where: Any, by_tables: bool) -> list[Frame]:
        time.sleep(0.01)  # the slow disk that symbols are read from
        return named(self, *where, by_tables=by_tables)

    monkeypatch.setattr(Process, "native_frames", slow)
    process = start(burn)
    with open_session([process.pid]) as session:
        longest, samples = 0.0, list[Sample]()
        while not samples:
            began = time.monotonic()
            samples = session.poll(POLL_S)
            longest = max(longest, time.monotonic() - began)
        assert longest < 30  # without a bound it ends after 8192 samples, a minute later


def test_a_pid_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match="there is no process"):
        open_session([1 << 30])
