"""`otx profile --self-test` and rates that are lowered, as a user meets them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from otx.system.bpf_support import probe_all
from tests.conftest import RunCli

NO_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


@pytest.fixture
def needs_bpf() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


@pytest.fixture
def busy() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_it_has_a_target_of_its_own(run_cli: RunCli) -> None:
    for words in (("--pid", "1"), ("--all",), ("--format", "svg")):
        done = run_cli("profile", "--self-test", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("otx: error: ") and "hint:" in done.stderr


def test_without_rights_it_says_what_there_is(cli_variables: dict[str, str]) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("dropping rights needs root and setpriv")
    words = [sys.executable, "-m", "otx", "profile", "--self-test", "--format", "json"]
    done = subprocess.run(
        [*NO_RIGHTS, *words], capture_output=True, text=True, timeout=60, env=cli_variables
    )
    assert done.returncode == 5 and "cannot sample with BPF" in done.stderr
    document = json.loads(done.stdout)
    has = {probe["name"]: probe["ok"] for probe in document["capabilities"]}
    assert not has["bpf rights"] and not has["rights"]
    assert document["claim"] is None and "cannot sample" in document["reason"]


@pytest.mark.bpf
@pytest.mark.long  # a claim needs some hundred windows
@pytest.mark.usefixtures("needs_bpf")
def test_it_claims_what_it_saw_and_nothing_else(run_cli: RunCli) -> None:
    done = run_cli("profile", "--self-test", "-d", "20s", "--format", "json")
    document = json.loads(done.stdout)
    assert document["samples"] > 0
    if document["claim"] is None:
        assert done.returncode == 1 and document["reason"]
        return
    below = document["claim"]["below"]
    assert done.returncode == (0 if below <= 0.01 else 1)
    assert below == document["scaled"]["high"] and document["null"]["low"] <= 0
    assert f"less than {below:.2%}" in document["claim"]["text"]


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
@pytest.mark.long  # a rate is judged after two seconds; test_session has a quick one
@pytest.mark.parametrize("words", [("-F", "1999"), ("--max-overhead", "0.05")])
def test_what_costs_too_much_is_sampled_less_often(
    run_cli: RunCli, busy: "subprocess.Popen[bytes]", words: tuple[str, ...]
) -> None:
    done = run_cli("profile", "--pid", str(busy.pid), "-d", "4s", "--format", "json", *words)
    said = re.search(r"µs, which at (\d+) Hz is .* of its time: from now on (\d+) Hz", done.stderr)
    assert done.returncode == 0 and said, done.stderr
    before_hz, lowered_hz = map(int, said.groups())
    document = json.loads(done.stdout)
    assert lowered_hz < document["frequency_hz"] < before_hz
    assert document["stats"]["sample_cost_ns"] > 1000
