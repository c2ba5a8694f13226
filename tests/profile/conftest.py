"""Programs to sample: C built on the spot, Python under every interpreter that is here."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from otx.model.stack import Sample
from otx.profile.session import ProfileSession
from otx.system.bpf_support import probe_all

POLL_S = 0.05
MAX_POLLS = 2000

BURN_C = """
#include <stdio.h>
volatile unsigned long sink;
#define WORK __attribute__((noinline)) void
WORK spin(unsigned long n) { for (unsigned long i = 0; i < n; i++) sink += i * i; }
WORK five(unsigned long n) { spin(5 * n); sink++; }
WORK three(unsigned long n) { spin(3 * n); sink++; }
WORK two(unsigned long n) { spin(2 * n); sink++; }
int main(void)
{
    unsigned seed = 1, n;
    puts("ready");
    fflush(stdout);
    for (;;) { /* each round is of another length: samples would keep step with it */
        seed = seed * 1103515245 + 12345;
        n = 5000 + (seed >> 16) % 10000;
        five(n); three(n); two(n);
    }
}
"""

Start = Callable[..., "subprocess.Popen[bytes]"]
Build = Callable[..., Path]
Take = Callable[..., list[Sample]]


@pytest.fixture(scope="session")
def bpf_machine() -> None:
    """Skips, with the reason, where this machine does not let programs be sampled."""
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program that says `ready` when it is; ended with the test."""
    with ExitStack() as running:

        def run(*words: object) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE)
            running.callback(_end, process)
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            return process

        yield run


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()  # `timeout` and a shell pass it on: killed, they would leave their child
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Compiles a C program or, with `-shared`, a library."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")

    def compile_c(source: str, name: str, *flags: str, compiler: str = "gcc") -> Path:
        code, program = tmp_path / f"{name}.c", tmp_path / name
        code.write_text(source)
        subprocess.run([compiler, "-O1", code, "-o", program, *flags], check=True, timeout=60)
        return program

    return compile_c


@pytest.fixture
def burn(build: Build) -> Path:
    """A program whose functions `five`, `three` and `two` burn in these proportions."""
    return build(BURN_C, "burn", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls")


@pytest.fixture
def take() -> Take:
    """Polls a session until it has so many samples that a test accepts."""

    def samples(
        session: ProfileSession, count: int, wanted: Callable[[Sample], bool] = lambda _: True
    ) -> list[Sample]:
        taken: list[Sample] = []
        for _ in range(MAX_POLLS):
            taken += filter(wanted, session.poll(POLL_S))
            if len(taken) >= count:
                return taken
        raise AssertionError(f"{len(taken)} samples of {count} after {MAX_POLLS} polls")

    return samples


def old_interpreters() -> list[object]:
    """A CPython of each version before 3.11 whose frames are read, where installed, by path.

    3.9 is all but the same as 3.8.
    """
    versions = Path.home() / ".pyenv" / "versions"
    return [
        pytest.param(str(sorted(found)[-1]), marks=pytest.mark.long if minor == 9 else ())
        for minor in (8, 9, 10)
        if (found := list(versions.glob(f"3.{minor}.*/bin/python")))
    ]


def interpreters() -> list[str]:
    """Every CPython from 3.11 on whose frames are read that is installed, by path."""
    found: dict[str, str] = {}
    candidates = [
        *Path("/usr/bin").glob("python3.1[1234]"),
        *sorted((Path.home() / ".pyenv" / "versions").glob("3.1[1234].*/bin/python")),
    ]
    for path in candidates:
        found.setdefault(str(path.resolve()), str(path))
    return list(found.values())


def quick_interpreters() -> list[object]:
    """The same, all but the first and the last for `make test-long`."""
    paths = interpreters()
    return [
        pytest.param(path, marks=pytest.mark.long if path in paths[1:-1] else ()) for path in paths
    ]


@pytest.fixture(params=quick_interpreters())
def python(request: pytest.FixtureRequest) -> str:
    """The path of an interpreter whose frames otx reads."""
    return str(request.param)


@pytest.fixture(params=old_interpreters())
def old_python(request: pytest.FixtureRequest) -> str:
    """The path of an interpreter before 3.11, whose frames are objects."""
    return str(request.param)
