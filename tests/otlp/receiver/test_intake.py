"""What no intake is handed: values nested too deep, which would cost a reader its stack."""

from collections.abc import Callable, Iterator
from typing import cast

import grpc
import httpx
import pytest

from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.otlp.receiver.grpc_server import GrpcServer
from otx.otlp.receiver.http_connection import HttpLimits
from otx.otlp.receiver.http_server import HttpServer
from otx.otlp.wire import JSON, PROTOBUF, WIRE
from tests.otlp.conftest import MemoryIntake

LIMIT = 8 << 20
TIMEOUT_S = 60


@pytest.fixture
def url(intake: MemoryIntake) -> Iterator[str]:
    server = HttpServer(intake, HttpLimits(request_bytes=LIMIT, held_bytes=2 * LIMIT))
    yield f"http://{server.start(Address('127.0.0.1', 0))}/v1/traces"
    server.stop(grace_s=1)


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    size, length = len(content), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def nested(levels: int) -> bytes:
    """A request whose resource has a value of arrays within arrays."""
    value = b""
    for _ in range(levels):
        value = field(5, field(1, value))
    attribute = field(1, b"deep") + field(2, value)
    return field(1, field(1, field(1, attribute)))


def nested_json(levels: int) -> bytes:
    value = b'{"arrayValue":{"values":[' * levels + b"{}" + b"]}}" * levels
    attribute = b'{"key":"deep","value":%s}' % value
    return b'{"resourceSpans":[{"resource":{"attributes":[%s]}}]}' % attribute


@pytest.mark.parametrize(("levels", "status"), [(40, 200), (60, 400), (30_000, 400)])
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_over_http(url: str, levels: int, status: int, content_type: str) -> None:
    body = nested(levels) if content_type == PROTOBUF else nested_json(levels)
    headers = {"Content-Type": content_type}
    answer = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_S, trust_env=False)
    assert answer.status_code == status


def test_over_grpc(intake: MemoryIntake) -> None:
    server = GrpcServer(intake, LIMIT)
    try:
        with grpc.insecure_channel(str(server.start(Address("127.0.0.1", 0)))) as channel:
            method = WIRE[Signal.TRACES].grpc_method
            export = cast("Callable[..., bytes]", channel.unary_unary(method))
            with pytest.raises(grpc.RpcError) as caught:
                export(nested(100_000), timeout=TIMEOUT_S)
    finally:
        server.stop(grace_s=1)
    assert cast("grpc.Call", caught.value).code() is grpc.StatusCode.INVALID_ARGUMENT
