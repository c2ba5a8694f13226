"""What a process and its kernel have for sampling."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otx.system import capabilities
from otx.system.bpf_support import probe_all
from otx.system.capabilities import (
    capability_names,
    probe_capabilities,
    probe_other_processes,
    probe_user,
)

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


@pytest.mark.parametrize(
    ("scope", "held", "is_ok", "whose"),
    [
        ("0", True, True, "all: CAP_SYS_PTRACE"),
        ("1", True, True, "all: CAP_SYS_PTRACE"),
        ("0", False, False, "those of this user alone"),
        (None, False, False, "those of this user alone"),
        ("1", False, False, "those that this one starts alone: .* is 1"),
        ("3", True, False, "none: .* is 3"),
    ],
)
def test_whose_memory_may_be_read_is_a_matter_of_a_right_and_of_yama(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scope: str | None,
    held: bool,
    is_ok: bool,
    whose: str,
) -> None:
    yama, status = tmp_path / "ptrace_scope", tmp_path / "status"
    if scope is not None:
        yama.write_text(f"{scope}\n")
    status.write_text(f"Name:\totx\nCapEff:\t{held << 19:016x}\n")
    monkeypatch.setattr(capabilities, "_YAMA", yama)
    monkeypatch.setattr(capabilities, "_STATUS", status)
    found = probe_other_processes()
    assert found.ok is is_ok and re.fullmatch(whose, found.detail)
    assert bool(found.fix) is not is_ok


def test_dropped_rights_are_seen() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("dropping capabilities needs root and setpriv")
    assert probe_user().detail.startswith("root with ")
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    said = subprocess.run(
        [*drop, sys.executable, "-c", PRINTED], capture_output=True, text=True, check=True
    )
    assert said.stdout == "False root with no capability\n"
