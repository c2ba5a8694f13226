"""`otx dump` as a user calls it: the real command, real processes, real refusals."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from otx.system.bpf_support import probe_all
from tests.conftest import CLI_TIMEOUT_S, RunCli

WORKERS = """
import threading
lock = threading.Lock()
def work():
    with lock:
        pass
lock.acquire()
for number in range(3):
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
input()
"""
UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


@pytest.fixture
def needs_bpf() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


@contextmanager
def running(*words: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with ExitStack() as ending:
        ending.callback(process.communicate)
        ending.callback(process.kill)
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process


@pytest.fixture
def workers(tmp_path: Path) -> Path:
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    return script


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
class TestEveryThread:
    def test_text_folds_threads_that_wait_at_one_place(
        self, run_cli: RunCli, workers: Path
    ) -> None:
        with running(sys.executable, str(workers)) as process:
            done = run_cli("dump", str(process.pid))
            alone = run_cli("dump", str(process.pid), "--threads", "--no-kernel")
        assert (done.returncode, done.stderr) == (0, "")
        head, runtime, *_ = done.stdout.splitlines()
        assert head.startswith(f"pid {process.pid} ") and "workers.py" in head
        assert "4 threads" in runtime
        assert "\n3 threads, sleeping in futex: 0x" in done.stdout
        assert done.stdout.count("    work (workers.py:5)\n") == 1
        assert "do_syscall_64_[k]" in done.stdout
        assert alone.stdout.count("    work (workers.py:5)\n") == 3
        assert "_[k]" not in alone.stdout

    def test_json_has_every_thread_and_frame(
        self, run_cli: RunCli, workers: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "dump.json"
        with running(sys.executable, str(workers)) as process:
            done = run_cli("dump", str(process.pid), "--format", "json", "-o", str(out))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        document = json.loads(out.read_text())
        assert (document["pid"], document["backend"]) == (process.pid, "bpf")
        main, *others = document["threads"]
        assert main["tid"] == process.pid
        assert main["syscall"] == "read" and main["waits_on"].startswith("fd 0 pipe:")
        assert len(others) == 3
        for thread in others:
            kinds = [frame["kind"] for frame in thread["stack"]]
            assert {"native", "python", "kernel"} == set(kinds)
            assert (thread["torn"], thread["unwound_fully"]) == (False, True)
            assert {"name": "work", "line": 5}.items() <= next(
                frame.items() for frame in thread["stack"] if frame["name"] == "work"
            )

    def test_locals_are_shown_and_secrets_are_not(self, run_cli: RunCli) -> None:
        program = (
            "def hold(price, token):\n  print('ready', flush=True)\n  input()\nhold([7], 'hunter2')"
        )
        with running(sys.executable, "-c", program) as process:
            text = run_cli("dump", str(process.pid), "--locals").stdout
            form = run_cli("dump", str(process.pid), "--locals", "--format", "json").stdout
        assert "          price = [7]\n          token = [redacted]\n" in text
        frames = json.loads(form)["threads"][0]["stack"]
        (hold,) = [frame["locals"] for frame in frames if frame["name"] == "hold"]
        assert hold == {"price": "[7]", "token": "[redacted]"}
        assert "hunter2" not in text.partition("\n")[2] + json.dumps(frames)

    def test_a_threads_id_names_its_process(self, run_cli: RunCli, workers: Path) -> None:
        with running(sys.executable, str(workers)) as process:
            tids = sorted(int(it.name) for it in Path(f"/proc/{process.pid}/task").iterdir())
            done = run_cli("dump", str(tids[-1]), "--format", "json")
        assert json.loads(done.stdout)["pid"] == process.pid


@pytest.fixture
def needs_setpriv() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("dropping privileges needs root and setpriv")


@pytest.mark.usefixtures("needs_setpriv")
class TestWithoutRights:
    def test_own_processes_are_read_through_proc_and_that_is_said(
        self, workers: Path, cli_variables: dict[str, str]
    ) -> None:
        with running(*UNPRIVILEGED, sys.executable, str(workers)) as process:
            done = unprivileged(cli_variables, str(process.pid), "--format", "json")
        assert done.returncode == 0
        assert "through /proc" in done.stderr
        document = json.loads(done.stdout)
        assert document["backend"] == "proc"
        work = [
            frame for it in document["threads"] for frame in it["stack"] if frame["name"] == "work"
        ]
        assert [frame["line"] for frame in work] == [5, 5, 5]
        kinds = {frame["kind"] for it in document["threads"] for frame in it["stack"]}
        assert kinds == {"native", "python"}

    def test_anothers_process_is_refused(self, cli_variables: dict[str, str]) -> None:
        with running(sys.executable, "-c", "print('ready', flush=True)\ninput()") as process:
            done = unprivileged(cli_variables, str(process.pid))
        assert (done.returncode, done.stdout) == (5, "")
        assert f"may not look into process {process.pid}" in done.stderr
        assert "hint: this root may not: it lacks CAP_SYS_PTRACE" in done.stderr


def unprivileged(variables: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-m", "otx", "dump", *arguments],
        capture_output=True,
        text=True,
        timeout=CLI_TIMEOUT_S,
        env=variables,
        check=False,
    )


class TestRefusals:
    @pytest.mark.parametrize("pid", ["0", "-1", "2147483646", "99999999999999999999"])
    def test_a_process_that_is_not_there(self, run_cli: RunCli, pid: str) -> None:
        done = run_cli("dump", "--", pid)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"there is no process {pid}" in done.stderr

    def test_what_is_no_id(self, run_cli: RunCli) -> None:
        done = run_cli("dump", "python3")
        assert (done.returncode, done.stdout) == (2, "")

    def test_a_zombie(self, run_cli: RunCli) -> None:
        process = subprocess.Popen([sys.executable, "-c", ""])
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        try:
            done = run_cli("dump", str(process.pid))
        finally:
            process.wait()
        assert (done.returncode, done.stdout) == (2, "")
        assert "zombie" in done.stderr and str(os.getpid()) in done.stderr

    def test_a_file_that_cannot_be_written(self, run_cli: RunCli, workers: Path) -> None:
        with running(sys.executable, str(workers)) as process:
            done = run_cli("dump", str(process.pid), "-o", "/nowhere/dump.txt")
        assert (done.returncode, done.stdout) == (2, "")
        assert "/nowhere/dump.txt" in done.stderr
