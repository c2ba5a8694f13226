"""The names of asyncio tasks: of live programs under every interpreter, and of wild memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.cpython.layout import FROZEN_LAYOUTS
from otx.profile.cpython.tasks import task_name
from otx.profile.dump.stacks import PythonCall
from otx.profile.dump.subject import find_subject
from otx.profile.dump.take import DumpOptions, take_dump
from tests.profile.conftest import Start
from tests.profile.fake_memory import BASE, FakeMemory, wild_memories

TASKS_PY = """
import asyncio, sys, time
async def settle():
    if sys.argv[1] == "woken":
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    time.sleep(1000)
async def main():
    task = asyncio.ensure_future(settle())
    if sys.argv[2]:
        task.set_name(sys.argv[2])
    await task
asyncio.run(main())
"""


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_a_running_task_has_its_name(python: str, start: Start) -> None:
    assert names_of_tasks(start, python, "woken", "settle the bill") == ["settle the bill"]
    assert names_of_tasks(start, python, "begun", "") == ["Task-2"]


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_before_3_11_a_running_task_has_its_name(old_python: str, start: Start) -> None:
    assert names_of_tasks(start, old_python, "woken", "settle the bill") == ["settle the bill"]


def names_of_tasks(start: Start, python: str, how: str, name: str) -> list[str]:
    process = start(python, "-c", TASKS_PY, how, name)
    found = take_dump(find_subject(process.pid), DumpOptions(), pytest.fail)
    calls = [frame for frame in found.threads[0].stack if isinstance(frame, PythonCall)]
    return [call.task for call in calls if call.task]


@given(wild_memories(), st.sampled_from(sorted(FROZEN_LAYOUTS)))
def test_wild_memory_has_some_name_or_none(memory: FakeMemory, version: tuple[int, int]) -> None:
    assert isinstance(task_name(memory, FROZEN_LAYOUTS[version], version, BASE, 128), str)
