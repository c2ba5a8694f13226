"""`kill -9` in the middle of a stream loses no acknowledged span and shows none twice."""

import http.client
import os
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.otlp.wire import WIRE
from otx.services.receive_process import ReceiverProcess
from otx.store.reader import Store
from tests.conftest import StartReceiver

SPANS = 20
ACKNOWLEDGED_BEFORE_THE_KILL = 40
TIMEOUT_S = 30


class Stream:
    """Sends requests of unique spans until the receiver is gone; knows what was acknowledged."""

    def __init__(self, export: Callable[[bytes], bool], first: int) -> None:
        self.acknowledged: set[str] = set()
        self.enough = threading.Event()
        self.next = first
        self._export = export
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            ids = [f"{self.next + number:016x}" for number in range(1, SPANS + 1)]
            self.next += SPANS
            if not self._export(request_of(ids)):
                return
            self.acknowledged.update(ids)
            if len(self.acknowledged) >= ACKNOWLEDGED_BEFORE_THE_KILL * SPANS:
                self.enough.set()


def request_of(ids: list[str]) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for span_id in ids:
        scope.spans.add(
            trace_id=os.urandom(16),
            span_id=bytes.fromhex(span_id),
            name="kept",
            start_time_unix_nano=1_700_000_000_000_000_000,
            end_time_unix_nano=1_700_000_000_000_000_001,
        )
    return request.SerializeToString()


def over_http(receiver: ReceiverProcess) -> Callable[[bytes], bool]:
    connection = http.client.HTTPConnection(receiver.http, timeout=TIMEOUT_S)

    def export(body: bytes) -> bool:
        try:
            connection.request(
                "POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"}
            )
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        return response.status == 200

    return export


def over_grpc(receiver: ReceiverProcess) -> Callable[[bytes], bool]:
    channel = grpc.insecure_channel(receiver.grpc, options=[("grpc.enable_retries", 0)])
    call: Callable[..., bytes] = channel.unary_unary(WIRE[Signal.TRACES].grpc_method)

    def export(body: bytes) -> bool:
        try:
            call(body, timeout=TIMEOUT_S)
        except grpc.RpcError:
            channel.close()
            return False
        return True

    return export


def kill_in_a_stream(start_receiver: StartReceiver, store: Path, rounds: int) -> None:
    acknowledged: set[str] = set()
    for number in range(rounds):
        receiver = start_receiver()
        connect = over_grpc if number % 2 else over_http
        streams = [Stream(connect(receiver), (2 * number + which) << 32) for which in range(2)]
        try:
            assert all(stream.enough.wait(TIMEOUT_S) for stream in streams)
        finally:
            os.kill(receiver.pid, signal.SIGKILL)
            for stream in streams:
                stream.join()
        for stream in streams:
            acknowledged |= stream.acknowledged
    check(store, acknowledged)
    start_receiver().stop()
    check(store, acknowledged)


def check(store: Path, acknowledged: set[str]) -> None:
    with closing(Store(store)) as reader:
        rows = reader.query("SELECT span_id, count(*) FROM spans GROUP BY span_id").rows()
        seen = {str(span_id): count for span_id, count in rows}
    assert acknowledged <= seen.keys(), f"{len(acknowledged - seen.keys())} are lost"
    twice = {span_id: count for span_id, count in seen.items() if count != 1}
    assert not twice, f"{len(twice)} are there more than once"


def test_every_acknowledged_span_is_there_once(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    kill_in_a_stream(start_receiver, tmp_path / "store", rounds=4)


@pytest.mark.long
def test_every_acknowledged_span_is_there_once_after_many_kills(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    kill_in_a_stream(start_receiver, tmp_path / "store", rounds=40)
