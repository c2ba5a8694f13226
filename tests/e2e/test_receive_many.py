"""Ten thousand small requests, on one connection and on many: all answered, all counted."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.otlp.wire import PROTOBUF, WIRE
from tests.conftest import CLI_TIMEOUT_S, StartReceiver

REQUESTS = 10_000
AT_ONCE = 100
"""Requests that are written before their answers are read."""


def one_span() -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, start_time_unix_nano=1, end_time_unix_nano=2)
    return request.SerializeToString()


def post_all(address: Address, requests: int) -> int:
    """Post on one connection; how many answers were 200."""
    body = one_span()
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    accepted = 0
    where = (address.host, address.port)
    with socket.create_connection(where, timeout=CLI_TIMEOUT_S) as connection:
        answers = connection.makefile("rb")
        while accepted < requests:
            some = min(AT_ONCE, requests - accepted)
            connection.sendall(request * some)
            for _ in range(some):
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                length = 0
                while (line := answers.readline()) != b"\r\n":
                    name, _, value = line.partition(b":")
                    length = int(value) if name == b"Content-Length" else length
                answers.read(length)
            accepted += some
    return accepted


@pytest.mark.parametrize("connections", [pytest.param(1, marks=pytest.mark.long), 500])
def test_over_http(start_receiver: StartReceiver, connections: int) -> None:
    receiver = start_receiver()
    address = Address.parse(receiver.http)
    each = REQUESTS // connections
    with ThreadPoolExecutor(min(connections, 50)) as clients:
        accepted = clients.map(lambda _: post_all(address, each), range(connections))
        assert sum(accepted) == REQUESTS
    receiver.stop()
    assert "received traces 10 000 spans in 10 000 requests" in receiver.said


@pytest.mark.long
@pytest.mark.parametrize(("channels", "at_once"), [(1, REQUESTS), (50, 10)])
def test_over_grpc(start_receiver: StartReceiver, channels: int, at_once: int) -> None:
    receiver = start_receiver()
    bursts = REQUESTS // channels // at_once

    def export_all(_: int) -> int:
        # Else all channels of a process to one place share a connection.
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(receiver.grpc, options) as channel:
            send = cast("Any", channel.unary_unary(WIRE[Signal.TRACES].grpc_method)).future
            accepted = 0
            for _ in range(bursts):
                calls = [send(one_span(), timeout=CLI_TIMEOUT_S) for _ in range(at_once)]
                accepted += sum(one.exception() is None for one in calls)
            return accepted

    with ThreadPoolExecutor(channels) as clients:
        assert sum(clients.map(export_all, range(channels))) == REQUESTS
    receiver.stop()
    assert "received traces 10 000 spans in 10 000 requests" in receiver.said
