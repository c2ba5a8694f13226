"""A disk that answers fsync with EIO costs the requests of that moment, each of them told so."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.otlp.exporter.client import Client, Outcome, Reply
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.grpc_client import GrpcClient
from otx.otlp.exporter.http_client import HttpClient
from otx.services.receive_process import ReceiverProcess
from otx.store.layout import Layout
from otx.store.log_position import log_file_name
from otx.store.reader import Store
from tests.conftest import StartReceiver

TIMEOUT_S = 30
SHIM = Path(__file__).with_name("failing_disk.c")

MakeDisk = Callable[..., Path]


@pytest.fixture
def make_disk(tmp_path: Path, cli_variables: dict[str, str]) -> MakeDisk:
    """Gives what is started next a disk that fails while the returned file is there."""

    def make(*flags: str) -> Path:
        library, sign = tmp_path / "failing_disk.so", tmp_path / "failing"
        build = ["gcc", "-shared", "-fPIC", *flags, str(SHIM), "-o", str(library)]
        subprocess.run(build, check=True, timeout=TIMEOUT_S)
        cli_variables.update(LD_PRELOAD=str(library), FAILING_DISK=str(sign))
        return sign

    return make


def request_of(name: str) -> bytes:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=os.urandom(16),
        span_id=os.urandom(8),
        name=name,
        start_time_unix_nano=1_700_000_000_000_000_000,
        end_time_unix_nano=1_700_000_000_000_000_001,
    )
    return request.SerializeToString()


def send(receiver: ReceiverProcess, protocol: str, name: str) -> Reply:
    address = receiver.grpc if protocol == "grpc" else f"http://{receiver.http}"
    endpoint = resolve_endpoint(Signal.TRACES, {}, address)
    client: Client = GrpcClient(endpoint) if protocol == "grpc" else HttpClient(endpoint)
    with client:
        return client.send(Signal.TRACES, request_of(name), TIMEOUT_S)


def kept(store: Path) -> list[str]:
    with closing(Store(store)) as reader:
        return sorted(name for (name,) in reader.query("SELECT name FROM spans").rows())


def log_files(store: Path) -> set[str]:
    return {path.name for path in Layout(store).logs.glob("*/*.otxlog")}


@pytest.mark.parametrize("flags", [(), ("-DCUT_FAILS",)], ids=["cut back", "cannot be cut back"])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_what_fsync_refuses_is_not_acknowledged_and_what_follows_is_kept_once(
    make_disk: MakeDisk,
    start_receiver: StartReceiver,
    tmp_path: Path,
    flags: tuple[str, ...],
    ending: signal.Signals,
) -> None:
    store = tmp_path / "store"
    failing = make_disk(*flags)
    receiver = start_receiver()
    assert send(receiver, "grpc", "before").outcome is Outcome.ACCEPTED

    failing.touch()
    for protocol in ("http", "grpc"):
        reply = send(receiver, protocol, "lost")
        assert reply.outcome is Outcome.RETRY
        assert reply.retry_after_s is not None
        assert "cannot write the log: Input/output error" in reply.message
    assert kept(store) == ["before"]

    failing.unlink()
    for protocol in ("http", "grpc"):
        assert send(receiver, protocol, f"after {protocol}").outcome is Outcome.ACCEPTED
    assert log_file_name(2) in log_files(store)
    expected = ["after grpc", "after http", "before"]
    assert kept(store) == expected

    os.kill(receiver.pid, ending)
    receiver.wait()
    assert kept(store) == expected
    assert [line for line in receiver.said if "refused a request" in line] == [
        "otx: warning: refused a request: cannot write the log: Input/output error"
    ]
