"""The variables of frames: of a live program under every interpreter, and of wild memory."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.secret_names import is_secret_name
from otx.profile.cpython.layout import FROZEN_LAYOUTS
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.values import ValueReader
from otx.profile.cpython.variables import MAX_VARIABLES, VariableReader
from otx.profile.dump.stacks import PythonCall
from otx.profile.dump.subject import find_subject
from otx.profile.dump.take import DumpOptions, take_dump
from otx.redacted import without_users
from tests.profile.conftest import Start
from tests.profile.fake_memory import BASE, FakeMemory, wild_memories

HOLDS_PY = """
import time
def hold(price, *items, password="hunter2", **more):
    count, name, nothing = -7, "n\u00e9", None
    def inner():
        return count
    unset: int
    print("ready", flush=True)
    time.sleep(1000)
    return inner, unset
hold(1.5, "a", 2, extra=(1,))
"""


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_before_3_11_variables_have_their_names_and_values(
    old_python: str, start: Start, tmp_path: Path
) -> None:
    test_variables_have_their_names_and_values(old_python, start, tmp_path)


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
def test_variables_have_their_names_and_values(python: str, start: Start, tmp_path: Path) -> None:
    script = tmp_path / "holds.py"
    script.write_text(HOLDS_PY)
    process = start(python, script)
    options = DumpOptions(variables=True, is_secret=is_secret_name)
    found = take_dump(find_subject(process.pid), options, pytest.fail)
    (hold,) = [it for it in found.threads[0].stack if it.name == "hold"]
    assert isinstance(hold, PythonCall)
    values = {local.name: local.value for local in hold.variables or ()}
    assert values.pop("inner").startswith("<function at 0x")
    assert values == {
        "price": "1.5",
        "items": "('a', 2)",
        "password": "[redacted]",
        "more": "{'extra': (1,)}",
        "count": "-7",
        "name": "'né'",
        "nothing": "None",
    }


@given(wild_memories(), st.sampled_from(sorted(FROZEN_LAYOUTS)))
def test_wild_memory_has_few_variables_or_none(
    memory: FakeMemory, version: tuple[int, int]
) -> None:
    layout, form = FROZEN_LAYOUTS[version], OBJECT_LAYOUTS[version]
    values = ValueReader(memory, layout, form, is_secret_name, without_users)
    reader = VariableReader(memory, layout, form, values)
    assert len(reader.read(BASE, BASE + 256, 0)) <= MAX_VARIABLES
