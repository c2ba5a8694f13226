"""What is known of a process from one program to the next."""

import subprocess
from collections.abc import Iterator

import pytest

from otx.profile.maps import read_address_space
from otx.profile.objects import ObjectFiles
from otx.profile.process import Process
from otx.profile.programs import SeenPrograms
from otx.profile.symbolizer import UserSymbolizer
from tests.conftest import wait_until


@pytest.fixture
def asleep() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait(10)


def test_a_program_that_had_no_interpreter_is_searched_less_often(asleep: int) -> None:
    programs, symbolizer = SeenPrograms(), UserSymbolizer(ObjectFiles())

    def process() -> Process:
        return Process(
            asleep,
            symbolizer,
            True,
            programs,
            lambda: 0,
            lambda pid, found: None,
            lambda pid, name: None,
        )

    wait_until(lambda: runs(asleep, "sleep"), "the program is mapped")
    first = process()
    for _ in range(3):
        first.search()
    first.close()
    assert process_due(process()) == 2_000_000, "it may have ended before it was mapped"
    second = process()
    for _ in range(4):
        second.search()
    second.close()
    assert process_due(process()) == 20_000_000


def runs(pid: int, name: str) -> bool:
    return any(it.base_name == name for it in read_address_space(pid).executable)


def process_due(process: Process) -> int | None:
    """When a process is searched again after the first time."""
    process.search()
    due_ns = process.next_search_ns
    process.close()
    return due_ns
