"""Whose time a leaf is."""

from otx.flame.attribution import without_interpreter_leaves
from otx.model.stack import Frame, Stack

MAIN = Frame("main", "python", "a.py", module="a.py")
LOOKUP = Frame("unicodekeys_lookup_unicode", "native", module="libpython3.11.so.1.0")
ALLOCATE = Frame("_PyObject_Malloc", "native", module="python3.12")
SIN = Frame("sin", "native", module="libm.so.6")
FAULT = Frame("clear_page", "kernel", module="kernel")


def test_machinery_belongs_to_the_python_function_that_runs_on_it() -> None:
    counts: dict[Stack, int] = {(MAIN,): 1, (MAIN, LOOKUP): 2, (MAIN, LOOKUP, ALLOCATE): 4}
    assert without_interpreter_leaves(counts) == {(MAIN,): 7}


def test_other_native_code_and_the_kernel_keep_their_own() -> None:
    counts: dict[Stack, int] = {(MAIN, LOOKUP, SIN): 1, (MAIN, LOOKUP, FAULT): 2}
    assert without_interpreter_leaves(counts) == counts


def test_an_interpreter_that_runs_no_python_keeps_its_own() -> None:
    counts: dict[Stack, int] = {(LOOKUP, ALLOCATE): 1, (): 1}
    assert without_interpreter_leaves(counts) == counts
