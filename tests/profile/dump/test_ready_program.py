"""A program that is kept as this kernel takes it: its form, and that it runs without libbpf."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import MachineError
from otx.profile.bpf_files import find_bpf_object
from otx.profile.dump import loaded_program, ready_program
from otx.profile.dump.ready_program import ProgramCache, ReadyProgram, RunningProgram
from otx.profile.dump.task_iterator import OBJECT_NAME, open_task_iterator
from otx.system.bpf_call import MapShape

SOURCE = find_bpf_object(OBJECT_NAME)
LOADS_MAP = bytes.fromhex("1811000000000000 0000000000000000")  # r1 = map 0
ENDS = bytes.fromhex("b700000000000000 9500000000000000")  # return 0

words = st.integers(0, (1 << 32) - 1)
programs = st.builds(
    ReadyProgram,
    words,
    st.lists(st.builds(MapShape, words, words, words, words), max_size=16).map(tuple),
    st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=9).map(b"".join),
)


@given(programs)
def test_a_program_comes_back_as_it_was_kept(program: ReadyProgram) -> None:
    assert ReadyProgram.unpacked(program.packed()) == program


@given(st.binary(max_size=200))
def test_other_bytes_are_none_or_a_program(raw: bytes) -> None:
    program = ReadyProgram.unpacked(raw)
    assert program is None or program.packed() == raw


def test_maps_get_their_descriptors() -> None:
    program = ReadyProgram(1, (), LOADS_MAP + ENDS)
    code = program.with_maps({0: 0x1234})
    assert code == LOADS_MAP[:4] + b"\x34\x12\0\0" + LOADS_MAP[8:] + ENDS
    assert ReadyProgram(1, (), code).with_maps({0x1234: 0}) == program.instructions
    with pytest.raises(LookupError):
        program.with_maps({1: 5})


def test_a_program_holds_for_one_kernel_and_one_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, notes, types = (tmp_path / name for name in ("x.bpf.o", "notes", "types"))
    for path in (source, notes, types):
        path.write_bytes(b"one")
    monkeypatch.setattr(ready_program, "_NOTES", notes)
    monkeypatch.setattr(ready_program, "_TYPES", types)
    cache, program = ProgramCache.below(tmp_path), ReadyProgram(1, (), ENDS)
    cache.store(source, program)
    for path, other in ((source, b"two"), (notes, b"two"), (types, b"more")):
        assert cache.load(source) == program
        path.write_bytes(other)
        assert cache.load(source) is None
        path.write_bytes(b"one")
    notes.unlink()
    cache.store(source, program)
    assert cache.load(source) is None, "a kernel that does not say which it is"


@pytest.fixture
def cache(tmp_path: Path, bpf_machine: None) -> ProgramCache:
    """A cache in which libbpf's program for this kernel is kept."""
    cache = ProgramCache.below(tmp_path)
    open_task_iterator(os.getpid(), cache).close()
    return cache


@pytest.fixture
def waiting() -> Iterator[threading.Thread]:
    """A thread that stands still."""
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    yield thread
    go_on.set()
    thread.join()


def refuse(*_: object) -> None:
    raise MachineError("libbpf was asked")


@pytest.mark.bpf
def test_the_second_dump_sees_the_same_without_libbpf(
    cache: ProgramCache, waiting: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_task_iterator(os.getpid(), ProgramCache(None))
    monkeypatch.setattr(loaded_program, "BpfObject", refuse)
    second = open_task_iterator(os.getpid(), cache)
    try:
        by_libbpf, ready = (
            {look.tid: look for look in it.look()}[waiting.native_id or 0] for it in (first, second)
        )
    finally:
        first.close()
        second.close()
    assert by_libbpf == ready
    with pytest.raises(MachineError, match="libbpf was asked"):
        open_task_iterator(os.getpid(), ProgramCache(None))


def test_a_program_that_others_may_change_is_not_read(tmp_path: Path) -> None:
    """It would be given to the kernel by root, who may run with somebody's HOME."""
    cache, source = ProgramCache.below(tmp_path), tmp_path / "source"
    source.write_bytes(b"object file")
    program = ReadyProgram(1, (), ENDS)
    cache.store(source, program)
    assert cache.load(source) == program
    (kept,) = (tmp_path / "programs").iterdir()
    kept.chmod(0o666)
    assert cache.load(source) is None


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.mark.bpf
@pytest.mark.parametrize(
    "kept",
    [
        ReadyProgram(1, (), ENDS),  # that type is no list of anything
        ReadyProgram(1, (MapShape(2, 4, 4, 1),), LOADS_MAP[:4] + b"\x09\0\0\0" + LOADS_MAP[8:]),
        ReadyProgram(1, (MapShape(99, 4, 4, 1),), ENDS),
    ],
)
def test_what_the_kernel_refuses_is_made_anew(cache: ProgramCache, kept: ReadyProgram) -> None:
    good = cache.load(SOURCE)
    cache.store(SOURCE, kept)
    before = descriptors()
    iterator = open_task_iterator(os.getpid(), cache)
    try:
        assert os.getpid() in {look.tid for look in iterator.look()}
    finally:
        iterator.close()
    assert descriptors() == before
    assert good is not None and cache.load(SOURCE) == good


@pytest.mark.bpf
def test_a_program_of_a_process_that_is_gone_sees_none(cache: ProgramCache) -> None:
    program = cache.load(SOURCE)
    assert program is not None
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    running = RunningProgram("look_at_task", program, {0: pid.to_bytes(4, "little")}, pid)
    assert running.run() == b""
    running.close()
