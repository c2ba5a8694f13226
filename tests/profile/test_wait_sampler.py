"""Waits as BPF takes them: how many samples, and what they stand for."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.model.units import NS_PER_S
from otx.profile import wait_sampler
from otx.profile.objects import ObjectFiles
from otx.profile.records import (
    Counter,
    RecordKind,
    SampleFlags,
    SampleRecord,
    TargetFlags,
    decode_record,
)
from otx.profile.wait_sampler import FIRST_PERIOD_NS, WaitSampler, counts_delays
from tests.conftest import wait_until
from tests.profile.conftest import MAX_POLLS, POLL_S, Build, Start

SWITCHES_C = """
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static int there[2], back[2];
static void hand(int to, int from)
{
    char c = 'x';
    if (to >= 0 && write(to, &c, 1) != 1) _exit(1);
    if (from >= 0 && read(from, &c, 1) != 1) _exit(1);
}
static void *echo(void *arg) { for (;;) { hand(-1, there[0]); hand(back[1], -1); } return arg; }
int main(void)
{
    pthread_t thread;
    if (pipe(there) || pipe(back)) return 1;
    pthread_create(&thread, 0, echo, 0);
    puts("ready");
    fflush(stdout);
    for (;;) hand(there[1], back[0]);
}
"""
KPROBES = Path("/sys/bus/event_source/devices/kprobe")
SHORT_SLEEPS_C = """
#include <stdio.h>
#include <time.h>
int main(void)
{
    struct timespec short_time = {0, 200000};
    puts("ready");
    fflush(stdout);
    for (;;) clock_nanosleep(CLOCK_MONOTONIC, 0, &short_time, 0);
}
"""
NAPS_C = SHORT_SLEEPS_C.replace("200000", "100000000")


def has_switched(pid: int) -> Callable[[], bool]:
    """Tells whether a thread has left its processor since this call."""

    def count() -> str:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(line for line in lines if line.startswith("voluntary_ctxt_switches"))

    before = count()
    return lambda: count() != before


def records_of(sampler: WaitSampler, duration_s: float) -> list[SampleRecord]:
    found = []
    ends_s = time.monotonic() + duration_s
    while time.monotonic() < ends_s:
        sampler.wait(POLL_S)
        records = map(decode_record, sampler.read(10_000))
        found += [record for record in records if isinstance(record, SampleRecord)]
    return found


@pytest.mark.bpf
@pytest.mark.alone
@pytest.mark.usefixtures("bpf_machine")
class TestShortWaits:
    def test_short_waits_are_few_samples_and_whole_sums(self, build: Build, start: Start) -> None:
        process = start(build(SHORT_SLEEPS_C, "sleeps"))
        with WaitSampler() as sampler:
            sampler.watch(process.pid, TargetFlags(0))
            sampler.start(99)
            began_s = time.monotonic()
            records = records_of(sampler, 1.0)
            elapsed_s = time.monotonic() - began_s
            assert sampler.lost() == 0
            assert 0 < (sampler.programs_ns() or 0) < elapsed_s * NS_PER_S
        assert {record.kind for record in records} == {RecordKind.WAIT}
        # Others are of a thread that was preempted.
        assert sum(record.lasted_ns >= 200_000 for record in records) > 0.5 * len(records)
        assert len(records) < elapsed_s * NS_PER_S / FIRST_PERIOD_NS
        assert 0.8 * elapsed_s < sum(record.value for record in records) / 1e9 < elapsed_s

    def test_what_is_shorter_than_asked_for_is_counted(self, build: Build, start: Start) -> None:
        process = start(build(SHORT_SLEEPS_C, "sleeps"))
        with WaitSampler(shortest_ns=NS_PER_S) as sampler:
            sampler.watch(process.pid, TargetFlags(0))
            sampler.start(99)
            assert records_of(sampler, 0.3) == []
            waits = sampler.waits()
        assert waits.left_out > 100
        assert waits.left_out * 200_000 < waits.left_out_ns < NS_PER_S
        assert Counter.SHORT_NS == Counter.SHORT + 1

    def test_nothing_is_sampled_while_it_is_paused(self, build: Build, start: Start) -> None:
        process = start(build(SHORT_SLEEPS_C, "sleeps"))
        with WaitSampler() as sampler:
            sampler.watch(process.pid, TargetFlags(0))
            sampler.start(99)
            sampler.set_ticking(False)
            records_of(sampler, 0.1)
            assert records_of(sampler, 0.2) == []
            sampler.set_ticking(True)
            assert records_of(sampler, 0.2)

    def test_what_the_ring_had_no_room_for_makes_samples_rarer(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with WaitSampler() as sampler:
            before_ns = sampler.period_ns
            monkeypatch.setattr(sampler, "lost", lambda: 100_000)

            def is_rarer() -> bool:
                sampler.adapt(0)
                return sampler.period_ns > before_ns

            wait_until(is_rarer, "it is rarer")

    def test_what_is_watched_later_is_sampled_too(self, build: Build, start: Start) -> None:
        sleeps = build(SHORT_SLEEPS_C, "sleeps")
        first, later = start(sleeps), start(sleeps)
        with WaitSampler() as sampler:
            sampler.watch(first.pid, TargetFlags(0))
            sampler.start(99)
            assert {record.pid for record in records_of(sampler, 0.2)} == {first.pid}
            sampler.watch(later.pid, TargetFlags(0))
            assert {record.pid for record in records_of(sampler, 0.3)} == {first.pid, later.pid}

    @pytest.mark.parametrize("by_scheduler", [True, False])
    def test_time_without_a_processor_is_apart(
        self,
        build: Build,
        burn: Path,
        start: Start,
        monkeypatch: pytest.MonkeyPatch,
        by_scheduler: bool,
    ) -> None:
        """One that sleeps shares its processor with one that burns, and comes late now and then."""
        if by_scheduler and not counts_delays():
            pytest.skip("this kernel's scheduler does not count it")
        monkeypatch.setattr(wait_sampler, "counts_delays", lambda: by_scheduler)
        pinned = ("taskset", "-c", str(min(os.sched_getaffinity(0))))
        start(*pinned, burn)
        start(*pinned, burn)
        process = start(*pinned, build(SHORT_SLEEPS_C, "sleeps"))
        with WaitSampler() as sampler:
            sampler.watch(process.pid, TargetFlags(0))
            sampler.start(99)
            slept: list[SampleRecord] = []
            late: list[SampleRecord] = []

            def has_come_late() -> bool:
                found = records_of(sampler, 0.2)
                slept.extend(it for it in found if not it.flags & SampleFlags.WAS_RUNNABLE)
                late[:] = (it for it in slept if it.lasted_ns > 2_000_000)  # it asks for 0.2 ms
                return len(late) >= 10

            wait_until(has_come_late, "it had to wait for its processor")
        assert all(0 <= it.ready_ns <= it.lasted_ns for it in slept)
        # A virtual machine's timer may be late as well: then there was nothing to wait for.
        assert sum(it.ready_ns for it in late) > 0.5 * sum(it.lasted_ns for it in late)

    def test_a_wait_that_ends_before_the_last_look_is_counted_up_to_the_end(
        self, build: Build, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process = start(build(NAPS_C, "naps"))
        with WaitSampler() as sampler:
            sampler.watch(process.pid, TargetFlags(0))
            sampler.start(99)
            records = records_of(sampler, 0.3)
            iterate = sampler._object.iterate
            until_ns = time.monotonic_ns()

            def iterate_late(program: str) -> None:
                wait_until(has_switched(process.pid), "the wait ends")
                iterate(program)

            monkeypatch.setattr(sampler._object, "iterate", iterate_late)
            sampler.end()
            records += records_of(sampler, 0.1)
        assert records[-1].monotonic_ns > until_ns
        assert not records[-1].flags & SampleFlags.GOES_ON
        waited_ns = sum(record.value for record in records)
        assert abs(waited_ns / (until_ns - sampler.began_ns) - 1) < 0.03

    def test_a_beginning_that_was_told_too_late_is_put_off(
        self, build: Build, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process = start(build(NAPS_C, "naps"))
        with WaitSampler() as sampler:
            sampler.watch(process.pid, TargetFlags(0))
            update, began = sampler._settings.update, list[int]()

            def update_late(key: bytes, value: bytes) -> None:
                began.append(sampler.began_ns)
                if len(began) == 1:
                    wait_until(has_switched(process.pid), "a wait ends")
                update(key, value)

            monkeypatch.setattr(sampler._settings, "update", update_late)
            sampler.start(99)
            records = records_of(sampler, 0.3)
        assert began[-1] == sampler.began_ns > began[0]
        first = records[0]
        assert abs(first.monotonic_ns - first.lasted_ns - sampler.began_ns) < NS_PER_S // 500

    @pytest.mark.long
    def test_a_program_that_switches_all_the_time_is_said_to_cost_much(
        self, build: Build, start: Start
    ) -> None:
        process = start(build(SWITCHES_C, "switches", "-pthread"))
        with WaitSampler() as sampler:
            sampler.watch(process.pid, TargetFlags(0))
            sampler.start(99)
            said: list[str] = []
            records = 0
            for _ in range(MAX_POLLS):
                sampler.wait(POLL_S)
                read = sum(1 for _ in sampler.read(10_000))
                sampler.adapt(read)
                records += read
                said += sampler.remarks(ObjectFiles())
                if said:
                    break
            assert not list(sampler.remarks(ObjectFiles()))
        assert "--event cpu costs less" in said[0]
        assert records < 5_000

    def test_a_kernel_that_cannot_tell_of_resumed_threads_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if KPROBES.exists():
            pytest.skip("this kernel has kprobes")
        monkeypatch.setattr(wait_sampler, "has_exit_tracepoint", lambda: False)
        with WaitSampler() as sampler:
            with pytest.raises(MachineError, match="back on a processor") as refused:
                sampler.start(99)
            assert "CONFIG_KPROBES" in refused.value.hint
