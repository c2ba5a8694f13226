"""Doctor's probes, each on a machine that is well and on one that is not."""

import dataclasses
import socket
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.system import doctor
from otx.system.doctor import (
    Finding,
    examine,
    probe_packages,
    probe_ports,
    probe_store,
    probe_terminal,
)
from tests.conftest import Terminal


def test_every_finding_that_is_not_ok_has_a_fix(environment: Environment, tmp_path: Path) -> None:
    findings = examine(environment, tmp_path / "store")
    assert {finding.name for finding in findings} >= {
        "otx",
        "kernel",
        "libbpf",
        "port 4317",
        "store",
    }
    for finding in findings:
        assert bool(finding.fix) == (finding.status != "ok"), finding


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"no_such.module": ("store", "queries")})
    assert list(probe_packages()) == [
        Finding("python no_such.module", "fail", "missing: queries", "pip install 'otx[store]'")
    ]


def test_a_taken_port_names_its_holder() -> None:
    with socket.socket() as server:
        try:
            server.bind(("127.0.0.1", 4318))
            server.listen()
        except OSError:
            pass  # somebody else has it, which does as well
        finding = {found.name: found for found in probe_ports()}["port 4318"]
    assert finding.status == "warn"
    assert "(pid " in finding.detail
    assert "--http 127.0.0.1:0" in finding.fix


def test_terminals(environment: Environment) -> None:
    assert probe_terminal(environment).status == "ok"
    on_a_terminal = dataclasses.replace(environment, stdout=Terminal(is_terminal=True))
    assert probe_terminal(on_a_terminal).status == "warn", "no TERM"


def test_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert probe_store(tmp_path / "not" / "there" / "yet").status == "ok"
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 1 << 62)
    assert probe_store(tmp_path).status == "warn"
