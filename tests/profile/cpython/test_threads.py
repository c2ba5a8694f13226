"""Thread states and frames read from outside: those of this very process, and of wild memory."""

import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.cpython.code import read_code
from otx.profile.cpython.detect import Interpreter, find_interpreter
from otx.profile.cpython.layout import FROZEN_LAYOUTS, Layout
from otx.profile.cpython.threads import (
    MAX_FRAMES,
    FrameWalk,
    gil_address,
    gil_holder,
    thread_states,
    walk_frames,
)
from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from tests.profile.fake_memory import BASE, SIZE, FakeMemory, wild_memories


@pytest.fixture
def memory() -> Iterator[ProcessMemory]:
    own = ProcessMemory(os.getpid())
    yield own
    own.close()


@pytest.fixture
def interpreter(memory: ProcessMemory) -> Interpreter:
    pid = os.getpid()
    found = find_interpreter(pid, read_address_space(pid), memory, ObjectFiles())
    if not isinstance(found, Interpreter):
        pytest.skip("the frames of this interpreter are not read")
    return found


def names_of(walk: FrameWalk, memory: ProcessMemory, layout: Layout) -> list[str]:
    return [read_code(memory, layout, it.python, with_lines=False).qualname for it in walk.frames]


def test_a_waiting_thread_has_its_frames(memory: ProcessMemory, interpreter: Interpreter) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def wait_here() -> None:
        inside.set()
        go_on.wait()

    thread = threading.Thread(target=wait_here)
    thread.start()
    try:
        inside.wait()
        states = {it.thread_id: it for it in thread_states(memory, interpreter)}
        assert set(states) >= {thread.ident, threading.get_ident()}
        walk = walk_frames(memory, interpreter.layout, states[thread.ident or 0].address)
    finally:
        go_on.set()
        thread.join()
    names = names_of(walk, memory, interpreter.layout)
    assert walk.is_whole
    assert names[-1] == "Thread._bootstrap"
    assert names.index("Event.wait") < names.index(wait_here.__qualname__)


def test_a_circle_of_frames_ends() -> None:
    layout = FROZEN_LAYOUTS[3, 12]
    words = [BASE] * (SIZE // 8)  # every pointer is to the same place
    memory = FakeMemory(b"".join(word.to_bytes(8, "little") for word in words))
    walk = walk_frames(memory, layout, BASE)
    assert (len(walk.frames), walk.is_whole) == (1, False)


@given(wild_memories(), st.sampled_from(sorted(FROZEN_LAYOUTS)))
def test_wild_memory_ends_walks_and_raises_nothing(
    memory: FakeMemory, version: tuple[int, int]
) -> None:
    layout = FROZEN_LAYOUTS[version]
    interpreter = Interpreter(version, BASE, layout)
    for state in thread_states(memory, interpreter)[:50]:
        assert len(walk_frames(memory, layout, state.address).frames) <= MAX_FRAMES
        gil_holder(memory, layout.gil, gil_address(memory, interpreter, state))
    assert memory.reads < 100_000
