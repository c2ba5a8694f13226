"""The native part built for whichever interpreter is asked for, and programs run with it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OTHERS = Path.home() / ".pyenv" / "versions"

Run = Callable[..., str]


def interpreters() -> list[str]:
    """This interpreter, and of each other version that otx knows one that is here."""
    found = [sys.executable]
    for version in ("3.11", "3.12", "3.13"):
        here = sys.version_info[:2] == tuple(map(int, version.split(".")))
        others = sorted(OTHERS.glob(f"{version}.*/bin/python{version}"))
        path = shutil.which(f"python{version}") if not others else str(others[-1])
        if path and not here:
            found.append(path)
    return found


@pytest.fixture(scope="session")
def native_part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Builds the native part for an interpreter, once."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")

    @cache
    def built(python: str) -> Path:
        folder = tmp_path_factory.mktemp("context")
        words = [python, "-m", "otx.context.build", str(folder)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
        if "Python.h" in done.stderr:
            pytest.skip(f"{python} has no headers (python3-dev)")
        assert done.returncode == 0, done.stderr
        return Path(done.stderr.strip())

    yield built


@pytest.fixture
def run(native_part: Callable[[str], Path]) -> Run:
    """Runs a program that may use `otx.context`, and gives what it wrote."""

    def run_program(program: str, python: str = sys.executable, **variables: str) -> str:
        native = {"OTX_CONTEXT_NATIVE": str(native_part(python)), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [python, "-W", "error", "-c", program],
            env={**os.environ, **native, **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_program
