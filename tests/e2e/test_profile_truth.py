"""Shares and sums of `otx profile` beside programs that measure themselves, at full length."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.profile_truth import CASES
from otx.system.bpf_support import probe_all

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "profile_truth.py"


@pytest.mark.bpf
@pytest.mark.long  # 20 s a case: fewer samples are more than 3 points apart by chance
@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_shares_and_sums_are_true(name: str) -> None:
    if missing := [probe.detail for probe in probe_all() if not probe.ok]:
        pytest.skip(missing[0])
    if not (shutil.which("gcc") and shutil.which("g++")):
        pytest.skip("gcc is not installed")
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--strict", "--case", name],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
