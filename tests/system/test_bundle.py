"""What a bug report holds."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import UsageError
from otx.system.bundle import MAX_CRASHES, write_bundle


def test_a_bundle_holds_findings_configuration_and_the_newest_crashes(
    environment: Environment, tmp_path: Path
) -> None:
    environment.state_dir.mkdir(parents=True)
    for number in range(MAX_CRASHES + 2):
        (environment.state_dir / f"crash-{number}.txt").write_text(f"trace {number}")
    path = tmp_path / "report.tar.gz"
    write_bundle(environment, str(path), [{"name": "kernel", "status": "ok"}])
    with tarfile.open(path) as archive:
        names = archive.getnames()
        findings = archive.extractfile("otx-bundle/doctor.json")
        assert findings is not None
        assert json.load(findings) == [{"name": "kernel", "status": "ok"}]
    assert "otx-bundle/config.json" in names
    assert sum("crash-" in name for name in names) == MAX_CRASHES
    assert "otx-bundle/crash-0.txt" not in names


def test_a_bundle_in_no_folder_is_a_usage_error(environment: Environment, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write_bundle(environment, str(tmp_path / "no" / "x.tar.gz"), [])


def test_a_bundle_holds_no_headers_of_destinations(
    environment: Environment, tmp_path: Path
) -> None:
    said = "https://a:4318 header=api-key=hush== compression=gzip, b:4317 header=x=hush"
    path = tmp_path / "report.tar.gz"
    write_bundle(
        replace(environment, variables={"HOME": str(tmp_path), "OTX_RECEIVE_FORWARD": said}),
        str(path),
        [],
    )
    with tarfile.open(path) as archive:
        config = archive.extractfile("otx-bundle/config.json")
        assert config is not None
        assert json.load(config)["receive.forward"]["value"] == (
            "https://a:4318 header=api-key=*** compression=gzip, b:4317 header=x=***"
        )
