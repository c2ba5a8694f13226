"""Small requests that would fill the memory: refused at once, while others are answered."""

import gzip
import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.otlp.any_value import varint
from otx.otlp.wire import JSON, PROTOBUF, WIRE
from tests.conftest import CLI_TIMEOUT_S, StartReceiver

EMPTY = 1_000_000
PATIENCE_S = 60
"""For an answer on a machine that is shared; a second is usual, and it was minutes or none."""
MOST_GROWTH_KIB = 160 << 10


def in_one_scope(records: bytes) -> bytes:
    scope = b"\x12" + varint(len(records)) + records
    return b"\x0a" + varint(len(scope)) + scope


RESOURCES = b"\x0a\x00" * EMPTY
SPANS = in_one_scope(b"\x12\x00" * EMPTY)
DOCUMENT = b'{"resourceSpans":[' + b"{}," * EMPTY + b"{}]}"


def post(where: Address, body: bytes, content_type: str) -> tuple[int, bytes, float]:
    """Status, body and seconds of an answer."""
    begun_s = time.monotonic()
    connection = http.client.HTTPConnection(where.host, where.port, timeout=CLI_TIMEOUT_S)
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    connection.request("POST", "/v1/traces", gzip.compress(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content, time.monotonic() - begun_s


def peak_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("the kernel tells no peak")


class Bystander(threading.Thread):
    """Another client, that sends one empty request after the other."""

    def __init__(self, where: Address) -> None:
        super().__init__()
        self._where = where
        self._is_over = threading.Event()
        self.waited_s: list[float] = []

    def run(self) -> None:
        while not self._is_over.is_set():
            status, _, took_s = post(self._where, b"", PROTOBUF)
            assert status == 200
            self.waited_s.append(took_s)

    def stop(self) -> None:
        self._is_over.set()
        self.join()


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (RESOURCES, PROTOBUF, b"directly in ExportTraceServiceRequest"),
        (RESOURCES[: 1 << 19], PROTOBUF, b"more than 65 536 resource_spans and scope_spans"),
        (SPANS, PROTOBUF, b"directly in ScopeSpans"),
        (DOCUMENT, JSON, b"JSON objects and arrays"),
    ],
    ids=["resources", "few resources", "spans", "json"],
)
def test_over_http(
    start_receiver: StartReceiver, body: bytes, content_type: str, said: bytes
) -> None:
    receiver = start_receiver()
    where = Address.parse(receiver.http)
    post(where, b"", PROTOBUF)  # what a first request loads is no growth
    before_kib = peak_kib(receiver.pid)
    other = Bystander(where)
    other.start()
    try:
        status, content, took_s = post(where, body, content_type)
    finally:
        other.stop()
    assert status == 413
    assert said in content
    assert took_s < PATIENCE_S
    assert max(other.waited_s) < PATIENCE_S
    assert peak_kib(receiver.pid) - before_kib < MOST_GROWTH_KIB
    receiver.stop()
    assert any(said.decode() in line for line in receiver.said)


def test_over_grpc(start_receiver: StartReceiver) -> None:
    receiver = start_receiver()
    with grpc.insecure_channel(receiver.grpc) as channel:
        export: Callable[..., bytes] = channel.unary_unary(WIRE[Signal.TRACES].grpc_method)
        export(b"", timeout=CLI_TIMEOUT_S)
        before_kib = peak_kib(receiver.pid)
        with pytest.raises(grpc.RpcError) as caught:
            export(SPANS, timeout=PATIENCE_S, compression=grpc.Compression.Gzip)
        export(b"", timeout=PATIENCE_S)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "directly in ScopeSpans" in str(caught.value.details())
    assert peak_kib(receiver.pid) - before_kib < MOST_GROWTH_KIB
