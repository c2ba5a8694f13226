"""`otx profile` with targets of every kind, in real control groups and namespaces."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from otx.system.bpf_support import probe_all
from tests.conftest import RunCli
from tests.control_groups import hierarchies, made_group, move
from tests.e2e.sampled import sample_work

BURN_C = """
#include <stdio.h>
volatile unsigned long sink;
__attribute__((noinline)) void hot_in_here(void) { for (int i = 0; i < 9999; i++) sink += i; }
int main(void) { puts("ready"); fflush(stdout); for (;;) { hot_in_here(); sink++; } }
"""
ID = f"3f1c{os.getpid():08x}".ljust(64, "0")
FOLDED = ("-F", "199", "--format", "folded")
SHORTLY = ("-d", "400ms", *FOLDED)
HOT = re.compile(r"^[^;]+;.*\bmain;hot_in_here(;.*)? \d+$", re.MULTILINE)

Start = Callable[..., "subprocess.Popen[bytes]"]
Sample = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.bpf


@pytest.fixture(autouse=True)
def needs_bpf() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")
    if os.geteuid() != 0:
        pytest.skip("control groups and namespaces are made by root")


@pytest.fixture(scope="module")
def burner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    program = tmp_path_factory.mktemp("burner") / "burner"
    source = program.with_suffix(".c")
    source.write_text(BURN_C)
    subprocess.run(["gcc", "-O1", source, "-o", program], check=True, timeout=60)
    return program


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program that says `ready` when it is; it and its children end with the test."""
    with ExitStack() as running:

        def run(*words: object) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE)
            running.callback(_end, process)
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            return process

        yield run


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate(timeout=20)


@pytest.fixture
def sample(cli_variables: dict[str, str]) -> Sample:
    """Runs `otx profile` until a process, which its words choose, has worked."""
    return partial(sample_work, cli_variables)


def comms(folded: str) -> set[str]:
    return {line.split(";")[0].rsplit(" ", 1)[0] for line in folded.splitlines()}


def test_a_container_by_the_beginning_of_its_id(
    run_cli: RunCli, sample: Sample, burner: Path, start: Start
) -> None:
    inside, outside = start(burner), start("sh", "-c", f"exec {burner}")
    with made_group(hierarchies(unified=True)[0].mount, f"docker/{ID}") as group:
        move(inside.pid, group)
        done = sample(inside.pid, "--container", ID[:12], *FOLDED)
        assert (done.returncode, comms(done.stdout)) == (0, {"burner"}), done.stderr
        assert HOT.search(done.stdout)
        unknown = run_cli("profile", "--container", "bad0", *SHORTLY)
    assert outside.poll() is None
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no container has an id that begins with bad0" in unknown.stderr
    assert f"{ID[:12]} (burner)" in unknown.stderr


@pytest.mark.parametrize("unified", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_control_group_by_its_name(
    run_cli: RunCli, sample: Sample, burner: Path, start: Start, unified: bool
) -> None:
    process = start(burner)
    mount = hierarchies(unified=unified)[-1].mount
    with made_group(mount, "shop/cart") as group:
        move(process.pid, group)
        name = f"/{group.relative_to(mount).parent}"
        done = sample(process.pid, "--cgroup", name, *FOLDED)
        nearby = run_cli("profile", "--cgroup", f"{name}/till", *SHORTLY)
    assert (done.returncode, comms(done.stdout)) == (0, {"burner"}), done.stderr
    assert nearby.returncode == 2 and "there are: cart" in nearby.stderr


@pytest.mark.long  # it reads the symbols of whatever else runs here
def test_everything(sample: Sample, burner: Path, start: Start) -> None:
    done = sample(start(burner).pid, "--all", *FOLDED)
    assert done.returncode == 0 and "burner" in comms(done.stdout), done.stderr


def test_a_name(sample: Sample, burner: Path, start: Start, tmp_path: Path) -> None:
    named = tmp_path / "otx-e2e-named"
    shutil.copy(burner, named)
    by_name = sample(start(named).pid, "--comm", named.name, *FOLDED)
    assert comms(by_name.stdout) == {named.name}


def test_a_name_that_nobody_has_is_waited_for_and_said(run_cli: RunCli) -> None:
    done = run_cli("profile", "--comm", "otx-e2e-nobody", *SHORTLY)
    assert (done.returncode, done.stdout) == (0, "")
    assert "there is not yet a process called otx-e2e-nobody: waiting for one" in done.stderr


def test_a_program_that_only_its_mount_namespace_has(
    sample: Sample, burner: Path, start: Start, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    script = f"mount -t tmpfs none {hidden} && cp {burner} {hidden}/inner && exec {hidden}/inner"
    process = start("unshare", "--mount", "sh", "-c", script)
    assert not (hidden / "inner").exists()
    done = sample(process.pid, "--pid", str(process.pid), *FOLDED)
    assert HOT.search(done.stdout) and comms(done.stdout) == {"inner"}


def test_a_process_of_another_pid_namespace_by_the_host_s_id(
    sample: Sample, burner: Path, start: Start
) -> None:
    outer = start("unshare", "--pid", "--fork", "--kill-child", burner)
    (inner,) = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
    status = Path(f"/proc/{inner}/status").read_text()
    assert re.search(rf"^NSpid:\t{inner}\t1$", status, re.MULTILINE)
    done = sample(int(inner), "--pid", inner, *FOLDED)
    assert HOT.search(done.stdout) and comms(done.stdout) == {"burner"}


def test_a_program_whose_file_was_replaced_and_that_another_user_runs(
    sample: Sample, burner: Path, start: Start, tmp_path: Path
) -> None:
    program = Path(f"/tmp/otx-e2e-replaced-{os.getpid()}")
    shutil.copy(burner, program)
    try:
        process = start("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program)
        program.unlink()
        shutil.copy("/bin/true", program)
        done = sample(process.pid, "--pid", str(process.pid), *FOLDED)
    finally:
        program.unlink()
    assert HOT.search(done.stdout)
