"""`otx profile` with rights dropped, and with each backend by name."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunCli

NO_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
BUSY = """
import time
def hot():
  for _ in range(1000): pass
while time.process_time() < 0.5: hot()
raise SystemExit(7)
"""

WithoutRights = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def without_rights(cli_variables: dict[str, str], tmp_path: Path) -> WithoutRights:
    """Runs `otx profile` without any capability."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("dropping rights needs root and setpriv")

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*NO_RIGHTS, sys.executable, "-m", "otx", "profile", *words],
            capture_output=True,
            text=True,
            timeout=60,
            env=cli_variables,
            cwd=tmp_path,
            check=False,
        )

    return run


def test_without_rights_a_command_of_one_s_own_is_sampled_and_the_loss_is_said(
    without_rights: WithoutRights, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    done = without_rights("-F", "199", "-o", str(out), "--", sys.executable, "-c", BUSY)
    assert done.returncode == 7, done.stderr
    assert "sampling with perf events: not allowed to load a BPF program" in done.stderr
    assert "not seen so: Python functions; time in the kernel" in done.stderr
    document = json.loads(out.read_text())
    stats = document["stats"]
    assert stats["backend"] == "perf" and "Python functions" in stats["not_seen"]
    assert stats["samples"] > 5 and stats["unwound_fully"] > 0.5 * stats["samples"]
    frames = {frame["name"] for it in document["stacks"] for frame in it["frames"]}
    assert any(name.startswith("_PyEval_EvalFrameDefault") for name in frames)


def test_without_rights_others_are_not_and_both_reasons_are_said(
    without_rights: WithoutRights,
) -> None:
    done = without_rights("--pid", str(os.getpid()))
    assert (done.returncode, done.stdout) == (5, "")
    assert "cannot sample with BPF" in done.stderr
    assert "nor with perf events: may not sample pid" in done.stderr


@pytest.mark.parametrize(
    ("words", "lacks"),
    [
        (("--event", "wall", "--", "true"), "--event wall is for BPF alone"),
        (("--comm", "sh"), "perf events alone sample processes by id only"),
    ],
)
def test_without_rights_what_only_bpf_samples_is_refused_with_its_reason(
    without_rights: WithoutRights, words: tuple[str, ...], lacks: str
) -> None:
    done = without_rights(*words)
    assert (done.returncode, done.stdout) == (5, "")
    why = "cannot sample with BPF: not allowed to load a BPF program"
    assert re.search(rf"{why}[^;]*; nor with perf events: {lacks}", done.stderr)


def test_a_backend_by_name_is_not_replaced(without_rights: WithoutRights) -> None:
    done = without_rights("--backend", "bpf", "--", "true")
    assert done.returncode == 5 and "perf events" not in done.stderr
    assert "cannot sample with BPF" in done.stderr


@pytest.mark.parametrize("words", [("--all",), ("--comm", "sh")])
def test_perf_events_choose_no_processes(run_cli: RunCli, words: tuple[str, ...]) -> None:
    done = run_cli("profile", "--backend", "perf", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "sample processes by id only" in done.stderr
