"""A process that has imported a command, and runs it once it is told its arguments."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def standby(*words: str, told: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "otx.standby", *words],
        input=told, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [("receive",), ("receive", "transform"), ("check",)])
def test_it_ends_in_silence_where_it_is_told_nothing(words: tuple[str, ...]) -> None:
    ended = standby(*words, told="")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_check_says_what_the_command_says(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("transform/x: {trace_statements: ['set(span.name)', 'sett(span.name, 1)']}\n")
    arguments = ["ottl", "check", "-f", str(rules)]
    words = [sys.executable, "-m", "otx", *arguments]
    cold = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    warm = standby("check", told=json.dumps(arguments) + "\n")
    assert cold.returncode == 1
    assert (warm.returncode, warm.stdout) == (cold.returncode, cold.stdout)


def test_what_is_loaded_suffices_to_compile_and_to_check() -> None:
    """No module is left to import: that would be waited for after the offer."""
    script = """
import importlib, sys
from pathlib import Path
from otx import standby
for modules in standby.PRELOADED.values():
    for module in modules:
        importlib.import_module(module)
standby._compile_example()
standby._check_example()
before = set(sys.modules)
from otx.services.transform_rules import read_rules
read_rules(Path(sys.argv[1]), "example", {}, frozenset())
print(*sorted(one for one in set(sys.modules) - before if one.startswith("otx.")))
"""
    path = Path(__file__).parent / "data"
    example = path / "standby_rules.yaml"
    words = [sys.executable, "-c", script, str(example)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []
