"""`otx store` as a user calls it."""

import json
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.services.forward.places import prepare_places
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.conftest import RunCli
from tests.store.conftest import metric_request


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with one data point in a segment and one in the log."""
    with LogWriter(tmp_path / "store") as log:
        log.append(Signal.METRICS, metric_request("a"), 1).result(60)
        Conversion(Layout(tmp_path / "store")).convert()
        log.append(Signal.METRICS, metric_request("b"), 2).result(60)
    return str(tmp_path / "store")


def test_info_for_people_and_for_programs(store: str, run_cli: RunCli) -> None:
    text = run_cli("store", "info", "--store", store)
    assert text.returncode == 0, text.stderr
    lines = text.stdout.splitlines()
    assert lines[0].split() == ["kind", "segments", "rows", "size", "earliest", "latest"]
    assert lines[1].split()[:3] == ["metrics", "1", "1"]
    assert "waiting    1 request, " in text.stdout
    document = json.loads(run_cli("store", "info", "--format", "json", "--store", store).stdout)
    assert document["kinds"]["metrics"]["rows"] == 1
    assert document["kinds"]["metrics"]["earliest"] == "2026-09-21T14:13:20.000000000Z"
    assert (document["waiting_requests"], document["receiver_pid"]) == (1, None)
    assert document["retain_age"] == "24h"


def test_info_says_what_waits_to_be_forwarded(store: str, run_cli: RunCli) -> None:
    layout = Layout(Path(store))
    prepare_places(layout, ["far:4317"])
    with LogWriter(layout.root, is_kept=True) as log:
        log.append(Signal.METRICS, metric_request("c"), 1_790_000_000_000_000_000).result(60)
    text = run_cli("store", "info", "--store", store).stdout
    assert "forward    far:4317: " in text
    assert " wait, since 2026-09-21T" in text
    document = json.loads(run_cli("store", "info", "--format", "json", "--store", store).stdout)
    (place,) = document["forward"]
    assert place["destination"] == "far:4317"
    assert 0 < place["waiting_bytes"] < document["forward_bytes"]
    assert place["waiting_since"] == "2026-09-21T14:13:20.000000000Z"


def test_verify_is_silent_on_stdout_where_all_is_well(store: str, run_cli: RunCli) -> None:
    done = run_cli("store", "verify", "--store", store)
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 segment and the logs read: 0 findings" in done.stderr
    listed = run_cli("store", "verify", "--format", "json", "--store", store)
    assert (listed.returncode, json.loads(listed.stdout)) == (0, [])


def test_verify_names_what_is_damaged(store: str, run_cli: RunCli) -> None:
    (path,) = (Path(store) / "segments").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    done = run_cli("store", "verify", "--format", "jsonl", "--store", store)
    assert done.returncode == 1
    (found,) = map(json.loads, done.stdout.splitlines())
    assert found["place"] == f"segments/{path.name}"
    manifest = Path(store) / "MANIFEST.json"
    manifest.write_text("{")
    done = run_cli("store", "verify", "--store", store)
    assert done.returncode == 1
    assert "is no manifest of a store" in done.stdout


def test_a_newer_store_is_refused_with_what_to_do(store: str, run_cli: RunCli) -> None:
    manifest = Path(store) / "MANIFEST.json"
    document = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps({**document, "format": 99}))
    for command in (("store", "info"), ("store", "verify"), ("query", "FROM metrics")):
        done = run_cli(*command, "--store", store)
        assert (done.returncode, done.stdout) == (5, "")
        assert "written by a newer otx: its format is 99" in done.stderr
        assert "--store DIR" in done.stderr


def test_no_store_is_said(run_cli: RunCli, tmp_path: Path) -> None:
    for command in ("info", "verify"):
        done = run_cli("store", command, "--store", str(tmp_path / "none"))
        assert done.returncode == 1
        assert "there is no store in" in done.stderr
