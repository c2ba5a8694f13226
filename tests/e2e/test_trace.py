"""`otx trace` as a user calls it, on a store that a writer has just written to."""

import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from otx.model.signal import Signal
from otx.store.wal import LogWriter
from tests.conftest import RunCli

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
START = 1_790_000_000_000_000_000
MS = 1_000_000


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with one trace: a slow checkout that failed, with one span whose parent is late."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "frontend"
    spans = group.scope_spans.add().spans
    for number, (name, parent, start_ms, end_ms) in enumerate(
        [("POST /checkout", 0, 0, 1000), ("charge", 1, 500, 1000), ("late", 99, 200, 300)]
    ):
        span = spans.add(
            trace_id=bytes.fromhex(TRACE_ID),
            span_id=(number + 1).to_bytes(8, "big"),
            parent_span_id=parent.to_bytes(8, "big") if parent else b"",
            name=name,
            start_time_unix_nano=START + start_ms * MS,
            end_time_unix_nano=START + end_ms * MS,
        )
        span.attributes.add(key="order.id").value.int_value = 8812
    spans[1].status.code = Status.STATUS_CODE_ERROR
    with LogWriter(tmp_path / "store") as log:
        log.append(Signal.TRACES, request.SerializeToString(), START).result(60)
    return str(tmp_path / "store")


def test_list_shows_a_row_a_trace(store: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "list", "--store", store)
    assert (done.returncode, done.stderr) == (0, "")
    head, row = done.stdout.splitlines()
    assert head.split() == ["start", "trace_id", "duration", "spans", "services", "errors", "root"]
    assert row.split() == (
        f"2026-09-21T14:13:20.000Z {TRACE_ID} 1.00 s 3 1 ✗ 1 frontend POST /checkout".split()
    )


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["status:error name:charge"], 1),
        (["--service", "frontend", "--min-duration", "400ms", "--errors"], 1),
        (["--attr", "order.id=8812"], 1),
        (["--attr", "order.id=1"], 0),
        (["--min-duration", "2s"], 0),
        (["--since", "2026-09-21T14:13:20Z"], 1),
        (["--since", "2026-09-22T00:00:00Z"], 0),
    ],
)
def test_list_narrows(store: str, run_cli: RunCli, arguments: list[str], found: int) -> None:
    done = run_cli("trace", "list", *arguments, "--store", store, "--format", "json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)) == found
    assert done.stderr == ("" if found else "no trace matches\n")


def test_list_speaks_json_lines(store: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "list", "--format", "jsonl", variables={"OTX_STORE": store})
    assert json.loads(done.stdout) == {
        "trace_id": TRACE_ID,
        "start_time": "2026-09-21T14:13:20.000000000Z",
        "duration_ns": 1000 * MS,
        "span_count": 3,
        "service_count": 1,
        "error_count": 1,
        "root_service": "frontend",
        "root_name": "POST /checkout",
        "root_missing": False,
    }


def test_show_draws_the_tree(store: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "show", TRACE_ID[:8], "--store", store)
    assert (done.returncode, done.stderr) == (0, "")
    head, empty, *tree = done.stdout.splitlines()
    assert head == (
        f"trace {TRACE_ID}  1.00 s · 3 spans · 1 service · ✗ 1 error · 1 without their parent"
    )
    assert empty == ""
    assert [line.split("  ")[0] for line in tree] == [
        "frontend POST /checkout",
        "└─ frontend charge",
        "… waiting for parent 0000000000000063",
        "└─ frontend late",
    ]
    assert "✗" in tree[1]


def test_show_speaks_json(store: str, run_cli: RunCli) -> None:
    document = json.loads(
        run_cli("trace", "show", TRACE_ID, "--format", "json", "--store", store).stdout
    )
    assert (document["trace_id"], document["orphans"]) == (TRACE_ID, 1)
    assert [(span["name"], span["depth"]) for span in document["spans"]] == [
        ("POST /checkout", 0),
        ("charge", 1),
        ("late", 1),
    ]
    raw = run_cli("trace", "show", TRACE_ID, "--raw", "--store", store).stdout.splitlines()
    assert [json.loads(line)["attributes"] for line in raw] == [{"order.id": 8812}] * 3


def test_an_id_that_is_not_there_is_said(store: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "show", "f" * 32, "--store", store)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no trace ffff" in done.stderr
    assert run_cli("trace", "show", "xyz", "--store", store).returncode == 2


def test_a_store_that_is_not_there_is_said(run_cli: RunCli) -> None:
    done = run_cli("trace", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was received yet" in done.stderr
    assert "otx receive" in done.stderr


def test_a_search_that_cannot_be_understood_shows_its_place(store: str, run_cli: RunCli) -> None:
    done = run_cli("trace", "list", "colour:red", "--store", store)
    assert done.returncode == 2
    assert "no field 'colour' at column 1" in done.stderr


@pytest.mark.parametrize(
    "command", [["list"], ["missing"], ["paths", "--service", "a", "--operation", "b"]]
)
def test_a_limit_that_no_list_reaches_is_refused(run_cli: RunCli, command: list[str]) -> None:
    done = run_cli("trace", *command, "--limit", str(10**20))
    assert done.returncode == 2
    assert "'--limit'" in done.stderr
