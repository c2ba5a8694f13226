"""What this machine allows of BPF, and what the probes say where it is taken away."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otx.errors import ExitCode, MachineError
from otx.system.bpf_support import LIBBPF, PROBES, probe_all, require_bpf

ASK = "from otx.system.bpf_support import probe_all\nfor p in probe_all(): print(p.name, p.ok)"
"""Prints each need and whether it is met."""


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("taking rights away needs root, unshare and setpriv")


@pytest.fixture
def own_mounts(as_root: None) -> None:
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip("no mount namespace can be made here: the root is no mount point")


def answers(*wrapper: str) -> dict[str, bool]:
    """What the probes find under a command that takes something away."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    return {name: text == "True" for name, text in found.items()}


def test_every_need_that_is_not_met_says_how_to_meet_it() -> None:
    found = probe_all()
    assert len(found) == len(PROBES) == len({probe.name for probe in found})
    for probe in found:
        assert probe.detail
        assert probe.ok == (probe.fix == "")


def test_a_process_without_capabilities_may_not_sample(as_root: None) -> None:
    found = answers("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
    assert not found["bpf rights"] and not found["perf events"]
    assert found["bpf machine"] == probe_all()[0].ok


def test_a_pid_namespace_of_its_own_is_noticed(own_mounts: None) -> None:
    assert not answers("unshare", "--fork", "--pid", "--mount-proc")["pid namespace"]


def test_a_missing_libbpf_is_noticed(own_mounts: None) -> None:
    library = next(Path("/usr/lib").glob(f"*/{LIBBPF}"), None)
    if library is None:
        pytest.skip("libbpf is not there to be taken away")
    hide = f'mount --bind /dev/null {library.resolve()} && exec "$@"'
    assert not answers("unshare", "--mount", "sh", "-c", hide, "sh")["libbpf"]


def test_what_is_required_is_what_is_probed() -> None:
    if all(probe.ok for probe in probe_all()):
        require_bpf()
        return
    with pytest.raises(MachineError) as refused:
        require_bpf()
    assert refused.value.code is ExitCode.MACHINE
    assert refused.value.hint
