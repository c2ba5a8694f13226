"""Processes that are sampled for what they are, also those that start later."""

import os
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.model.stack import Sample
from otx.profile.cgroups import Cgroup, find_cgroup
from otx.profile.choice import Choice
from otx.profile.records import ProcessRecord, RecordKind, TargetFlags, decode_record
from otx.profile.sampler import CpuSampler
from otx.profile.session import ProfileSession, SamplingOptions, Target
from tests.control_groups import hierarchies, made_group, move
from tests.profile.conftest import MAX_POLLS, POLL_S, Build, Start, Take

FAST_HZ = 499
GROUP = Cgroup(5, 0, Path("/x"))


@pytest.mark.parametrize("choice", [{"names": ("",)}, {"names": ("a",) * 257}])
def test_what_the_kernel_side_cannot_hold_is_refused(choice: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UsageError):
        Choice(**choice)  # type: ignore[arg-type]


def test_names_are_as_the_kernel_keeps_them() -> None:
    keys = Choice(names=("sh", "a-name-of-more-than-15")).name_keys()
    assert keys == [b"sh" + bytes(14), b"a-name-of-more-\0"]


def test_a_choice_says_what_it_looks_for() -> None:
    choice = Choice(names=("nginx",), cgroups=(GROUP,))
    assert str(choice) == "a process called nginx or a process in /x"
    assert not Choice() and Choice(everything=True)


def session(choice: Choice) -> ProfileSession:
    return ProfileSession(Target((), True, choice), SamplingOptions(frequency_hz=FAST_HZ))


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
class TestLive:
    @pytest.mark.parametrize("unified", [True, False])
    def test_a_group_has_what_is_below_it_and_not_what_left_it(
        self, burn: Path, start: Start, take: Take, unified: bool
    ) -> None:
        first, *_ = hierarchies(unified=unified)
        with made_group(first.mount, "above/below") as group:
            inside, outside = start(burn), start(burn)
            move(inside.pid, group)
            chosen = find_cgroup(str(group.parent))
            with session(Choice(cgroups=(chosen,))) as running:
                assert {sample.pid for sample in take(running, 50)} == {inside.pid}
                move(outside.pid, group)
                take(running, 20, lambda sample: sample.pid == outside.pid)
                move(inside.pid, first.mount)
                self.wait_for_the_end_of(inside.pid, running)
                assert {sample.pid for sample in take(running, 50)} == {outside.pid}

    @staticmethod
    def wait_for_the_end_of(pid: int, running: ProfileSession) -> None:
        for _ in range(MAX_POLLS):
            running.poll(POLL_S)
            if pid not in running.pids:
                return
        raise AssertionError(f"{pid} is still sampled")

    def test_a_child_born_in_a_group_has_whole_stacks_at_once(
        self, burn: Path, start: Start, take: Take
    ) -> None:
        first, *_ = hierarchies(unified=True)
        with made_group(first.mount, "shop") as group:
            enter = f"echo $$ > {group}/cgroup.procs; echo ready"
            script = f"{enter}; while :; do timeout 0.2 {burn}; done"
            start("sh", "-c", script)
            chosen = find_cgroup(str(group))
            with session(Choice(cgroups=(chosen,))) as running:
                # What ends before it is looked at has no names: that is not the matter here.
                samples = take(running, 150, lambda it: it.comm == "burn" and bool(it.stack))
        assert len({sample.pid for sample in samples}) > 1
        assert sum(self.is_whole(sample) for sample in samples) > 0.8 * len(samples)

    @staticmethod
    def is_whole(sample: Sample) -> bool:
        return "main" in [frame.name for frame in sample.stack]

    def test_a_name_is_met_later_and_left_with_the_next_program(
        self, build: Build, burn: Path, start: Start, take: Take
    ) -> None:
        becoming = (
            "#include <unistd.h>\n#include <stdio.h>\n#include <time.h>\n"
            'int main(int n, char **v) { puts("ready"); fflush(stdout);'
            " while (clock() < CLOCKS_PER_SEC / 4);"
            " execv(v[1], v + 1); }"
        )
        named = build(becoming, "otx-test-named")
        told: list[str] = []
        target = Target((), False, Choice(names=(named.name,)))
        often = SamplingOptions(frequency_hz=FAST_HZ)
        with ProfileSession(target, often, on_warning=told.append) as running:
            assert told == [f"there is not yet a process called {named.name}: waiting for one"]
            assert not running.has_ended
            process = start(named, burn)
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"  # of what it has become
            samples = take(running, 20)
            running.poll(POLL_S)
            # The kernel gives the new name within execve, before it says that a program began.
            others = [sample for sample in samples if sample.comm != named.name]
            assert all(any("execve" in f.name for f in sample.stack) for sample in others)
            assert process.pid not in running.pids

    def test_with_children_a_name_has_those_of_other_names(
        self, burn: Path, start: Start, take: Take
    ) -> None:
        start("timeout", "20", burn)
        with session(Choice(names=("timeout",))) as running:
            take(running, 20, lambda sample: sample.comm == "burn")

    def test_of_everything_few_are_told_that_nobody_sampled(self) -> None:
        """A machine may start a thousand programs a second, each gone before it is looked at."""
        began_s = time.monotonic()
        with CpuSampler() as sampler:
            sampler.choose(
                Choice(everything=True), TargetFlags.FOLLOW_CHILDREN, kernel_threads=False
            )
            loop = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done"
            subprocess.run(["sh", "-c", loop], check=True, timeout=60)
            windows = (time.monotonic() - began_s) / 0.05 + 1
            told = [decode_record(raw) for raw in sampler.read(10_000)]
        processes = [record for record in told if isinstance(record, ProcessRecord)]
        kinds = Counter(record.kind for record in processes)
        assert kinds.keys() <= {RecordKind.EXEC, RecordKind.EXIT}
        # Two processors that begin a window at a time may both count from 0.
        assert 0 < kinds[RecordKind.EXEC] <= 8 * windows
        begun = {record.pid for record in processes if record.kind is RecordKind.EXEC}
        assert {record.pid for record in told} == begun

    def test_of_everything_who_is_sampled_was_told_before(self, burn: Path, start: Start) -> None:
        pid = start(burn).pid
        known: set[int] = set()
        sampled: set[int] = set()
        with CpuSampler() as sampler:
            sampler.choose(Choice(everything=True), TargetFlags(0), kernel_threads=True)
            sampler.start(99)
            ends_s = time.monotonic() + 30
            while pid not in sampled and time.monotonic() < ends_s:
                sampler.wait(POLL_S)
                for record in map(decode_record, sampler.read(1000)):
                    if isinstance(record, ProcessRecord):
                        known.add(record.pid)
                    else:
                        assert record.pid in known
                        sampled.add(record.pid)
        assert pid in sampled

    def test_everything_is_all_but_otx_itself(self, burn: Path, start: Start) -> None:
        """Of the sampler's records: a session would read the symbols of whatever else runs here."""
        pids = {start(burn).pid, start("sh", "-c", f"exec {burn}").pid}
        with CpuSampler() as sampler:
            sampler.choose(Choice(everything=True), TargetFlags(0), kernel_threads=True)
            sampler.start(99)
            seen: set[int] = set()
            for _ in range(MAX_POLLS):
                sampler.wait(POLL_S)
                seen |= {decode_record(raw).pid for raw in sampler.read(1000)}
                if pids <= seen:
                    break
        assert pids <= seen and os.getpid() not in seen
