"""Requests whose headers arrive as they were meant, and answers that are bounded."""

import socket
import time

import pytest

from otx.errors import UsageError
from otx.services.context_check.client import (
    MAX_ANSWER_BYTES,
    NoAnswer,
    NotReached,
    TooSlow,
    parse_url,
    request,
)
from tests.services.context_check.raw import WAIT_S, raw_server

HEADERS = [
    ("TraceParent", "\t one \t"),
    ("TraceParent", "two "),
    ("trace.parent", ""),
    ("tracestate", "key=ü"),
]


def test_headers_arrive_byte_by_byte_as_they_are() -> None:
    got = bytearray()

    def serve(connection: socket.socket) -> None:
        while not got.endswith(b"[]"):
            got.extend(connection.recv(1 << 16))
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nok")

    with raw_server(serve) as url:
        answer = request(parse_url(url), "POST", HEADERS, b"[]", WAIT_S)
    head = bytes(got).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0] == b"POST /path?query=1 HTTP/1.1"
    assert head[-4:] == [
        b"TraceParent: \t one \t",
        b"TraceParent: two ",
        b"trace.parent: ",
        "tracestate: key=ü".encode(),
    ]
    assert (answer.status, answer.body) == (200, "ok")
    assert answer.headers[:2] == (("X-A", "1"), ("X-A", "2"))


def test_a_long_answer_is_cut() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(3):
            connection.sendall(b"x" * MAX_ANSWER_BYTES)

    with raw_server(serve) as url:
        answer = request(parse_url(url), "GET", [], b"", WAIT_S)
    assert len(answer.body) == MAX_ANSWER_BYTES


@pytest.mark.parametrize("trickle", [b"", b"H", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_peer_that_trickles_is_cut_off_in_time(trickle: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(trickle)
        connection.settimeout(0.05)
        while True:
            try:
                if not connection.recv(1 << 16):
                    return
            except TimeoutError:
                if trickle:
                    connection.sendall(b"x")

    with raw_server(serve) as url:
        began_s = time.monotonic()
        with pytest.raises(TooSlow):
            request(parse_url(url), "GET", [], b"", 0.5)
        assert time.monotonic() - began_s < WAIT_S


@pytest.mark.parametrize("answer", [b"", b"\x00\x01\x02\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_is_no_http_is_no_answer(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)

    with raw_server(serve) as url, pytest.raises(NoAnswer):
        request(parse_url(url), "GET", [], b"", WAIT_S)


def test_a_port_on_which_nobody_listens_is_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NotReached):
        request(parse_url(f"http://127.0.0.1:{port}"), "GET", [], b"", WAIT_S)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:8080",
        "ftp://host/",
        "http://",
        "http://host:99999/",
        "http://[::1/",
        "http://h/ü",
        "http://h/a b",
        "http://h:0/",
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_url(text)
