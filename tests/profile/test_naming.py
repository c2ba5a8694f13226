"""Processes of whose mappings nothing was told: the kernel says what they map, records name it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from otx.model.stack import ProfileStats, Sample
from otx.profile.launch import GatedCommand
from otx.profile.maps import Mapping, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.naming import SampleNamer
from otx.profile.objects import ObjectFiles
from otx.profile.process import Process
from otx.profile.programs import SeenPrograms
from otx.profile.records import UNWIND_FLAGS, SampleFlags, SampleRecord, SeenArea
from otx.profile.sampler import CpuSampler
from otx.profile.session import SamplingOptions
from otx.profile.symbolizer import UserSymbolizer
from otx.profile.tally import Tally
from otx.profile.targets import descendants_of
from otx.profile.unwind.loader import TableLoader
from tests.conftest import wait_until
from tests.profile.conftest import BURN_C, POLL_S, Build, Start
from tests.profile.sessions import open_session
from tests.profile.unwind.programs import C_FLAGS, CLOCK_C, DEEP_C, SHORT_C

pytestmark = [pytest.mark.bpf, pytest.mark.usefixtures("bpf_machine")]

OVERLAY = """
mount -t tmpfs none {0} && cd {0} &&
mkdir lower upper work merged && cp {1} lower/program &&
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none merged"""


@contextmanager
def knowing(pid: int) -> Iterator[tuple[CpuSampler, TableLoader]]:
    """A sampler that was told of one process, and has the tables of what that has mapped."""
    with CpuSampler() as sampler:
        loader = TableLoader(
            sampler.tables(time.monotonic_ns), None, lambda about, text: None, time.monotonic_ns
        )
        memory = ProcessMemory(pid)
        loader.follow(pid, read_address_space(pid), memory)
        while loader.advance():
            pass
        memory.close()
        yield sampler, loader


def records_of(sampler: CpuSampler, pid: int, count: int) -> list[SampleRecord]:
    """So many samples of a process that nothing is told of."""
    taken: list[SampleRecord] = []
    sampler.watch(pid, UNWIND_FLAGS["dwarf"])
    sampler.start(997)
    ends = time.monotonic() + 30
    while len(taken) < count:
        sampler.wait(POLL_S)
        taken += (it for it in sampler.records(1000) if isinstance(it, SampleRecord))
        assert time.monotonic() < ends
    return taken


@pytest.mark.parametrize("source", [DEEP_C, CLOCK_C], ids=["deep", "vdso"])
def test_stacks_are_whole_where_its_files_are_known_of_another_process(
    build: Build, start: Start, source: str
) -> None:
    program = build(source, "program", *C_FLAGS)
    known, new = start(program), start(program)
    with knowing(known.pid) as (sampler, loader):
        taken = records_of(sampler, new.pid, 50)
        met = {area: loader.mapping_of(area) for record in taken for area in record.areas}
    assert all(record.flags & SampleFlags.USER_ROOT for record in taken)
    assert all(record.flags & SampleFlags.USER_AREAS for record in taken)
    mapped = set(read_address_space(new.pid).executable)
    assert met and set(met.values()) <= mapped
    assert "program" in {mapping.base_name for mapping in met.values() if mapping}


def test_a_file_that_is_not_known_is_walked_by_frame_pointers(build: Build, start: Start) -> None:
    known = start(build(BURN_C, "known", *C_FLAGS))
    new = start(build(BURN_C, "new", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"))
    with knowing(known.pid) as (sampler, _):
        taken = records_of(sampler, new.pid, 50)
    assert not any(record.flags & SampleFlags.USER_TABLES for record in taken)
    assert all(len(record.user) > 2 for record in taken)


def test_a_file_below_a_containers_layers_is_the_one_that_the_container_sees(
    build: Build, start: Start, tmp_path: Path
) -> None:
    """What is mapped there is a file of the lower layer, and /proc tells of the upper one."""
    program = build(DEEP_C, "program", *C_FLAGS)
    (tmp_path / "layers").mkdir()
    mount = OVERLAY.format(tmp_path / "layers", program)
    enter = ("unshare", "--mount", "sh", "-c")
    if subprocess.run([*enter, mount], check=False, capture_output=True).returncode:
        pytest.skip("no overlay file system can be mounted here")
    known = start(*enter, f"{mount} && {{ merged/program & exec merged/program; }}")
    (new,) = descendants_of([known.pid])
    wait_until(lambda: runs(known.pid, program.name) and runs(new, program.name), "both run")
    try:
        with knowing(known.pid) as (sampler, _):
            taken = records_of(sampler, new, 50)
    finally:
        os.kill(new, signal.SIGKILL)
    assert all(record.flags & SampleFlags.USER_ROOT for record in taken)


def runs(pid: int, name: str) -> bool:
    return any(mapping.base_name == name for mapping in read_address_space(pid).executable)


def test_a_mapping_of_an_object_that_is_forgotten_by_now_is_none(
    build: Build, start: Start
) -> None:
    with knowing(start(build(BURN_C, "known", *C_FLAGS)).pid) as (_, loader):
        assert loader.mapping_of(SeenArea(0x1000, 0x2000, 0, 4000)) is None
        assert isinstance(loader.mapping_of(SeenArea(0x1000, 0x2000, 0, 1)), Mapping)


def test_short_programs_have_whole_stacks_once_their_files_are_known(
    build: Build, tmp_path: Path
) -> None:
    program = build(SHORT_C, "short", *C_FLAGS)
    loop = f"i=0; while [ $i -lt 40 ]; do {program} 14; i=$((i + 1)); done"
    sampled(f"{program} 14; {program} 14", tmp_path)  # its tables are kept from then on
    samples, stats = sampled(loop, tmp_path)
    assert stats.unwound_fully > 0.9 * stats.samples
    inside = [[frame.name for frame in it.stack] for it in samples if it.comm == "short"]
    at_work = [names for names in inside if "leaf" in names]
    whole = [names for names in at_work if {"main", "inner"} <= set(names)]
    assert len(at_work) > 40 and len(whole) > 0.95 * len(at_work)


def sampled(script: str, cache_dir: Path) -> tuple[list[Sample], ProfileStats]:
    """The samples of a shell and what it runs."""
    command = GatedCommand(["sh", "-c", script])
    samples: list[Sample] = []
    awaited = (command.pid,)
    with open_session(
        awaited, frequency_hz=199, await_exec=awaited, cache_dir=cache_dir
    ) as session:
        command.release()
        while not session.has_ended or session.is_building_tables:
            samples += session.poll(POLL_S)
        samples += session.end()
        stats = session.stats()
    assert command.wait() == 0
    return samples, stats


@pytest.mark.parametrize(("first", "whole"), [("ret_from_fork_asm", 1), ("do_syscall_64", 0)])
def test_a_thread_that_has_run_nothing_yet_lacks_no_callers(
    build: Build, start: Start, first: str, whole: int
) -> None:
    """It stands where it leaves the kernel for the first time, on a stack without a caller."""
    pid = start(build(BURN_C, "burn", *C_FLAGS)).pid
    tally = Tally()
    namer = SampleNamer(tally, lambda pid: {}, SamplingOptions(event="offcpu"))
    process = Process(
        pid,
        UserSymbolizer(ObjectFiles()),
        True,
        SeenPrograms(),
        time.monotonic_ns,
        lambda pid, found: None,
        lambda pid, name: None,
    )
    process.search()
    user = next(it.start for it in read_address_space(pid).executable if "libc" in it.base_name)
    record = SampleRecord(
        *(pid, pid, int(SampleFlags.USER_TABLES), 0, "burn", "burn"),
        *((kernel_address(first) + 1,), (user + 0x100,), (), ()),
    )
    (sample,) = namer.samples(process, record, [])
    process.close()
    assert sample.stack[-1].name.startswith(first)
    assert (tally.samples, tally.unwound_fully) == (1, whole)


def kernel_address(name: str) -> int:
    for line in Path("/proc/kallsyms").read_text().splitlines():
        address, _, found = line.split()[:3]
        if found == name:
            return int(address, 16)
    pytest.skip(f"this kernel has no {name}")
