"""What an HTTP client makes of the answers it can get."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otx.model.signal import Signal
from otx.otlp.exporter.client import Outcome, Reply
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.exporter.http_client import HttpClient

TIMEOUT_S = 20
Ask = Callable[..., Reply]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Sends one request to a server that gives the answer it is told to."""
    answer: dict[str, tuple[int, dict[str, str], bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, body = answer["next"]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def send(
        status: int,
        body: bytes = b"",
        protocol: str = "http/protobuf",
        timeout_s: float = TIMEOUT_S,
        **headers: str,
    ) -> Reply:
        answer["next"] = (
            status,
            {name.replace("_", "-"): it for name, it in headers.items()},
            body,
        )
        url = f"http://127.0.0.1:{server.server_port}"
        with HttpClient(resolve_endpoint(Signal.TRACES, {}, url, protocol)) as client:
            return client.send(Signal.TRACES, b"", timeout_s)

    try:
        yield send
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_empty_answer_is_full_success(ask: Ask) -> None:
    assert ask(200) == Reply(Outcome.ACCEPTED)
    assert ask(200, b"{}", "http/json") == Reply(Outcome.ACCEPTED)


def test_who_waits_for_ever_waits_as_long_as_can_be(ask: Ask) -> None:
    assert ask(200, timeout_s=1e15) == Reply(Outcome.ACCEPTED)


def test_a_partial_success_is_told_and_not_retried(ask: Ask) -> None:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = 3
    response.partial_success.error_message = "too old"
    expected = Reply(Outcome.ACCEPTED, 3, "too old")
    assert ask(200, response.SerializeToString()) == expected
    text = b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}'
    assert ask(200, text, "http/json") == expected


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_only_these_are_sent_again(ask: Ask, status: int) -> None:
    reply = ask(status, Retry_After="7")
    assert (reply.outcome, reply.retry_after_s) == (Outcome.RETRY, 7.0)


@pytest.mark.parametrize("status", [400, 401, 404, 408, 413, 415, 500, 501])
def test_everything_else_is_refused_with_what_was_said(ask: Ask, status: int) -> None:
    body = Status(code=3, message="because").SerializeToString()
    reply = ask(status, body)
    assert reply.outcome is Outcome.REFUSED
    assert reply.message.endswith(": because")


def test_a_status_without_a_word_has_no_colon(ask: Ask) -> None:
    assert ask(503).message == "HTTP 503 Service Unavailable"
    assert ask(400, b" \r\n ", "http/json").message == "HTTP 400 Bad Request"


def test_a_redirect_says_where_to(ask: Ask) -> None:
    reply = ask(307, Location="https://127.0.0.1:4318/otlp\x1b[2J")
    assert reply.outcome is Outcome.REFUSED
    assert reply.message.startswith("HTTP 307 Temporary Redirect to https://127.0.0.1:4318/otlp")
    assert reply.message.isprintable()
    assert ask(302, b"moved").message == "HTTP 302 Found: moved"


def test_a_name_without_an_address_is_said_to_have_none() -> None:
    with HttpClient(resolve_endpoint(Signal.TRACES, {}, "http://nowhere.invalid:4318")) as client:
        reply = client.send(Signal.TRACES, b"", TIMEOUT_S)
    assert reply.outcome is Outcome.UNREACHABLE
    assert reply.message.startswith("nowhere.invalid has no address: ")


def test_what_a_server_says_is_one_line_that_cannot_drive_a_terminal(ask: Ask) -> None:
    page = b"<html>\r\n  <h1>no\x1b[2J</h1>\n</html>" + b"x" * 1000
    message = ask(404, page, "http/json").message
    assert message.startswith("HTTP 404 Not Found: <html> <h1>no")
    assert message.isprintable()
    assert len(message) <= 500
    response = ExportTraceServiceResponse()
    response.partial_success.error_message = "a\n\x1b]0;b"
    assert ask(200, response.SerializeToString()).message.isprintable()


def test_an_answer_is_read_as_what_it_says_it_is(ask: Ask) -> None:
    text = b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}'
    json_type, protobuf = "application/json; charset=utf-8", "application/x-protobuf"
    expected = Reply(Outcome.ACCEPTED, 3, "too old")
    assert ask(200, b"{}", Content_Type=json_type) == Reply(Outcome.ACCEPTED)
    assert ask(200, text, Content_Type=json_type) == expected
    assert ask(200, b"", Content_Type=json_type) == Reply(Outcome.ACCEPTED)
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = 3
    response.partial_success.error_message = "too old"
    body = response.SerializeToString()
    assert ask(200, body, "http/json", Content_Type=protobuf) == expected
    assert ask(200, b"<html>", Content_Type="text/html").outcome is Outcome.REFUSED


@pytest.mark.parametrize("status", [201, 202, 204])
def test_another_success_than_200_is_one_that_is_told(ask: Ask, status: int) -> None:
    reply = ask(status)
    assert (reply.outcome, reply.rejected) == (Outcome.ACCEPTED, 0)
    assert reply.message.startswith(f"HTTP {status} ")
    assert reply.message.endswith("instead of 200")
    assert ask(202, b"<html>", Content_Type="text/html").outcome is Outcome.REFUSED


def test_a_date_in_the_past_is_now(ask: Ask) -> None:
    assert ask(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT").retry_after_s == 0
    assert ask(503, Retry_After="soon").retry_after_s is None


def test_what_is_no_otlp_is_refused(ask: Ask) -> None:
    assert ask(200, b"\x0a\xff").outcome is Outcome.REFUSED
    assert ask(200, b"<html>", "http/json").outcome is Outcome.REFUSED
    assert ask(200, bytes((4 << 20) + 1)).message == "the answer is larger than 4 MiB"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "the connection was closed without an answer"),
        (b"SSH-2.0-x\r\n", "no HTTP"),
        (b"\0\0\x12\4\0\0\0\0\0", "the answer is HTTP/2, as of a gRPC port"),
    ],
)
def test_what_is_no_answer_is_told_apart(answer: bytes, says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection, connection.makefile("rb") as request:
                # All of it: a connection that is closed with some left is reset.
                request.readline()
                size = http.client.parse_headers(request)["Content-Length"]
                request.read(int(size))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with HttpClient(resolve_endpoint(Signal.TRACES, {}, url)) as client:
            reply = client.send(Signal.TRACES, b"x", TIMEOUT_S)
        thread.join()
    assert (reply.outcome, reply.message) == (Outcome.UNREACHABLE, says)


def test_a_connection_that_was_closed_while_idle_is_opened_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = threading.Semaphore(0)

        def serve() -> None:
            for _ in range(3):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                closed.release()

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with HttpClient(resolve_endpoint(Signal.TRACES, {}, url)) as client:
            for _ in range(3):
                assert client.send(Signal.TRACES, b"", TIMEOUT_S) == Reply(Outcome.ACCEPTED)
                assert closed.acquire(timeout=TIMEOUT_S)
        thread.join()
