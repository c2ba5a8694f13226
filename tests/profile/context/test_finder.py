"""Samples of real programs carry the span that their thread published."""

import subprocess
import sys
from pathlib import Path

import pytest

from otx.model.stack import Sample
from otx.profile.context.finder import ContextFinder, dtv_form
from otx.profile.context.place import DtvForm
from otx.profile.maps import AddressSpace, Mapping
from otx.profile.session import ProfileSession
from tests.profile.conftest import MAX_POLLS, Start, Take
from tests.profile.context.conftest import WAYS, BuildWay
from tests.profile.sessions import open_session

ROOT = Path(__file__).parents[3]
HZ = 999
RED, BLUE = f"{1:032x}", f"{2:032x}"


def function(sample: Sample) -> str:
    """The function of the program that a sample was taken in."""
    names = [frame.name for frame in sample.stack]
    return next((it for it in names if it in FUNCTIONS), "")


FUNCTIONS = {"red", "blue", "silent", "invalid_one", "astray_one", "kernel_one"}


def take_of_each(take: Take, session: ProfileSession, count: int) -> list[Sample]:
    """So many samples, and more until every thread has had the processor."""
    samples = take(session, count, lambda it: bool(function(it)))
    for _ in range(MAX_POLLS):
        if {function(it) for it in samples} == FUNCTIONS:
            break
        samples += take(session, 1, lambda it: bool(function(it)))
    return samples


def check(samples: list[Sample]) -> None:
    said = {(function(it), it.trace_id, it.span_id) for it in samples if function(it)}
    assert ("red", RED, RED[16:]) in said
    assert ("blue", BLUE, BLUE[16:]) in said
    assert {name for name, trace, _ in said if not trace} >= {"silent", "invalid_one"}
    assert len(said) == len({name for name, _, _ in said}), said


# Each takes some seconds of a busy machine's time; the others are covered without it.
QUICK = ("program", "loaded descriptor")
BY_WAY = [pytest.param(it, marks=[] if it in QUICK else [pytest.mark.long]) for it in WAYS]


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
@pytest.mark.parametrize("way", BY_WAY)
def test_each_thread_has_its_own_span_and_what_is_none_has_none(
    way: str, build_way: BuildWay, start: Start, take: Take
) -> None:
    process = start(*build_way(way))
    with open_session([process.pid], frequency_hz=HZ) as session:
        check(take_of_each(take, session, 150))


@pytest.mark.long
@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_a_library_that_is_loaded_while_sampling_is_found(build_way: BuildWay, take: Take) -> None:
    words = [*build_way("loaded descriptor"), "wait"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdin is not None and process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            with open_session([process.pid], frequency_hz=HZ) as session:
                assert not any(it.trace_id for it in take(session, 50))
                process.stdin.write(b"\n")
                process.stdin.flush()
                take(session, 20, lambda it: it.trace_id == RED)
                check(take_of_each(take, session, 300))
        finally:
            process.kill()


class Clock:
    """A clock that a test moves, and that each look moves on."""

    def __init__(self, step_ns: int = 0) -> None:
        self.now_ns = 0
        self.step_ns = step_ns
        self.reads = 0

    def __call__(self) -> int:
        self.reads += 1
        self.now_ns += self.step_ns
        return self.now_ns


def test_a_variable_is_told_once_and_a_process_that_is_gone_has_nothing(
    build_way: BuildWay, start: Start
) -> None:
    process, told = start(*build_way("program")), list[tuple[int, bytes | None]]()
    clock = Clock()
    finder = ContextFinder(lambda pid, place: told.append((pid, place)), clock)
    gone = 1 << 22
    for _ in range(5):
        finder.look([process.pid, gone])
        clock.now_ns += 10**10
    ((pid, place),) = told
    assert pid == process.pid and place is not None and len(place) == 16
    assert finder.resource(gone) == {} == finder.resource(process.pid)
    finder.forget(process.pid)
    finder.look([process.pid])
    assert len(told) == 2


@pytest.mark.parametrize(
    ("library", "form"),
    [
        ("/lib/ld-musl-x86_64.so.1", DtvForm.MUSL),  # Alpine
        ("/usr/lib/x86_64-linux-musl/libc.so", DtvForm.MUSL),  # Debian
        ("/usr/lib/libc.so", DtvForm.MUSL),  # Void
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", DtvForm.GLIBC),
        ("/srv/musl/libshop.so", DtvForm.GLIBC),
    ],
)
def test_the_c_library_is_told_by_its_file(library: str, form: DtvForm) -> None:
    assert dtv_form(AddressSpace([Mapping(1, 2, True, 0, "8:1", 7, library)])) is form


def test_looks_get_rarer_and_many_processes_are_looked_at_in_parts() -> None:
    clock = Clock()
    finder = ContextFinder(lambda pid, place: None, clock)
    gone = [1 << 22, (1 << 22) + 1]
    finder.look(gone)
    clock.reads = 0
    finder.look(gone)
    assert clock.reads == 1 + len(gone)  # it was asked whether they are due, and they are not
    slow = Clock(step_ns=20_000_000)
    ContextFinder(lambda pid, place: None, slow).look(range(1 << 22, (1 << 22) + 1000))
    assert slow.reads < 10


PUBLISH = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import os, signal
from otx.context import process
process.publish_process({{"service.name": "shop"}})
print("ready", flush=True)
signal.pause()
"""
NO_MEMFD = "def refused(*words): raise OSError('no memfd')\nos.memfd_create = refused\n"
NAMED_ALONE = PUBLISH.replace("from otx", NO_MEMFD + "from otx")


@pytest.mark.parametrize("program", [PUBLISH, NAMED_ALONE], ids=["memfd", "named mapping"])
def test_what_a_process_says_it_is_is_found(program: str, start: Start) -> None:
    process = start(sys.executable, "-c", program)
    if "OTEL_CTX" not in Path(f"/proc/{process.pid}/maps").read_text():
        pytest.skip("this kernel names no mappings (CONFIG_ANON_VMA_NAME)")
    finder = ContextFinder(lambda pid, place: None, Clock())
    finder.look([process.pid])
    assert finder.resource(process.pid) == {"service.name": "shop", "process.pid": process.pid}
