"""`otx dump` of a stripped program whose names are in a file beside it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import RunCli

SOURCE = """
#include <stdio.h>
volatile int sink;
static __attribute__((noinline)) void wait_for_input(void) { getchar(); sink++; }
static __attribute__((noinline)) void serve(void) { wait_for_input(); sink++; }
int main(void) { puts("ready"); fflush(stdout); serve(); return 0; }
"""


@pytest.fixture
def stripped(tmp_path: Path) -> Path:
    """A program as a package installs it: its debug file is in the folder `.debug`."""
    if shutil.which("gcc") is None or shutil.which("objcopy") is None:
        pytest.skip("gcc or objcopy is not installed")
    source, program, debug = tmp_path / "shop.c", tmp_path / "shop", tmp_path / "shop.debug"
    source.write_text(SOURCE)
    for words in (
        (
            "gcc",
            "-O1",
            "-fomit-frame-pointer",
            "-fno-optimize-sibling-calls",
            source,
            "-o",
            program,
        ),
        ("objcopy", "--only-keep-debug", program, debug),
        ("objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", program),
    ):
        subprocess.run(words, check=True, timeout=60)
    (tmp_path / ".debug").mkdir()
    debug.rename(tmp_path / ".debug" / debug.name)
    return program


def test_functions_have_the_names_that_were_taken_out(run_cli: RunCli, stripped: Path) -> None:
    with subprocess.Popen(
        [stripped], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        named = run_cli("dump", str(process.pid), "--no-kernel")
        shutil.rmtree(stripped.parent / ".debug")
        unnamed = run_cli("dump", str(process.pid), "--no-kernel")
        process.communicate("\n", timeout=30)
    assert (named.returncode, unnamed.returncode) == (0, 0)
    order = [line.split()[0] for line in named.stdout.splitlines() if line.endswith("  shop")]
    assert order[:3] == ["wait_for_input", "serve", "main"]
    assert "[shop+0x" not in named.stdout and "[shop+0x" in unnamed.stdout
