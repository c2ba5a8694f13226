"""A server that takes what peers may send, and no more of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from otx.services.context_check.server import (
    MAX_BODY_BYTES,
    MAX_CONNECTIONS,
    Reply,
    Request,
    Server,
)
from tests.services.context_check.raw import WAIT_S, exchange


@pytest.fixture
def seen() -> list[Request]:
    return []


@pytest.fixture
def server(seen: list[Request]) -> Iterator[Server]:
    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(200, '"ok"', (("X-Own", "1"),))

    with Server(socket.create_server(("127.0.0.1", 0)), answer) as running:
        yield running


def test_headers_come_in_order_and_repeated(server: Server, seen: list[Request]) -> None:
    head = b"GET /p HTTP/1.1\r\nTraceParent: \t one \r\ntraceparent:two\r\ntrace.parent:\r\n\r\n"
    answer = exchange(server.address, head)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'\r\n\r\n"ok"')
    assert b"X-Own: 1\r\n" in answer
    (request,) = seen
    assert (request.method, request.path, request.peer) == ("GET", "/p", "127.0.0.1")
    stripped = [(name, value.strip(" \t")) for name, value in request.headers]
    assert stripped == [("TraceParent", "one"), ("traceparent", "two"), ("trace.parent", "")]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 5", b"hello"),
        (b"Transfer-Encoding: chunked", b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n"),
    ],
)
def test_a_body_is_read_whole(
    head: bytes, body: bytes, server: Server, seen: list[Request]
) -> None:
    exchange(server.address, b"POST / HTTP/1.1\r\n" + head + b"\r\n\r\n" + body)
    assert [request.body for request in seen] == [b"hello"]


@pytest.mark.parametrize(
    "head",
    [
        f"Content-Length: {MAX_BODY_BYTES + 1}".encode(),
        b"Content-Length: -1",
        b"Content-Length: many",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffff",
        b"Transfer-Encoding: chunked\r\n\r\n-5",
        b"Transfer-Encoding: chunked\r\n\r\nzz",
    ],
)
def test_a_body_of_no_good_length_is_refused(
    head: bytes, server: Server, seen: list[Request]
) -> None:
    answer = exchange(server.address, b"POST / HTTP/1.1\r\n" + head + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert seen == []


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"G" * 70000 + b"\r\n\r\n"]
)
def test_garbage_ends_its_connection_alone(garbage: bytes, server: Server) -> None:
    exchange(server.address, garbage)
    assert exchange(server.address, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_one_connection_too_many_is_closed() -> None:
    hold = threading.Event()

    def answer(_: Request) -> Reply:
        hold.wait(WAIT_S)
        return Reply(200, "")

    with ExitStack() as opened:
        server = opened.enter_context(Server(socket.create_server(("127.0.0.1", 0)), answer))
        opened.callback(hold.set)
        held = [
            opened.enter_context(socket.create_connection(server.address, timeout=WAIT_S))
            for _ in range(MAX_CONNECTIONS)
        ]
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with socket.create_connection(server.address, timeout=WAIT_S) as one_more:
            assert one_more.recv(1) == b""
        hold.set()
        assert held[0].recv(12) == b"HTTP/1.1 200"
