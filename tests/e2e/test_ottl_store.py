"""OTTL on a store, as a user runs it, also on one that is being written."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.grpc_client import GrpcClient
from tests.conftest import RunCli, StartReceiver
from tests.services.small_requests import gauges_request, logs_request, spans_request

TIMEOUT_S = 30


def send(address: str, signal: Signal, *bodies: bytes) -> None:
    with GrpcClient(resolve_endpoint(signal, {}, address)) as client:
        for body in bodies:
            reply = client.send(signal, body, TIMEOUT_S)
            assert not reply.message, reply.message


def documents(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_statements_run_on_what_a_store_holds(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver()
    send(receiver.grpc, Signal.TRACES, spans_request("a", "b").body)
    send(receiver.grpc, Signal.LOGS, logs_request("one").body)
    send(receiver.grpc, Signal.METRICS, gauges_request(g=2).body)
    store = ("--store", str(tmp_path / "store"))
    for is_running in (True, False):
        done = run_cli("ottl", "run", "-s", 'set(span.name, "x")', *store, "--format", "jsonl")
        assert done.returncode == 0, done.stderr
        (traces,) = documents(done.stdout)
        spans = traces["resourceSpans"][0]["scopeSpans"][0]["spans"]
        assert [span["name"] for span in spans] == ["x", "x"]
        values = run_cli("ottl", "eval", "log.body", *store)
        assert (values.stdout, values.stderr) == ('"one"\n', "")
        everything = run_cli(
            "ottl", "run", "-s", 'set(resource.attributes["a"], 1)', *store, "--format", "jsonl"
        )
        assert [next(iter(one)) for one in documents(everything.stdout)] == [
            "resourceSpans",
            "resourceMetrics",
            "resourceLogs",
        ]
        if is_running:
            receiver.stop()


def test_nothing_that_the_store_has_is_lost(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "lib", "1.2"
    scope.scope.attributes.add(key="k").value.bytes_value = b"\x00\xff"
    span = scope.spans.add(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        parent_span_id=bytes(range(8, 16)),
        trace_state="a=1",
        flags=0x301,
        name="GET",
        kind=3,
        start_time_unix_nano=1_790_000_000_123_456_789,
        end_time_unix_nano=1_790_000_001_123_456_789,
    )
    span.attributes.add(key="list").value.array_value.values.add().double_value = 2.0
    span.status.code, span.status.message = Status.STATUS_CODE_ERROR, "no"
    event = span.events.add(name="e", time_unix_nano=1_790_000_000_123_456_790)
    event.attributes.add(key="k").value.bool_value = False
    span.links.add(trace_id=bytes(16), span_id=bytes(8)).attributes.add(key="none")
    logs = ExportLogsServiceRequest()
    inner = logs.resource_logs.add().scope_logs.add()
    inner.scope.version = "3"
    record = inner.log_records.add(time_unix_nano=5, observed_time_unix_nano=6, event_name="e")
    record.body.kvlist_value.values.add(key="k").value.int_value = 7
    receiver = start_receiver()
    send(receiver.grpc, Signal.TRACES, request.SerializeToString())
    send(receiver.grpc, Signal.LOGS, logs.SerializeToString())
    receiver.stop()
    out = str(tmp_path / "out.pb")
    store = ("--store", str(tmp_path / "store"), "--format", "otlp", "-o", out)
    assert run_cli("ottl", "run", "-s", "set(span.kind, 2)", *store).returncode == 0
    span.kind = Span.SPAN_KIND_SERVER
    span.links[0].attributes[0].value.SetInParent()
    assert ExportTraceServiceRequest.FromString(Path(out).read_bytes()) == request
    assert run_cli("ottl", "run", "-s", "set(log.severity_number, 9)", *store).returncode == 0
    record.severity_number = SeverityNumber.SEVERITY_NUMBER_INFO
    assert ExportLogsServiceRequest.FromString(Path(out).read_bytes()) == logs


def test_a_store_is_read_while_it_grows(
    start_receiver: StartReceiver, cli_variables: dict[str, str], tmp_path: Path
) -> None:
    receiver = start_receiver(variables={"OTX_RECEIVE_FSYNC": "interval"})
    batch = 20  # a request costs as much as its spans: the store is not to outgrow the test
    send(
        receiver.grpc,
        Signal.TRACES,
        *(spans_request(*[f"before-{n}"] * batch).body for n in range(20)),
    )
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            body = spans_request(*[f"later-{number}"] * batch).body
            send(receiver.grpc, Signal.TRACES, body)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        command = [sys.executable, "-m", "otx", "ottl", "eval", "span.name"]
        for _ in range(2):
            done = subprocess.run(
                [*command, "--store", str(tmp_path / "store")],
                capture_output=True,
                text=True,
                check=True,
                timeout=2 * TIMEOUT_S,
                env=cli_variables,
            )
            names = done.stdout.splitlines()
            counts = {name: names.count(name) for name in set(names)}
            # Whole requests, none of them twice, and all that was there before.
            assert set(counts.values()) == {batch}
            assert {f'"before-{n}"' for n in range(20)} <= set(counts)
    finally:
        ended.set()
        writer.join()


def test_since_and_a_store_that_is_not_there(run_cli: RunCli, tmp_path: Path) -> None:
    missing = run_cli("ottl", "run", "-s", 'set(span.name, "x")', "--store", "nowhere")
    assert missing.returncode == 1
    assert f"there is no store in {tmp_path}/nowhere" in missing.stderr
    wrong = run_cli("ottl", "eval", "span.name", "--since", "soon")
    assert wrong.returncode == 2
    both = run_cli("ottl", "eval", "span.name", "--in", "x", "--store", "y")
    assert both.returncode == 2
    assert "exclude each other" in both.stderr


def test_the_prompt_reads_of_a_store_what_its_context_has(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver()
    send(receiver.grpc, Signal.TRACES, spans_request("a").body)
    send(receiver.grpc, Signal.LOGS, logs_request("one").body)
    receiver.stop()
    store = ("--store", str(tmp_path / "store"))
    done = run_cli("ottl", "repl", *store, "--context", "log", stdin="log.body\n")
    assert done.returncode == 0, done.stderr
    assert '"one"' in done.stdout
