"""Stacks of interpreters that are not here, read from their memory as it was recorded."""

import pytest

from otx.profile.dump.stacks import PythonCall
from tests.profile.cpython.recorded import Recording, frames_of, load, names_of


@pytest.fixture
def python_3_14() -> Recording:
    """Debian's build of 3.14.10."""
    return load("3.14")


def test_the_functions_of_3_14_have_names(python_3_14: Recording) -> None:
    sub_interpreter, tasks, main = (names_of(stack) for stack in python_3_14.stacks())
    assert main == ["<module>"]
    assert sub_interpreter[-4:] == ["inside", "Interpreter.exec", "<module>", "within"]
    assert tasks[-4:] == ["BaseEventLoop._run_once", "Handle._run", "order", "prices"]
    assert all(stack.is_whole and not stack.holds_gil for stack in python_3_14.stacks())


def test_runs_begin_where_c_enters_the_interpreter(python_3_14: Recording) -> None:
    _, tasks, main = (
        [[frame.name for frame in run] for run in stack.runs] for stack in python_3_14.stacks()
    )
    assert main == [["<module>"]]
    assert tasks[-2:] == [["order"], ["prices"]]


def test_lines_roles_and_tasks_are_read(python_3_14: Recording) -> None:
    _, tasks, main = (frames_of(stack) for stack in python_3_14.stacks())
    handle, order, prices = (frame for frame in tasks[-3:] if isinstance(frame, PythonCall))
    assert (order.role, prices.role) == ("coroutine", "generator")
    assert (handle.task, handle.file.rpartition("/")[2]) == ("settle the bill", "events.py")
    assert (main[0].line, order.line, prices.line) == (19, 8, 5)


def test_variables_are_read(python_3_14: Recording) -> None:
    prices = frames_of(python_3_14.stacks()[1])[-1]
    assert isinstance(prices, PythonCall) and prices.variables is not None
    assert {it.name: it.value for it in prices.variables} == {
        "wanted": "3",
        "label": "'Straße'",
        "rates": "{'a': 1.5, 'b': [1, 2]}",
    }
