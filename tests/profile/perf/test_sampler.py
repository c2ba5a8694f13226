"""Live programs, sampled with perf events alone."""

import os
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from otx.errors import MachineError, UsageError
from otx.profile.choice import Choice
from otx.profile.launch import GatedCommand
from otx.profile.perf.sampler import PerfSampler
from otx.profile.session import ProfileSession, SamplingOptions, Target
from tests.profile.conftest import BURN_C, POLL_S, Build, Start, Take

FAST_HZ = 199


@pytest.fixture(autouse=True)
def perf_machine() -> None:
    try:
        PerfSampler(kernel=False).close()
    except MachineError as error:
        pytest.skip(error.message)


def open_session(
    target: Target, await_exec: Collection[int] = (), **options: Any
) -> ProfileSession:
    often = SamplingOptions(frequency_hz=FAST_HZ, **options)
    return ProfileSession(target, often, backend="perf", await_exec=await_exec)


def test_c_functions_without_frame_pointers_have_the_shares_they_burn(
    build: Build, start: Start, take: Take
) -> None:
    bare = build(BURN_C, "bare", "-fomit-frame-pointer", "-fno-optimize-sibling-calls")
    process = start(bare)
    with open_session(Target((process.pid,))) as session:
        samples = take(session, 500)
        stats = session.stats()
    on_stack = Counter(name for it in samples for name in {frame.name for frame in it.stack})
    for function, share in (("five", 0.5), ("three", 0.3), ("two", 0.2)):
        assert abs(on_stack[function] / len(samples) - share) < 0.1, on_stack
    assert stats.unwound_fully > 0.98 * stats.samples
    assert (stats.truncated, stats.backend) == (0, "perf")
    assert "Python functions" in stats.not_seen
    assert {it.comm for it in samples} == {"bare"}


@pytest.mark.alone
def test_as_many_samples_come_as_the_processor_time_has(burn: Path, start: Start) -> None:
    process = start(burn)
    with open_session(Target((process.pid,)), unwind="fp", kernel=False) as session:
        before_s, ends_s = cpu_seconds(process.pid), time.monotonic() + 1
        taken = 0
        while time.monotonic() < ends_s:
            taken += len(session.poll(POLL_S))
        session.set_ticking(False)
        taken += len(session.poll(0)) + session.stats().lost
        had_s = cpu_seconds(process.pid) - before_s
    assert taken == pytest.approx(had_s * FAST_HZ, rel=0.2, abs=10)


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has had (schedstat of proc(5))."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def test_a_command_is_sampled_from_its_exec_with_its_children(burn: Path, take: Take) -> None:
    command = GatedCommand(["sh", "-c", f"timeout 20 {burn} >/dev/null; true"])
    target = Target((command.pid,))
    try:
        with open_session(target, await_exec=(command.pid,)) as session:
            command.release()
            samples = take(session, 50, lambda it: it.comm == "burn")
        assert command.pid not in {it.pid for it in samples}
        assert sum("main" in [frame.name for frame in it.stack] for it in samples) > 40
    finally:
        for child in session_children(command.pid):
            os.kill(child, 15)
        command.wait()


def session_children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@pytest.mark.long  # a rate is judged after two seconds
def test_a_rate_is_lowered_for_all_that_is_sampled(burn: Path, start: Start, take: Take) -> None:
    process = start(burn)
    with open_session(Target((process.pid,)), max_overhead=0.000_1) as session:
        for _ in range(600):
            session.poll(POLL_S)
            if session.frequency_hz < FAST_HZ:
                break
        assert session.frequency_hz < 99
        session.poll(0)
        began_s = cpu_seconds(process.pid)
        take(session, 1)
        assert cpu_seconds(process.pid) - began_s < 5


def test_processes_are_not_chosen_for_what_they_are() -> None:
    with pytest.raises(UsageError, match="by id only"):
        open_session(Target((), choice=Choice(everything=True)))


def test_a_stack_deeper_than_the_copy_is_cut(build: Build, start: Start, take: Take) -> None:
    deep = (
        "#include <stdio.h>\nvolatile int sink;\n"
        "__attribute__((noinline)) int down(int n)\n"
        "{ volatile char room[2000]; room[n] = n; if (n) return down(n - 1) + room[n];\n"
        '  puts("ready"); fflush(stdout); for (;;) sink++; }\n'
        "int main(void) { return down(30); }\n"
    )
    process = start(build(deep, "deep"))
    with open_session(Target((process.pid,))) as session:
        samples = take(session, 20)
        stats = session.stats()
    assert stats.truncated == stats.samples and stats.unwound_fully == 0
    assert {it.stack[0].name for it in samples} == {"[truncated]"}
