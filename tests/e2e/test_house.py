"""`otx doctor`, `otx config` and `otx completion` as a user calls them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunCli


def test_doctor_prints_a_table_or_json_and_exits_0(run_cli: RunCli) -> None:
    table = run_cli("doctor")
    assert table.returncode == 0
    assert table.stdout.splitlines()[0].split() == ["name", "status", "detail", "fix"]
    findings = json.loads(run_cli("doctor", "--format", "json").stdout)
    assert all(finding["status"] in ("ok", "warn", "fail") for finding in findings)


def test_doctor_writes_a_bundle(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("doctor", "--bundle", "report.tar.gz")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "report.tar.gz").stat().st_size > 0


def test_config_show_says_where_a_value_comes_from(run_cli: RunCli) -> None:
    shown = run_cli("config", "show", "--format", "json", variables={"OTX_STORE": "/s"})
    values = {row["key"]: row for row in json.loads(shown.stdout)}
    assert (values["store"]["value"], values["store"]["origin"]) == ("/s", "environment OTX_STORE")


def test_config_validate_finds_an_unknown_key(run_cli: RunCli, tmp_path: Path) -> None:
    assert run_cli("config", "validate").returncode == 0
    (tmp_path / "otx.toml").write_text('[receive]\ngrp = "x"\n')
    done = run_cli("config", "validate")
    assert done.returncode == 1
    assert "unknown key 'receive.grp'; did you mean 'receive.grpc'?" in done.stdout


def test_config_validate_finds_values_that_cannot_be_meant(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "otx.toml").write_text(
        '[receive]\ngrpc = 5\nmax-request = "banana"\nfsync = "never"\nhttp = "unix:/x"\n'
    )
    done = run_cli("config", "validate")
    assert done.returncode == 1
    assert [line.split(": ")[2] for line in done.stdout.splitlines()] == [
        "receive.grpc",
        "receive.max-request",
        "receive.fsync",
    ]


def test_config_validate_looks_at_variables_too(run_cli: RunCli) -> None:
    variables = {"OTX_RECEIVE_BACKLOG": "lots", "OTX_RECIEVE_GRPC": "127.0.0.1:1"}
    done = run_cli("config", "validate", variables=variables)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "environment OTX_RECEIVE_BACKLOG: error: receive.backlog: 'lots' is no size",
        "environment OTX_RECIEVE_GRPC: error: it sets nothing; did you mean OTX_RECEIVE_GRPC?",
    ]


def test_config_schema_describes_every_setting(run_cli: RunCli) -> None:
    document = json.loads(run_cli("config", "schema").stdout)
    receive = document["properties"]["receive"]
    assert receive["properties"]["max-request"]["default"] == "64MiB"
    assert receive["additionalProperties"] is False


def test_a_home_of_somebody_else_is_no_fault(run_cli: RunCli, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    drop = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if drop and shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed, and root may read everything")
    done = subprocess.run(
        [*drop, sys.executable, "-m", "otx", "config", "show"],
        env={**os.environ, "HOME": str(closed), "XDG_CONFIG_HOME": str(closed)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "receive.grpc" in done.stdout


def test_config_path_lists_files(run_cli: RunCli, tmp_path: Path) -> None:
    assert str(tmp_path / "otx.toml") in run_cli("config", "path").stdout


def test_completion_prints_a_script(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("completion", "bash")
    assert done.returncode == 0
    assert "complete -o default -F _otx otx" in done.stdout
    assert run_cli("completion", "tcsh").returncode == 2
