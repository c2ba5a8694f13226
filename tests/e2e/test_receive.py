"""`otx receive` as a user runs it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.corpus import trace_request
from otx.model.signal import Signal
from otx.otlp.exporter.client import Client, Outcome
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.grpc_client import GrpcClient
from otx.otlp.exporter.http_client import HttpClient
from otx.otlp.wire import WIRE
from otx.services.receive import STOP_GRACE_S
from otx.store.durable import is_locked
from otx.store.layout import Layout, ReceiverLock
from otx.store.reader import Store
from tests.conftest import RunCli, StartReceiver, wait_until

TIMEOUT_S = 30


def spans_in(store: Path) -> int:
    with closing(Store(store)) as reader:
        return reader.totals().spans


def post(address: str, body: bytes, content_type: str = "application/x-protobuf") -> int:
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
    try:
        connection.request("POST", "/v1/traces", body, {"Content-Type": content_type})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf", "http/json"])
def test_what_is_sent_is_received_kept_and_told(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path, protocol: str
) -> None:
    receiver = start_receiver()
    endpoint = receiver.grpc if protocol == "grpc" else f"http://{receiver.http}"
    sent = run_cli(
        "send", "traces", "--endpoint", endpoint, "--protocol", protocol, "--count", "50"
    )
    assert sent.returncode == 0, sent.stderr
    assert "sent 50 spans, accepted 50, rejected 0, retried 0" in sent.stdout
    # Acknowledged is readable at once, by another process, before anything is converted.
    assert spans_in(tmp_path / "store") == 50
    receiver.stop()
    assert receiver.exit_code == 0
    assert receiver.said[-1] == "received traces 50 spans in 1 request"
    assert spans_in(tmp_path / "store") == 50


@contextmanager
def hangups(handler: signal.Handlers) -> Iterator[None]:
    """What is started meanwhile is started with these: a test run may itself be under nohup."""
    before = signal.signal(signal.SIGHUP, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_cleanly_and_takes_its_converter_with_it(
    start_receiver: StartReceiver, tmp_path: Path, number: signal.Signals
) -> None:
    with hangups(signal.SIG_DFL):
        receiver = start_receiver()
    assert ReceiverLock.holder(tmp_path / "store") is not None
    os.kill(receiver.pid, number)
    receiver.wait()
    assert receiver.exit_code == 0
    assert receiver.said[-1] == "received nothing"
    assert ReceiverLock.holder(tmp_path / "store") is None
    assert children_of(receiver.pid) == []


def test_a_hangup_that_nohup_ignores_ends_nothing(start_receiver: StartReceiver) -> None:
    with hangups(signal.SIG_IGN):
        receiver = start_receiver(store="none")
    os.kill(receiver.pid, signal.SIGHUP)
    with grpc.insecure_channel(receiver.grpc) as channel:
        cast("Any", channel.unary_unary(WIRE[Signal.TRACES].grpc_method))(b"", timeout=TIMEOUT_S)
    receiver.stop()
    assert receiver.exit_code == 0
    assert receiver.said[-1] == "received traces 0 spans in 1 request"


def test_a_second_signal_ends_what_waits_for_a_client(start_receiver: StartReceiver) -> None:
    receiver = start_receiver()
    is_over = threading.Event()

    def message() -> Iterator[bytes]:
        is_over.wait(TIMEOUT_S)
        yield b""

    with grpc.insecure_channel(receiver.grpc) as channel:
        call = cast("Any", channel.stream_unary(WIRE[Signal.TRACES].grpc_method)).future(message())
        # Answered behind it on the same connection, so the first call is in the server's hands.
        cast("Any", channel.unary_unary(WIRE[Signal.TRACES].grpc_method))(b"", timeout=TIMEOUT_S)
        os.kill(receiver.pid, signal.SIGTERM)
        wait_until(lambda: refuses_connections(receiver.http), "it is ending")
        assert receiver.is_running
        os.kill(receiver.pid, signal.SIGTERM)
        receiver.wait(STOP_GRACE_S)
        is_over.set()
        call.cancel()
    assert receiver.exit_code in (143, -signal.SIGTERM)


def refuses_connections(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def children_of(parent: int) -> list[str]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(status.parent.name)
    return found


def test_a_converter_that_is_behind_turns_senders_away_until_it_has_caught_up(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    receiver = start_receiver(
        "--print",
        "summary",
        variables={"OTX_RECEIVE_BACKLOG": "1MiB", "OTX_RECEIVE_FSYNC": "interval"},
    )
    body = trace_request(1, 200, time.time_ns(), 10**9)
    converter = converter_of(receiver.pid, tmp_path / "store")
    os.kill(converter, signal.SIGSTOP)
    try:
        taken = 0
        while post(receiver.http, body) == 200:
            taken += 1
        assert len(body) * taken <= 1 << 20 < len(body) * (taken + 2)
        assert spans_in(tmp_path / "store") == 200 * taken
        printed = tmp_path / "printed"
        wait_until(lambda: "behind" in printed.read_text(), "the summary says so")
    finally:
        os.kill(converter, signal.SIGCONT)
    wait_until(lambda: post(receiver.http, body) == 200, "there is room again")
    receiver.stop()
    assert spans_in(tmp_path / "store") == 200 * (taken + 1)
    said = "\n".join(receiver.said)
    assert "refused a request: the converter is behind: " in said
    assert "  converting was up to " in said
    assert receiver.exit_code == 0


def converter_of(receiver: int, store: Path) -> int:
    """The process that converts a store, once it holds the converter's lock."""
    wait_until(lambda: is_locked(Layout(store).converter_lock), "a converter works")
    (converter,) = children_of(receiver)
    return int(converter)


def test_the_count_ends_it_and_the_request_that_reaches_it_is_whole(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver("--count", "30")
    run_cli("send", "traces", "--endpoint", receiver.grpc, "--count", "100")
    receiver.wait()
    assert receiver.exit_code == 0
    assert receiver.said[-1] == "received traces 100 spans in 1 request"
    assert spans_in(tmp_path / "store") == 100


def test_the_duration_ends_it(start_receiver: StartReceiver) -> None:
    receiver = start_receiver("--duration", "100ms", "--store", "none")
    receiver.wait()
    assert receiver.exit_code == 0


def test_a_bad_request_is_told_once_and_not_the_end(start_receiver: StartReceiver) -> None:
    receiver = start_receiver()
    for _ in range(3):
        assert post(receiver.http, b"\x0a\xff") == 400
    assert post(receiver.http, b"") == 200
    receiver.stop()
    said = "\n".join(receiver.said)
    assert said.count("warning: refused a request: the body is no protobuf") == 1
    assert "  refused 3 requests: undecodable" in receiver.said
    assert "Traceback" not in said


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_odd_spans_are_kept_named_and_counted(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path, protocol: str
) -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(3):
        spans.add(trace_id=bytes(16), span_id=b"s" * 8, name=f"odd {number}")
        spans[-1].start_time_unix_nano = 2**64 - 1
    receiver = start_receiver()
    address = receiver.grpc if protocol == "grpc" else f"http://{receiver.http}"
    endpoint = resolve_endpoint(Signal.TRACES, {}, address)
    client: Client = GrpcClient(endpoint) if protocol == "grpc" else HttpClient(endpoint)
    with client:
        reply = client.send(Signal.TRACES, request.SerializeToString(), TIMEOUT_S)
    assert (reply.outcome, reply.rejected) == (Outcome.ACCEPTED, 0)
    told = "3 of 3 spans have no valid trace id (first: span 7373737373737373 'odd 0')"
    assert told in reply.message
    store = str(tmp_path / "store")
    sql = "SELECT name, end_time < start_time AS early, start_time FROM spans ORDER BY name"
    while_it_waits = run_cli("query", sql, "--store", store, "--format", "json").stdout
    receiver.stop()
    kept = run_cli("query", sql, "--store", store, "--format", "json").stdout
    assert json.loads(kept) == json.loads(while_it_waits)
    assert [tuple(row.values()) for row in json.loads(kept)] == [
        (f"odd {number}", True, "2262-04-11T23:47:16.854775806Z") for number in range(3)
    ]
    listed = run_cli("trace", "list", "--store", store, "--format", "jsonl")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert f"otx: warning: {told}" in receiver.said
    assert "  1 × requests with spans that have no valid trace id" in receiver.said
    assert "  3 spans have no end time" in receiver.said
    assert "  3 spans have a time beyond 2262" in receiver.said


def test_every_random_and_cut_off_body_is_answered(start_receiver: StartReceiver) -> None:
    receiver = start_receiver("--max-request", "64KiB")
    host, _, port = receiver.http.rpartition(":")
    for seed in range(50):
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as connection:
            connection.sendall(os.urandom(seed * 40))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        assert post(receiver.http, os.urandom(seed)) in (200, 400)
    assert post(receiver.http, bytes(65 << 10)) == 413
    assert receiver.is_running
    receiver.stop()
    assert receiver.exit_code == 0


def test_a_second_receiver_of_a_store_is_told_who_has_it(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver()
    second = run_cli(
        "receive",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--store",
        str(tmp_path / "store"),
    )
    assert second.returncode == 5
    assert f"process {receiver.pid} already receives for the store" in second.stderr


@pytest.mark.parametrize("flag", ["--grpc", "--http"])
def test_a_taken_port_names_who_listens_there(
    start_receiver: StartReceiver, run_cli: RunCli, flag: str
) -> None:
    receiver = start_receiver()
    taken = receiver.grpc if flag == "--grpc" else receiver.http
    other = "--http" if flag == "--grpc" else "--grpc"
    second = run_cli("receive", flag, taken, other, "127.0.0.1:0", "--store", "none")
    assert second.returncode == 5
    assert f"cannot listen on {taken}: it is in use by" in second.stderr
    assert f"(pid {receiver.pid})" in second.stderr
    assert f"{flag} HOST:PORT picks another" in second.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--grpc", "nonsense"], "'nonsense' is no address"),
        (["--max-request", "many"], "'many' is no size"),
        (["--max-request", "0"], "it has to be above 0"),
        (["--max-request", "8GiB"], "1.0 GiB at most"),
        (["--duration", "soon"], "'soon' is no duration"),
        (["--retain", "x"], "'x' is no size"),
    ],
)
def test_unusable_arguments_are_said_so(run_cli: RunCli, arguments: list[str], said: str) -> None:
    done = run_cli("receive", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_jsonl_is_one_request_a_line(
    start_receiver: StartReceiver, run_cli: RunCli, tmp_path: Path
) -> None:
    receiver = start_receiver("--print", "jsonl", store="none")
    run_cli("send", "traces", "--endpoint", receiver.grpc, "--count", "5")
    run_cli("send", "traces", "--endpoint", receiver.grpc, "--count", "7")
    receiver.stop()
    lines = (tmp_path / "printed").read_text().splitlines()
    counts = [
        sum(
            len(scope["spans"])
            for resource in json.loads(line)["resourceSpans"]
            for scope in resource["scopeSpans"]
        )
        for line in lines
    ]
    assert counts == [5, 7]


def test_a_closed_pipe_ends_it(run_cli: RunCli, cli_variables: dict[str, str]) -> None:
    addresses = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", "receive", *addresses, "--store", "none", "--print", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=cli_variables,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        grpc = process.stderr.readline().split()[1].removeprefix("grpc=")
        run_cli("send", "traces", "--endpoint", grpc, "--count", "5")
        assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close() if process.stderr else None


def test_unix_sockets_are_taken(
    run_cli: RunCli, cli_variables: dict[str, str], tmp_path: Path
) -> None:
    addresses = ["--grpc", f"unix:{tmp_path}/grpc", "--http", f"unix:{tmp_path}/http"]
    process = subprocess.Popen(
        [sys.executable, "-m", "otx", "receive", *addresses, "--store", "none", "--count", "5"],
        stderr=subprocess.PIPE,
        text=True,
        env=cli_variables,
    )
    try:
        assert process.stderr is not None
        ready = process.stderr.readline()
        assert ready == f"ready grpc=unix:{tmp_path}/grpc http=unix:{tmp_path}/http\n"
        sent = run_cli("send", "traces", "--endpoint", f"unix:{tmp_path}/grpc", "--count", "5")
        assert sent.returncode == 0, sent.stderr
        assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_converter_that_dies_is_started_again(
    start_receiver: StartReceiver, run_cli: RunCli
) -> None:
    receiver = start_receiver()
    deadline = time.monotonic() + TIMEOUT_S
    while not (children := children_of(receiver.pid)):
        assert time.monotonic() < deadline
    os.kill(int(children[0]), signal.SIGKILL)
    while not set(children_of(receiver.pid)) - set(children):
        assert time.monotonic() < deadline
    receiver.stop()
    assert receiver.exit_code == 0
    assert "  the converter was started again (1)" in receiver.said


def test_what_a_sender_does_wrong_is_told_and_counted(start_receiver: StartReceiver) -> None:
    receiver = start_receiver(store="none")
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = ""
    group.scope_spans.add().spans.add(
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        start_time_unix_nano=1_790_000_000_000,
        end_time_unix_nano=1_790_000_000_001,
    )
    for _ in range(3):
        assert post(receiver.http, request.SerializeToString()) == 200
    receiver.stop()
    said = "\n".join(receiver.said)
    assert "times are milliseconds, as in 1790000000000: OTLP wants nanoseconds" in said
    assert "  3 × requests whose times are milliseconds" in said
    assert "  3 × requests with an empty service.name" in said
