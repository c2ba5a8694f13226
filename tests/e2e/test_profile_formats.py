"""`otx profile` into every form, to a destination and to a store, from real programs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otx.profile.formats import FORMS
from otx.system.bpf_support import probe_all
from tests.conftest import RunCli, StartReceiver
from tests.e2e.sampled import AT_ANY_COST

PROGRAM = """
import time
def hot():
    for _ in range(1000): pass
end = time.process_time() + 0.4
while time.process_time() < end: hot()
"""
C_PROGRAM = """
static volatile long sink;
__attribute__((noinline)) void hot(void) { for (long i = 0; i < 150000000; i++) sink += i; }
int main(void) { hot(); return 0; }
"""


@pytest.fixture(autouse=True)
def needs_bpf() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "busy.py").write_text(PROGRAM)
    return "busy.py"


@pytest.mark.bpf
@pytest.mark.parametrize("form", FORMS)
def test_python_is_in_every_form(run_cli: RunCli, program: str, tmp_path: Path, form: str) -> None:
    flags = ("-F", "499", *AT_ANY_COST, "--format", form, "-o", "out")
    done = run_cli("profile", *flags, "--", sys.executable, program)
    assert (done.returncode, done.stderr) == (0, "")
    if form in ("text", "html", "svg"):
        assert (tmp_path / "out").stat().st_size > 500
        return
    opened = run_cli("flame", "out", "--format", "json")
    assert opened.returncode == 0, opened.stderr
    document = json.loads(opened.stdout)
    hot = sum(it["count"] for it in document["stacks"] if "hot" in str(it["frames"]))
    assert hot > 0.5 * sum(it["count"] for it in document["stacks"]) > 0


@pytest.mark.bpf
@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@pytest.mark.parametrize(
    "form",
    [
        "pprof",
        "perf-script",
        *(pytest.param(form, marks=pytest.mark.long) for form in ("folded", "otlp", "speedscope")),
    ],
)
def test_a_compiled_program_is_the_same_in_each(run_cli: RunCli, tmp_path: Path, form: str) -> None:
    (tmp_path / "spin.c").write_text(C_PROGRAM)
    subprocess.run(
        ["gcc", "-O1", "-fno-omit-frame-pointer", "spin.c", "-o", "spin"], cwd=tmp_path, check=True
    )
    flags = ("-F", "199", *AT_ANY_COST, "--format", form, "-o", "out")
    done = run_cli("profile", *flags, "--", "./spin")
    assert (done.returncode, done.stderr) == (0, "")
    text = run_cli("flame", "out", "--top", "1").stdout
    assert "  hot\n" in text


@pytest.mark.bpf
def test_samples_are_sent_and_kept_while_they_are_taken(
    run_cli: RunCli, program: str, start_receiver: StartReceiver
) -> None:
    receiver = start_receiver()
    done = run_cli(
        "profile", "--export", f"http://{receiver.http}", "--store", "kept", "--format", "json",
        *AT_ANY_COST, "--", sys.executable, program,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    samples = json.loads(done.stdout)["stats"]["samples"]
    assert samples > 0
    sql = "SELECT sum(value)::INT AS n, count(DISTINCT time) AS times FROM samples"
    sql += " WHERE event = 'samples'"
    for store in ("kept", "store"):
        (row,) = json.loads(run_cli("query", "--store", store, sql, "--format", "json").stdout)
        assert row["n"] == samples
        assert row["times"] > 1


@pytest.mark.bpf
def test_a_destination_that_is_not_there_is_said(run_cli: RunCli, program: str) -> None:
    done = run_cli(
        "profile",
        "--export",
        "http://127.0.0.1:1",
        "-o",
        "out.folded",
        "--",
        sys.executable,
        program,
    )
    assert done.returncode == 0  # the command's own
    assert "cannot reach http://127.0.0.1:1" in done.stderr
    assert "samples were lost on their way out" in done.stderr


def test_what_is_no_destination_is_refused_before_anything_runs(
    run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli("profile", "--export", "foo bar", "--", "touch", "ran")
    assert done.returncode == 2
    assert not (tmp_path / "ran").exists()
