"""A profile beside something else: counts, their bounds, snapshots."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.model.stack import Frame, Sample, Thread
from otx.profile.session import Target
from otx.services.profiler import (
    MAX_THREAD_NAMES,
    OTHER_STACKS,
    WINDOW_S,
    LiveProfile,
    ProfileSnapshot,
    StackCounts,
    merge_threads,
)
from otx.system.bpf_support import probe_all

S = 1_000_000_000
DEADLINE_S = 30
PERIOD_S = 0.02


def sample(name: str, second: int = 0, comm: str = "shop") -> Sample:
    return Sample(second * S, 1, 1, comm, (Frame(name, "native"),))


def stack(name: str) -> tuple[Frame, ...]:
    return (Frame("shop", "process"), Frame(name, "native"))


def test_stacks_are_counted_under_their_process() -> None:
    counts = StackCounts()
    counts.add([sample("f"), sample("f"), sample("g")])
    assert (
        merge_threads(counts.total)
        == {stack("f"): 2, stack("g"): 1}
        == merge_threads(counts.window)
    )


def test_what_is_new_beyond_the_limit_is_counted_together() -> None:
    counts = StackCounts(limit=2)
    counts.add([sample("a"), sample("b"), sample("c"), sample("d"), sample("a")])
    assert merge_threads(counts.total) == {stack("a"): 2, stack("b"): 1, (OTHER_STACKS,): 2}


def test_stacks_are_told_apart_by_process_and_thread_name() -> None:
    counts = StackCounts(limit=3)
    one, two, other = (Sample(0, 7, tid, "shop", (), thread=f"worker-{tid}") for tid in (1, 2, 3))
    counts.add([one, two, one, replace(one, pid=8), other, two])
    whole = (Frame("shop", "process"),)
    assert counts.total == {
        Thread(7, "worker-1"): {whole: 2},
        Thread(7, "worker-2"): {whole: 2},
        Thread(8, "worker-1"): {whole: 1},
        Thread(7, "worker-3"): {(OTHER_STACKS,): 1},
    }
    assert counts.forget_before(WINDOW_S * S)
    assert counts.window == {}


def test_threads_named_for_each_request_take_no_room_from_stacks() -> None:
    counts = StackCounts()
    one = Sample(0, 7, 1, "shop", ())
    counts.add(replace(one, thread=f"request-{number}") for number in range(500))
    assert len(counts.total) == MAX_THREAD_NAMES + 1
    assert counts.total[Thread(7, "")] == {(Frame("shop", "process"),): 500 - MAX_THREAD_NAMES}
    together = StackCounts(by_thread=False)
    together.add(replace(one, thread=f"request-{number}") for number in range(500))
    assert list(together.total) == [Thread(7, "")]


def test_the_window_holds_the_last_seconds_and_the_total_all() -> None:
    counts = StackCounts()
    counts.add([sample("old", 0), sample("both", 0), sample("both", 30)])
    assert counts.forget_before((WINDOW_S - 1) * S) is False
    assert counts.forget_before(WINDOW_S * S) is True
    assert merge_threads(counts.window) == {stack("both"): 1}
    assert merge_threads(counts.total) == {stack("old"): 1, stack("both"): 2}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200))))
def test_the_window_is_never_more_than_the_total(steps: list[tuple[str, int]]) -> None:
    counts = StackCounts()
    for name, second in sorted(steps, key=lambda step: step[1]):
        counts.add([sample(name, second)])
        counts.forget_before(second * S)
        assert all(
            0 < value <= counts.total[thread][key]
            for thread, window in counts.window.items()
            for key, value in window.items()
        )


@pytest.fixture
def busy() -> Iterator["subprocess.Popen[bytes]"]:
    code = "def hot():\n  for _ in range(1000): pass\nprint('ready', flush=True)\nwhile 1: hot()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def bpf_machine() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


def await_samples(profile: LiveProfile, count: int) -> ProfileSnapshot:
    """The first snapshot with so many samples."""
    pause = threading.Event()
    for _ in range(int(DEADLINE_S / PERIOD_S)):
        snapshot = profile.snapshot()
        if sum(snapshot.counts.values()) >= count:
            return snapshot
        pause.wait(PERIOD_S)
    raise AssertionError(f"{sum(snapshot.counts.values())} samples of {count}")


@pytest.mark.bpf
def test_a_live_profile_counts_until_it_is_stopped(
    bpf_machine: None, busy: "subprocess.Popen[bytes]"
) -> None:
    profile = LiveProfile(Target((busy.pid,)), frequency_hz=499)
    assert profile.snapshot().counts == {}
    profile.start()
    try:
        early = await_samples(profile, 20)
        late = await_samples(profile, 100)
    finally:
        profile.stop()
    last = profile.snapshot()
    assert early.version < late.version <= last.version
    assert early.pids == (busy.pid,)
    assert {found[0].kind for found in last.counts} == {"process"}
    assert any(frame.name == "hot" for found in last.counts for frame in found)
    assert sum(last.counts.values()) == last.stats.samples
    assert profile.snapshot() is last


@pytest.mark.bpf
def test_a_process_can_be_added_later(bpf_machine: None, busy: "subprocess.Popen[bytes]") -> None:
    idle = subprocess.Popen(["sleep", "60"])
    profile = LiveProfile(Target((idle.pid,)), frequency_hz=499)
    try:
        profile.start()
        profile.add_pid(busy.pid)
        assert set(await_samples(profile, 20).pids) == {idle.pid, busy.pid}
    finally:
        profile.stop()
        idle.kill()
        idle.wait(10)


@pytest.mark.bpf
def test_what_cannot_be_sampled_is_raised_by_start(bpf_machine: None) -> None:
    with pytest.raises(UsageError, match="no process"):
        LiveProfile(Target((1 << 30,))).start()
