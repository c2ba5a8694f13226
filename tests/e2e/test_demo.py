"""`otx demo --headless` as a new user runs it: a summary, exit 0, and nothing left behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import RunCli

TIMEOUT_S = 90
MARK = "OTX_TEST_RUN"


def processes_of(mark: str) -> list[int]:
    """The processes that carry this run's mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"{MARK}={mark}".encode() in variables:
                found.append(int(entry.name))
    return found


def run_demo(
    cli_variables: dict[str, str], tmp_path: Path, *arguments: str, before: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run the demo headless; it has ended, and everything it started has too."""
    mark = uuid.uuid4().hex
    done = subprocess.run(
        [*before, sys.executable, "-m", "otx", "demo", "--headless", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=tmp_path,
        env={**cli_variables, MARK: mark},
        check=False,
    )
    left = processes_of(mark)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == [], "processes were left behind"
    return done


def test_the_summary_names_services_the_slowest_trace_and_the_hottest_function(
    cli_variables: dict[str, str], tmp_path: Path
) -> None:
    done = run_demo(cli_variables, tmp_path, "--duration", "8s", "--keep", "kept")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for service in ("frontend", "catalog", "cart", "checkout", "payment", "shoppers"):
        assert re.search(rf"^  {service} +\d+ ", done.stdout, re.MULTILINE), done.stdout
    # Which trace is the slowest is chance; that it goes through the shop is not.
    slowest = done.stdout.partition("Slowest trace\n")[2]
    assert re.match(r"  [0-9a-f]{32}  [\d.]+ m?s\n  shoppers ", slowest), done.stdout
    assert "└─ frontend " in slowest
    assert (tmp_path / "kept").is_dir()


@pytest.mark.bpf
@pytest.mark.long
def test_the_demo_samples_the_hot_function(cli_variables: dict[str, str], tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    done = run_demo(cli_variables, tmp_path, "--duration", "8s")
    hottest = done.stdout.partition("Hottest functions")[2]
    assert re.search(r"\d+ samples, \d+ lost", hottest), done.stdout
    assert "score_product (catalog.py)" in hottest


@pytest.mark.long
def test_an_incident_is_seen_in_what_is_kept(
    cli_variables: dict[str, str], tmp_path: Path, run_cli: RunCli
) -> None:
    done = run_demo(cli_variables, tmp_path, "--incident", "--duration", "9s", "--keep", "kept")
    assert done.returncode == 0, done.stderr
    question = "SELECT body FROM logs WHERE severity_text LIKE 'WARN%'"
    warned = run_cli("query", question, "--store", "kept", "--format", "csv")
    assert "issuer answers with code 51 more often than usual" in warned.stdout
    slower = """
        WITH began AS (SELECT min(time) AS moment FROM logs WHERE body LIKE '%code 51 more often%')
        SELECT median(duration_ns) FILTER (start_time >= moment)
            > 2 * median(duration_ns) FILTER (start_time < moment) AS slower
        FROM spans, began WHERE name = 'related products'
    """
    ranking = run_cli("query", slower, "--store", "kept", "--format", "csv")
    assert ranking.stdout.split() == ["slower", "true"], ranking.stderr


def test_taken_ports_and_a_machine_without_bpf_are_no_obstacle(
    cli_variables: dict[str, str], tmp_path: Path
) -> None:
    drop: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not installed, and root can sample")
        drop = ["setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon"]
    with socket.socket() as grpc, socket.socket() as http:
        for port, taken in ((4317, grpc), (4318, http)):
            try:
                taken.bind(("127.0.0.1", port))
                taken.listen()
            except OSError:
                continue  # taken by somebody else, which does as well
        done = run_demo(cli_variables, tmp_path, "--duration", "4s", before=drop)
    assert done.returncode == 0, done.stderr
    assert "4318" not in done.stderr.splitlines()[0]
    assert "otx: warning: " in done.stderr
    assert "hint: " in done.stderr
    # Where perf events are refused as well, nothing is sampled.
    assert ("not sampled: " in done.stdout) != ("sampling with perf events" in done.stderr)
    assert "frontend" in done.stdout


def test_ctrl_c_ends_the_demo_with_its_summary(
    cli_variables: dict[str, str], tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", "demo", "--headless", "--duration", "60s"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**cli_variables, MARK: mark},
    )
    try:
        assert process.stderr is not None
        assert "Ctrl-C ends it" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0
        assert "Slowest trace" in shown
        assert processes_of(mark) == []
    finally:
        process.kill()
        process.communicate()
