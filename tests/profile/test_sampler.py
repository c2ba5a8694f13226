"""The BPF side alone: what is sampled, what the ring holds, what is counted when it is full."""

import os
import time

import pytest

from otx.profile.records import ProcessRecord, RecordKind, SampleRecord, TargetFlags, decode_record
from otx.profile.sampler import CpuSampler

pytestmark = [pytest.mark.bpf, pytest.mark.usefixtures("bpf_machine")]

MAX_HZ = 4999
ENOUGH = 1 << 20


def burn(seconds: float) -> None:
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass


def test_only_what_is_watched_is_sampled() -> None:
    with CpuSampler() as sampler:
        sampler.start(499)
        burn(0.05)
        assert list(sampler.read(ENOUGH)) == []
        sampler.watch(os.getpid(), TargetFlags(0))
        burn(0.1)
        records = [decode_record(raw) for raw in sampler.read(ENOUGH)]
        sampler.forget(os.getpid())
        list(sampler.read(ENOUGH))
        burn(0.05)
        assert list(sampler.read(ENOUGH)) == []
    assert len(records) > 20
    assert {record.pid for record in records} == {os.getpid()}
    assert all(isinstance(record, SampleRecord) and record.user for record in records)


def test_paused_timers_take_nothing() -> None:
    with CpuSampler() as sampler:
        sampler.watch(os.getpid(), TargetFlags(0))
        sampler.start(499)
        sampler.set_ticking(False)
        list(sampler.read(ENOUGH))
        burn(0.1)
        assert list(sampler.read(ENOUGH)) == []
        sampler.set_ticking(True)
        burn(0.1)
        assert list(sampler.read(ENOUGH))


def test_a_read_is_bounded_and_the_rest_stays() -> None:
    with CpuSampler() as sampler:
        sampler.watch(os.getpid(), TargetFlags(0))
        sampler.start(MAX_HZ)
        burn(0.1)
        sampler.set_ticking(False)
        assert len(list(sampler.read(10))) == 10
        assert len(list(sampler.read(ENOUGH))) > 50


def test_children_are_told_and_sampled_where_they_are_followed() -> None:
    with CpuSampler() as sampler:
        sampler.watch(os.getpid(), TargetFlags.FOLLOW_CHILDREN)
        child = os.posix_spawn("/bin/true", ["true"], os.environ)
        os.waitpid(child, 0)
        records = [decode_record(raw) for raw in sampler.read(ENOUGH)]
    told = [(r.kind, r.pid, r.parent) for r in records if isinstance(r, ProcessRecord)]
    assert told == [
        (RecordKind.FORK, child, os.getpid()),
        (RecordKind.EXEC, child, 0),
        (RecordKind.EXIT, child, 0),
    ]


def test_what_does_not_fit_the_ring_is_counted() -> None:
    with CpuSampler(sizes={"records": 1 << 20}) as sampler:
        sampler.watch(os.getpid(), TargetFlags(0))
        sampler.start(MAX_HZ)
        ends = time.process_time() + 30
        while sampler.lost() == 0:  # nobody reads: it fills
            burn(0.2)
            assert time.process_time() < ends
        delivered = len(list(sampler.read(ENOUGH)))
    assert delivered > 1000


def test_a_rate_can_be_changed_while_it_samples() -> None:
    with CpuSampler() as sampler:
        sampler.watch(os.getpid(), TargetFlags(0))
        sampler.start(MAX_HZ)
        burn(0.1)
        often = len(list(sampler.read(ENOUGH)))
        sampler.set_frequency(99)
        list(sampler.read(ENOUGH))
        burn(0.2)
        seldom = len(list(sampler.read(ENOUGH)))
    assert often > 200 and 0 < seldom < 60


def test_the_program_times_itself() -> None:
    with CpuSampler() as sampler:
        sampler.watch(os.getpid(), TargetFlags(0))
        sampler.start(499)
        burn(0.1)
        assert sampler.run_time_ns() > 0
        assert sampler.children_missed() == 0
