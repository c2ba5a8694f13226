"""`otx profile` of what is hardly a target: a line that says so, and never a traceback."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.profile.targets import is_kernel_thread
from otx.system.bpf_support import probe_all
from tests.conftest import RunCli, wait_until
from tests.e2e.sampled import sample_work
from tests.profile.conftest import Build, Start, build, start

__all__ = ["build", "start"]
FOLDED = ("-F", "199", "--format", "folded")
SHORTLY = ("-d", "300ms", *FOLDED)

LIBRARY_C = """
volatile unsigned long sink;
__attribute__((noinline)) void in_library(unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) sink += i;
}
"""
MADE_C = """
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
int main(void)
{
    char loop[] = "\\x55\\x48\\x89\\xe5\\xeb\\xfe"; /* push rbp; mov rbp, rsp; jmp to itself */
    int may = PROT_READ | PROT_WRITE | PROT_EXEC;
    void *made = mmap(0, 4096, may, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(made, loop, sizeof(loop));
    puts("ready");
    fflush(stdout);
    ((void (*)(void))made)();
}
"""
USER_C = """
#include <stdio.h>
void in_library(unsigned long n);
int main(void) { puts("ready"); fflush(stdout); for (;;) in_library(100000); }
"""


@pytest.fixture
def needs_bpf() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["sleep", "60"])
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_a_zombie_is_named_with_its_parent(
    run_cli: RunCli, sleeper: "subprocess.Popen[bytes]"
) -> None:
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    done = run_cli("profile", "--pid", str(sleeper.pid), *SHORTLY)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"process {sleeper.pid} has ended: it is a zombie" in done.stderr
    assert f"its parent {os.getpid()} has not asked for" in done.stderr


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
@pytest.mark.parametrize(
    ("words", "said"), [((), "it has only"), (("--no-kernel",), "nothing of it is seen without")]
)
def test_a_kernel_thread_has_kernel_frames_only(
    run_cli: RunCli, words: tuple[str, ...], said: str
) -> None:
    kthreadd = 2
    if not is_kernel_thread(kthreadd):
        pytest.skip("process 2 is no kernel thread here: a pid namespace")
    done = run_cli("profile", "--pid", str(kthreadd), *SHORTLY, *words)
    assert done.returncode == 0
    assert f"process {kthreadd} is a kernel thread: {said} kernel frames" in done.stderr


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
class TestWithoutRights:
    """Samples with some capabilities only; which, it has to say itself."""

    def run_with(
        self, capabilities: str, words: list[str], variables: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            pytest.skip("dropping capabilities needs root and setpriv")
        drop = (f"--bounding-set=-all,{capabilities}", "--inh-caps=-all", "--no-new-privs")
        return subprocess.run(
            ["setpriv", *drop, sys.executable, "-m", "otx", *words],
            capture_output=True,
            text=True,
            timeout=60,
            env=variables,
            check=False,
        )

    def test_a_process_that_may_not_be_read_is_sampled_with_a_warning(
        self, sleeper: "subprocess.Popen[bytes]", cli_variables: dict[str, str]
    ) -> None:
        words = ["profile", "--pid", str(sleeper.pid), *SHORTLY]
        done = self.run_with("+bpf,+perfmon", words, cli_variables)
        assert done.returncode == 0, done.stderr
        assert f"the memory of process {sleeper.pid} may not be read" in done.stderr
        assert "CAP_SYS_PTRACE" in done.stderr

    def test_memory_that_may_not_be_watched_says_what_that_needs(
        self, sleeper: "subprocess.Popen[bytes]", cli_variables: dict[str, str]
    ) -> None:
        words = ["profile", "--pid", str(sleeper.pid), "--event", "alloc", *SHORTLY]
        done = self.run_with("+bpf,+perfmon,+sys_ptrace", words, cli_variables)
        assert done.returncode == 5, done.stderr
        assert re.search(r"cannot attach to \S*libc\S*: Permission denied", done.stderr)
        assert "CAP_SYS_ADMIN" in done.stderr


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
def test_a_target_that_dies_while_otx_starts_is_an_end(
    run_cli: RunCli, sleeper: "subprocess.Popen[bytes]"
) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "otx", "profile", "--pid", str(sleeper.pid), "-d", "60s"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    sleeper.send_signal(signal.SIGKILL)
    sleeper.wait(10)
    _, errors = started.communicate(timeout=60)
    assert started.returncode in (0, 2), errors
    assert "fault" not in errors and "Traceback" not in errors


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
def test_a_library_that_was_ruined_has_no_names_and_does_no_harm(
    cli_variables: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    compile_c, run = request.getfixturevalue("build"), request.getfixturevalue("start")
    library = compile_c(LIBRARY_C, "libruined.so", "-shared", "-fPIC")
    program = compile_c(USER_C, "user", f"-L{tmp_path}", "-lruined", "-Wl,-rpath,$ORIGIN")
    process = run(program)
    with library.open("r+b") as file:  # what is mapped has it at once; its code is further behind
        file.write(b"\x7fELF" + b"\xff" * 60)
    wait_until(lambda: process.poll() is None, "it goes on")
    done = sample_work(cli_variables, process.pid, "--pid", str(process.pid), *FOLDED)
    assert done.returncode == 0 and done.stdout, done.stderr
    assert "[libruined.so" in done.stdout and "in_library" not in done.stdout


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
def test_code_made_at_run_time_without_names_has_a_hint(
    cli_variables: dict[str, str], build: Build, start: Start
) -> None:
    process = start(build(MADE_C, "made"))
    done = sample_work(cli_variables, process.pid, "--pid", str(process.pid), *FOLDED)
    assert done.returncode == 0 and ";[anon]" in done.stdout
    assert "code made at run time that has no names" in done.stderr
    assert "hint: node --perf-basic-prof" in done.stderr


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
def test_a_full_disk_leaves_nothing_half_written(
    run_cli: RunCli, sleeper: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small file system is mounted by root")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", small], check=True)
    try:
        out = str(small / "out.html")
        done = run_cli("profile", "--pid", str(sleeper.pid), "-d", "300ms", "-o", out)
        left = list(small.iterdir())
    finally:
        subprocess.run(["umount", small], check=True)
    assert (done.returncode, left) == (5, [])
    assert f"cannot write {out}: No space left on device" in done.stderr


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
def test_a_command_whose_profile_cannot_be_written_is_waited_for(
    run_cli: RunCli, tmp_path: Path
) -> None:
    """Silent, so that its output is not what the test waits for."""
    ended = tmp_path / "ended"
    command = f"exec > /dev/null 2>&1; sleep 1.5; echo > {ended}"
    done = run_cli(
        "profile", "-d", "100ms", "--format", "html", "-o", "/dev/full", "--", "sh", "-c", command
    )
    assert (done.returncode, ended.exists()) == (5, True)
    assert done.stderr.startswith("otx: error: cannot write /dev/full: No space left on device")
