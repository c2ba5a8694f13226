"""`otx doctor`, `otx config` and `otx completion` as a user calls them."""

import json
from pathlib import Path

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


def test_config_path_lists_files(run_cli: RunCli, tmp_path: Path) -> None:
    assert str(tmp_path / "otx.toml") in run_cli("config", "path").stdout


def test_completion_prints_a_script(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("completion", "bash")
    assert done.returncode == 0
    assert "complete -o default -F _otx otx" in done.stdout
    assert run_cli("completion", "tcsh").returncode == 2
