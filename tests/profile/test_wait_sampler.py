"""Waits as BPF takes them: how many samples, and what they stand for."""

import time
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.model.units import NS_PER_S
from otx.profile import wait_sampler
from otx.profile.objects import ObjectFiles
from otx.profile.records import (
    Counter,
    RecordKind,
    SampleRecord,
    TargetFlags,
    decode_record,
)
from otx.profile.wait_sampler import FIRST_PERIOD_NS, WaitSampler
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


def records_of(sampler: WaitSampler, duration_s: float) -> list[SampleRecord]:
    found = []
    ends_s = time.monotonic() + duration_s
    while time.monotonic() < ends_s:
        sampler.wait(POLL_S)
        records = map(decode_record, sampler.read(10_000))
        found += [record for record in records if isinstance(record, SampleRecord)]
    return found


@pytest.mark.bpf
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
