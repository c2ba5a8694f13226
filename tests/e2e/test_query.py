"""`otx query` as a user calls it."""

import csv
import io
import json
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.store.wal import LogWriter
from tests.conftest import RunCli, StartReceiver
from tests.store.conftest import profile_request

START = 1_790_000_000_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with two spans."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, name in enumerate(["a", "b"]):
        span = spans.add(
            trace_id=(1).to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            name=name,
            start_time_unix_nano=START + number,
            end_time_unix_nano=START + 10,
        )
        span.attributes.add(key="n").value.int_value = number
    with LogWriter(tmp_path / "store") as log:
        log.append(Signal.TRACES, request.SerializeToString(), START).result(60)
    return str(tmp_path / "store")


SQL = "SELECT name, start_time, duration_ns, attributes FROM spans ORDER BY name"
ROWS = [
    {
        "name": name,
        "start_time": f"2026-09-21T14:13:20.00000000{n}Z",
        "duration_ns": 10 - n,
        "attributes": {"n": n},
    }
    for n, name in enumerate(["a", "b"])
]


def test_json_and_json_lines(store: str, run_cli: RunCli) -> None:
    assert json.loads(run_cli("query", SQL, "--format", "json", "--store", store).stdout) == ROWS
    lines = run_cli("query", SQL, "--format", "jsonl", "--store", store).stdout.splitlines()
    assert [json.loads(line) for line in lines] == ROWS


def test_table_and_csv(store: str, run_cli: RunCli) -> None:
    table = run_cli("query", SQL, "--store", store).stdout.splitlines()
    assert table[0].split() == list(ROWS[0])
    assert len(table) == 3
    text = run_cli("query", SQL, "--format", "csv", "--store", store).stdout
    assert [row["name"] for row in csv.DictReader(io.StringIO(text))] == ["a", "b"]


def test_parquet(store: str, run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("query", SQL, "--format", "parquet", "-o", "out.parquet", "--store", store)
    assert (done.returncode, done.stdout) == (0, "")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["name"].to_pylist() == ["a", "b"]
    assert str(table.schema.field("start_time").type) == "timestamp[ns]"
    refused = run_cli("query", SQL, "--format", "parquet", "-o", "no/such/f", "--store", store)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "cannot write" in refused.stderr


def test_the_ending_of_the_file_picks_the_form(store: str, run_cli: RunCli, tmp_path: Path) -> None:
    for name, start in (("q.parquet", b"PAR1"), ("q.jsonl", b"{"), ("q.csv", b"name\n")):
        done = run_cli("query", "SELECT name FROM spans", "--store", store, "-o", name)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).read_bytes().startswith(start)


def test_an_error_shows_the_place(store: str, run_cli: RunCli) -> None:
    done = run_cli("query", "SELECT nme FROM spans", "--store", store)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[1:] == ["LINE 1: SELECT nme FROM spans", " " * 15 + "^^^"]


def test_it_only_reads(store: str, run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("query", "COPY spans TO 'x.csv'", "--store", store)
    assert done.returncode == 2
    assert "only reads" in done.stderr
    assert not (tmp_path / "x.csv").exists()


def test_the_tables_may_hold_a_time_only(store: str, run_cli: RunCli) -> None:
    moments = [f"2026-09-21T14:13:20.00000000{n}Z" for n in range(3)]
    for options, names in (
        (("--since", moments[1]), ["b"]),
        (("--until", moments[1]), ["a"]),
        (("--since", moments[0], "--until", moments[2]), ["a", "b"]),
        (("--since", moments[2]), []),
    ):
        done = run_cli("query", SQL, "--format", "json", "--store", store, *options)
        assert [row["name"] for row in json.loads(done.stdout)] == names, done.stderr
    done = run_cli("query", SQL, "--store", store, "--since", "yesterday")
    assert (done.returncode, done.stdout) == (2, "")
    assert "yesterday" in done.stderr


def test_a_plan_is_drawn(store: str, run_cli: RunCli) -> None:
    done = run_cli("query", "EXPLAIN SELECT count(*) FROM spans", "--store", store)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 3


def test_profiles_become_samples(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver()
    request = urllib.request.Request(
        f"http://{receiver.http}/v1development/profiles",
        data=profile_request("work"),
        headers={"Content-Type": "application/x-protobuf"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
    sql = "SELECT event, value, unit, stack FROM samples"
    expected = [{"event": "cpu", "value": 1, "unit": "count", "stack": ["main", "work"]}]
    for is_running in (True, False):
        done = run_cli("query", sql, "--format", "json", "--store", str(tmp_path / "store"))
        assert (json.loads(done.stdout), done.stderr) == (expected, "")
        if is_running:
            receiver.stop()
