"""`otx send replay` as a user runs it."""

import json
import time
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.files import read_file
from otx.otlp.rewrite import time_range
from tests.conftest import RunCli, StartReceiver


@pytest.fixture
def recording(start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path) -> Path:
    """Some of each signal as JSON lines; the same is in the store beside it."""
    receiver = start_receiver("--print", "jsonl")
    for signal in Signal:
        sent = run_cli("send", signal, "--endpoint", receiver.grpc, "--count", "30")
        assert sent.returncode == 0, sent.stderr
    receiver.stop()
    return (tmp_path / "printed").rename(tmp_path / "recording.jsonl")


def replayed(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path, *arguments: str
) -> list[Request]:
    receiver = start_receiver("--print", "jsonl", store="none")
    sent = run_cli(
        *("send", "replay", "--endpoint", f"http://{receiver.http}", "--format", "json"),
        *arguments,
    )
    assert sent.returncode == 0, sent.stderr
    receiver.stop()
    requests = list(read_file(tmp_path / "printed"))
    report = json.loads(sent.stdout)
    assert report["accepted"] == sum(request.records for request in requests)
    return requests


def test_a_file_arrives_as_it_was(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path, recording: Path
) -> None:
    before = list(read_file(recording))
    assert {request.signal for request in before} == set(Signal)
    after = replayed(start_receiver, run_cli, tmp_path, str(recording))
    assert after == before


def test_a_store_arrives_with_new_ids_and_times_of_now(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path, recording: Path
) -> None:
    began = time.time_ns()
    store = str(tmp_path / "store")
    after = replayed(start_receiver, run_cli, tmp_path, store, "--retime", "--rewrite-ids")
    before = list(read_file(recording))
    for signal in Signal:
        ours = [request for request in after if request.signal is signal]
        theirs = [request for request in before if request.signal is signal]
        assert sum(it.records for it in ours) == sum(it.records for it in theirs) == 30
    latest = max(found[1] for it in after if (found := time_range(it.signal, it.body)))
    assert began < latest < time.time_ns()
    assert not span_ids(after) & span_ids(before)


def test_a_store_has_all_that_was_sent(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    """Schema URLs, a link's trace state and flags, a record's flags, what senders dropped."""
    (tmp_path / "whole.jsonl").write_text(f"{json.dumps(WHOLE_SPANS)}\n{json.dumps(WHOLE_LOGS)}\n")
    store = str(tmp_path / "kept")
    assert run_cli("store", "import", "whole.jsonl", "--store", store).returncode == 0
    lines = run_cli("store", "export", "--store", store).stdout.splitlines()
    assert [json.loads(line) for line in lines] == [WHOLE_SPANS, WHOLE_LOGS]
    after = replayed(start_receiver, run_cli, tmp_path, store)
    assert {one.body for one in after} == {one.body for one in read_file(tmp_path / "whole.jsonl")}
    sql = "SELECT linked_trace_state, linked_flags FROM span_links"
    found = run_cli("query", sql, "--format", "json", "--store", store)
    assert json.loads(found.stdout) == [{"linked_trace_state": "a=1", "linked_flags": 257}]
    shown = run_cli("trace", "show", "1" * 32, "--format", "json", "--store", store)
    assert '"trace_state": "a=1"' in shown.stdout


WHOLE_ABOVE = {
    "resource": {"droppedAttributesCount": 1},
    "schemaUrl": "https://opentelemetry.io/schemas/1.40.0",
}
WHOLE_SCOPE = {
    "scope": {"name": "shop", "droppedAttributesCount": 2},
    "schemaUrl": "https://opentelemetry.io/schemas/1.41.0",
}
WHOLE_SPAN = {
    "traceId": "1" * 32,
    "spanId": "2" * 16,
    "name": "pay",
    "startTimeUnixNano": "1",
    "endTimeUnixNano": "2",
    "droppedAttributesCount": 3,
    "events": [{"timeUnixNano": "1", "name": "retry", "droppedAttributesCount": 4}],
    "droppedEventsCount": 5,
    "links": [
        {
            "traceId": "3" * 32,
            "spanId": "4" * 16,
            "traceState": "a=1",
            "droppedAttributesCount": 6,
            "flags": 257,
        }
    ],
    "droppedLinksCount": 7,
}
WHOLE_RECORD = {"timeUnixNano": "1", "droppedAttributesCount": 8, "flags": 1}
WHOLE_SPANS = {
    "resourceSpans": [WHOLE_ABOVE | {"scopeSpans": [WHOLE_SCOPE | {"spans": [WHOLE_SPAN]}]}]
}
WHOLE_LOGS = {
    "resourceLogs": [WHOLE_ABOVE | {"scopeLogs": [WHOLE_SCOPE | {"logRecords": [WHOLE_RECORD]}]}]
}


def span_ids(requests: list[Request]) -> set[bytes]:
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    return {
        span.span_id
        for request in requests
        if request.signal is Signal.TRACES
        for resource in TracesData.FromString(request.body).resource_spans
        for span in resource.scope_spans[0].spans
    }


def test_the_pace_is_that_of_the_recording(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    start = 1_700_000_000_000_000_000
    lines = [span_line(start), span_line(start + 8_000_000_000)]
    (tmp_path / "slow.jsonl").write_text("\n".join(lines))
    receiver = start_receiver(store="none")
    endpoint = ("--endpoint", f"http://{receiver.http}", "--format", "json")
    took = {}
    for speed in ("8", "8000"):
        sent = run_cli("send", "replay", "slow.jsonl", "--speed", speed, *endpoint)
        took[speed] = json.loads(sent.stdout)["elapsed_s"]
    assert took["8"] >= 1.0 > took["8000"]


def span_line(end: int) -> str:
    span = {
        "traceId": "1" * 32,
        "spanId": "2" * 16,
        "name": "x",
        "startTimeUnixNano": str(end - 1),
        "endTimeUnixNano": str(end),
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


def test_a_pipe_can_be_retimed(start_receiver: StartReceiver, run_cli: RunCli) -> None:
    receiver = start_receiver(store="none")
    sent = run_cli(
        *("send", "replay", "-", "--retime", "--endpoint", receiver.grpc),
        stdin=span_line(1_700_000_000_000_000_000),
    )
    assert (sent.returncode, sent.stderr) == (0, "")
    assert sent.stdout.startswith("sent 1 record, accepted 1")


def test_large_requests_are_cut_and_one_record_that_is_too_large_is_told(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    scope.scope.name = "s"
    sizes = [3_000, 3_000, 50_000, 3_000, 3_000]
    for size in sizes:
        scope.log_records.add(time_unix_nano=1).body.string_value = "x" * size
    (tmp_path / "large.pb").write_bytes(request.SerializeToString())
    receiver = start_receiver("--print", "jsonl", "--max-request", "8KiB", store="none")
    arguments = ("--endpoint", receiver.grpc, "--format", "json", "--max-request", "8KiB")
    sent = run_cli("send", "replay", "large.pb", *arguments)
    receiver.stop()
    assert sent.returncode == 1
    assert "left out: one record makes a request of 48.9 KiB, more than --max-r" in sent.stderr
    report = json.loads(sent.stdout)
    assert {name: report[name] for name in ("sent", "accepted", "failed", "too_large")} == {
        "sent": 4,
        "accepted": 4,
        "failed": 0,
        "too_large": 1,
    }
    bodies = [json.loads(line) for line in (tmp_path / "printed").read_text().splitlines()]
    scopes = [line["resourceLogs"][0]["scopeLogs"][0] for line in bodies]
    assert [(one["scope"]["name"], len(one["logRecords"])) for one in scopes] == [("s", 2)] * 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent"], 2, "cannot read absent: No such file or directory"),
        (["empty"], 2, "empty holds nothing to send"),
        (["text"], 2, "text is no OTLP"),
        (["empty", "--speed", "0"], 2, "--speed has to be above 0"),
        (["."], 1, "there is no store in"),
    ],
)
def test_what_cannot_be_replayed_is_said(
    run_cli: RunCli, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello, world, this is a text")
    done = run_cli("send", "replay", "--endpoint", "127.0.0.1:1", *arguments)
    assert done.returncode == code
    assert said in done.stderr
