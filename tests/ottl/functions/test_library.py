"""The table says of every function where it lives."""

import subprocess
import sys
from pathlib import Path

import pytest

from otx.ottl import functions
from otx.ottl.functions.library import FAMILIES
from otx.ottl.functions.registry import FUNCTIONS, all_functions

HERE = Path(functions.__file__).parent


def test_every_module_that_declares_functions_is_in_the_table() -> None:
    declaring = {
        path.stem
        for path in HERE.glob("*.py")
        if any(line.startswith(("@converter", "@editor")) for line in path.read_text().splitlines())
    }
    assert declaring == FAMILIES.keys()


@pytest.mark.parametrize("module", FAMILIES)
def test_a_module_declares_what_the_table_says(module: str) -> None:
    all_functions()
    place = f"{functions.__name__}.{module}"
    declared = {name for name, one in FUNCTIONS.items() if one.implementation.__module__ == place}
    assert declared == set(FAMILIES[module])


def test_naming_a_function_imports_its_family_alone() -> None:
    code = """
import sys
from otx.ottl.functions.registry import FunctionSet
assert FunctionSet().find("set", "span").name == "set"
assert FunctionSet().find("NoSuchThing", "span") is None
print(*(name for name in sys.modules if name.startswith("otx.ottl.functions.")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    families = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert families == {"registry", "library", "editors"}
