"""What a process and its kernel have for sampling."""

import os
import shutil
import subprocess
import sys

import pytest

from otx.system.bpf_support import probe_all
from otx.system.capabilities import capability_names, probe_capabilities, probe_user

PRINTED = "from otx.system.capabilities import probe_user as p; x = p(); print(x.ok, x.detail)"


def test_everything_is_looked_at_and_says_what_is_there() -> None:
    probes = probe_capabilities()
    names = [probe.name for probe in probes]
    assert len(set(names)) == len(names) >= len(probe_all()) + 7
    assert all(probe.detail for probe in probes)
    assert not any(probe.fix for probe in probes if probe.ok)


def test_capabilities_are_bits() -> None:
    assert capability_names(0) == []
    assert capability_names(1 << 39 | 1 << 19) == ["CAP_SYS_PTRACE", "CAP_BPF"]


def test_dropped_rights_are_seen() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("dropping capabilities needs root and setpriv")
    assert probe_user().detail.startswith("root with ")
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    said = subprocess.run(
        [*drop, sys.executable, "-c", PRINTED], capture_output=True, text=True, check=True
    )
    assert said.stdout == "False root with no capability\n"
