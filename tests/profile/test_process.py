"""What is known of a process from one program to the next."""

import os
import subprocess
import sys
import time
import types
from collections.abc import Iterator

import pytest

from otx.profile import process as process_module
from otx.profile.cpython.detect import Interpreter
from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.profile.process import Process
from otx.profile.programs import SeenPrograms
from otx.profile.symbolizer import UserSymbolizer
from tests.conftest import wait_until
from tests.profile.cpython.test_code import frame_of


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


@pytest.fixture
def own() -> Iterator[Process]:
    found: list[Interpreter] = []
    process = Process(
        os.getpid(),
        UserSymbolizer(ObjectFiles()),
        True,
        SeenPrograms(),
        time.monotonic_ns,
        lambda pid, interpreter: found.append(interpreter),
        lambda pid, name: None,
    )
    process.search()
    if not found or sys.version_info < (3, 11):
        pytest.skip(f"otx reads no code of CPython {sys.version}")
    yield process
    process.close()


def functions(count: int, lines: int) -> list[types.CodeType]:
    """Code objects with so many lines each."""
    return [compile("x = 1\n" * lines, f"made{number}.py", "exec") for number in range(count)]


def test_code_objects_are_kept_up_to_a_size_together(
    own: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, memory = functions(20, 200), ProcessMemory(os.getpid())
    frames = [frame_of(code, memory) for code in made]
    monkeypatch.setattr(process_module, "_MAX_CODE_SIZE_KEPT", 64 * 1000)
    for code, frame in zip(made, frames, strict=True):
        named = own.python_frame(frame, with_lines=True)
        assert (named.name, named.file) == ("<module>", code.co_filename)
    assert 1 < len(own._codes) < 6
    assert own._code_size_kept <= 64 * 1000
    monkeypatch.setattr(process_module, "_MAX_CODE_SIZE_KEPT", 1)
    assert own.python_frame(frames[0], with_lines=True).file == made[0].co_filename
    assert len(own._codes) == 1, "the last one is"
    memory.close()


def test_code_objects_are_kept_up_to_a_number(
    own: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, memory = functions(5, 1), ProcessMemory(os.getpid())
    monkeypatch.setattr(process_module, "_MAX_CODES_KEPT", 3)
    for code in made:
        own.python_frame(frame_of(code, memory), with_lines=False)
    assert len(own._codes) == 3
    memory.close()
