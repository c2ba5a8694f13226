"""OTLP/HTTP: the answer to every kind of request, and what a bad client costs."""

import gzip
import http.client
import socket
import weakref
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from google.rpc.status_pb2 import Status

from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.otlp.compression import compress
from otx.otlp.decode import parse_protobuf
from otx.otlp.encode import to_json
from otx.otlp.receiver.http_connection import HttpLimits
from otx.otlp.receiver.http_server import HttpServer
from otx.otlp.refusal import Reason
from otx.otlp.wire import JSON, PROTOBUF
from tests.conftest import wait_until
from tests.otlp.conftest import MemoryIntake, collector_off

LIMIT = 1 << 20
TIMEOUT_S = 20
SHORT = HttpLimits(
    request_bytes=LIMIT,
    held_bytes=2 * LIMIT,
    head_bytes=4096,
    connections=8,
    head_s=0.3,
    body_bytes_per_s=1 << 20,
    idle_s=0.3,
    linger_s=0.3,
)
PATIENT = HttpLimits(request_bytes=LIMIT, held_bytes=2 * LIMIT, linger_s=2)

Serve = Callable[[HttpLimits], Address]


@pytest.fixture
def serve(intake: MemoryIntake) -> Iterator[Serve]:
    servers: list[HttpServer] = []

    def start(limits: HttpLimits) -> Address:
        servers.append(HttpServer(intake, limits))
        return servers[-1].start(Address("127.0.0.1", 0))

    yield start
    for server in servers:
        server.stop(grace_s=1)


@pytest.fixture
def client(serve: Serve) -> Iterator[http.client.HTTPConnection]:
    address = serve(PATIENT)
    connection = http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT_S)
    yield connection
    connection.close()


def ask(
    client: http.client.HTTPConnection,
    body: bytes,
    content_type: str | None = PROTOBUF,
    path: str = "/v1/traces",
    method: str = "POST",
    **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type is not None:
        sent["Content-Type"] = content_type
    client.request(method, path, body, sent)
    response = client.getresponse()
    return response, response.read()


def talk(address: Address, data: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(data)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def post(body: bytes, *headers: str, content_type: str = PROTOBUF) -> bytes:
    lines = ["POST /v1/traces HTTP/1.1", "Host: x", f"Content-Type: {content_type}", *headers]
    if not any(header.startswith("Transfer-Encoding") for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("path", "signal"),
    [
        ("/v1/traces", Signal.TRACES),
        ("/v1/traces/", Signal.TRACES),
        ("http://127.0.0.1:4318/v1/traces?k=v", Signal.TRACES),
        ("HTTPS://otlp.example/v1/logs", Signal.LOGS),
        ("/v1/traces?x=1", Signal.TRACES),
        ("/v1/metrics", Signal.METRICS),
        ("/v1/logs", Signal.LOGS),
        ("/v1development/profiles", Signal.PROFILES),
        ("/v1/profiles", Signal.PROFILES),
    ],
)
@pytest.mark.parametrize(
    ("content_type", "body", "answer"), [(PROTOBUF, b"", b""), (JSON, b"{}", b"{}")]
)
def test_each_path_takes_its_signal_and_answers_in_kind(
    client: http.client.HTTPConnection,
    intake: MemoryIntake,
    path: str,
    signal: Signal,
    content_type: str,
    body: bytes,
    answer: bytes,
) -> None:
    response, content = ask(client, body, content_type, path)
    assert (response.status, response.headers["Content-Type"], content) == (
        200,
        content_type,
        answer,
    )
    assert [it.signal for it in intake.requests] == [signal]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "identity"])
def test_compressed_bodies_are_opened(
    client: http.client.HTTPConnection, intake: MemoryIntake, three_spans: bytes, encoding: str
) -> None:
    body = zlib.compress(three_spans) if encoding == "deflate" else compress(three_spans, encoding)
    response, _ = ask(client, body, Content_Encoding=encoding)
    assert response.status == 200
    assert intake.requests[0].body == three_spans


def test_codings_are_a_list_on_one_line_or_several(
    serve: Serve, intake: MemoryIntake, three_spans: bytes
) -> None:
    packed, address = gzip.compress(three_spans), serve(PATIENT)
    gzip_line, nothing = "Content-Encoding: GZIP", "Content-Encoding: identity"
    for lines in (["Content-Encoding: gzip, identity"], [nothing, gzip_line]):
        answer = talk(address, post(packed, *lines, "Connection: close"))
        assert answer.startswith(b"HTTP/1.1 200 ")
    assert [it.body for it in intake.requests] == [three_spans] * 2
    twice = post(gzip.compress(packed), gzip_line, gzip_line, "Connection: close")
    answer = talk(address, twice)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"'GZIP, GZIP' is not supported" in answer


def test_json_is_kept_as_protobuf(
    client: http.client.HTTPConnection, intake: MemoryIntake, three_spans: bytes
) -> None:
    text = to_json(parse_protobuf(Signal.TRACES, three_spans))
    response, _ = ask(client, text, "application/json; charset=utf-8")
    assert response.status == 200
    assert intake.requests[0].body == three_spans
    assert intake.requests[0].records == 3


def test_a_warning_travels_as_a_partial_success_that_rejects_nothing(
    client: http.client.HTTPConnection,
) -> None:
    body = b'{"resourceSpans":[{"schema_url":"x"}]}'
    response, content = ask(client, body, JSON)
    assert response.status == 200
    partial = orjson.loads(content)["partialSuccess"]
    assert "rejectedSpans" not in partial
    assert "schemaUrl" in partial["errorMessage"]


ODD_HEX = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abc"}]}]}]}'
REFUSED: list[tuple[str, bytes, dict[str, Any], int, int]] = [
    ("undecodable", b"\x0a\xff", {}, 400, 3),
    ("json as protobuf", b'{"resourceSpans":[]}', {}, 400, 3),
    ("bad utf-8", b"\x0a\x07\x12\x05\x12\x03\x2a\x01\xff", {}, 400, 3),
    ("corrupt gzip", b"\x1f\x8bxxxx", {"Content_Encoding": "gzip"}, 400, 3),
    ("unknown coding", b"", {"Content_Encoding": "snappy"}, 415, 12),
    ("unknown type", b"", {"content_type": "text/plain"}, 415, 3),
    ("no type", b"", {"content_type": None}, 415, 3),
    ("wrong path", b"", {"path": "/v2/traces"}, 404, 12),
    ("root", b"", {"path": "/", "method": "GET"}, 404, 12),
    ("wrong method", b"", {"method": "GET"}, 405, 12),
    ("PUT", b"x", {"method": "PUT"}, 405, 12),
    ("bad json", b"{", {"content_type": JSON}, 400, 3),
    ("odd hex", ODD_HEX, {"content_type": JSON}, 400, 3),
    ("bomb", gzip.compress(bytes(LIMIT + 1)), {"Content_Encoding": "gzip"}, 413, 8),
]


@pytest.mark.parametrize(
    ("name", "body", "how", "status", "code"), REFUSED, ids=[row[0] for row in REFUSED]
)
def test_what_is_refused_gets_a_status_in_its_own_encoding(
    client: http.client.HTTPConnection,
    intake: MemoryIntake,
    name: str,
    body: bytes,
    how: dict[str, Any],
    status: int,
    code: int,
) -> None:
    response, content = ask(client, body, **how)
    assert response.status == status
    if response.headers["Content-Type"] == PROTOBUF:
        said = Status.FromString(content)
        assert said.code == code
        assert said.message
    else:
        assert how["content_type"] != PROTOBUF
        assert response.headers["Content-Type"] == JSON
        assert orjson.loads(content)["code"] == code
    if status == 405:
        assert response.headers["Allow"] == "POST"
    assert len(intake.refusals) == 1
    # The connection goes on.
    assert ask(client, b"")[0].status == 200


def test_head_is_answered_without_a_body(serve: Serve) -> None:
    """Sent over a bare socket: a client would throw away what must not be there."""
    address = serve(PATIENT)
    ask_head = b"HEAD /v1/traces HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"HEAD /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection((address.host, address.port), TIMEOUT_S) as client:
        client.sendall(ask_head + last)
        heads = b"".join(iter(lambda: client.recv(65536), b"")).split(b"\r\n\r\n")
    assert [head.split(b"\r\n")[0] for head in heads] == [
        b"HTTP/1.1 405 Method Not Allowed",
        b"HTTP/1.1 404 Not Found",
        b"",
    ]
    assert b"Content-Length: 0" not in heads[0]


def test_a_full_log_asks_the_client_to_come_again(
    client: http.client.HTTPConnection, intake: MemoryIntake, three_spans: bytes
) -> None:
    intake.is_full = True
    response, content = ask(client, three_spans)
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert Status.FromString(content).code == 14
    intake.is_full = False
    assert ask(client, three_spans)[0].status == 200


def test_a_fault_of_ours_is_a_500_and_not_the_end(
    client: http.client.HTTPConnection, intake: MemoryIntake, three_spans: bytes
) -> None:
    intake.fault = RuntimeError("boom")
    response, content = ask(client, three_spans)
    assert response.status == 500
    assert Status.FromString(content).code == 13
    intake.fault = None
    assert ask(client, three_spans)[0].status == 200


def test_nothing_is_acknowledged_before_it_is_kept(
    serve: Serve, intake: MemoryIntake, three_spans: bytes
) -> None:
    address = serve(PATIENT)
    intake.holds = True
    with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(post(three_spans))
        assert intake.arrived.wait(TIMEOUT_S)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.settimeout(TIMEOUT_S)
        intake.held[0].set_result(None)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_ping_is_answered_in_its_turn_and_counts_as_no_request(
    serve: Serve, intake: MemoryIntake, three_spans: bytes
) -> None:
    ping = b"OPTIONS * HTTP/1.1\r\nHost: x\r\n"
    last = ping + b"Connection: close\r\n\r\n"
    answer = talk(serve(PATIENT), ping + b"\r\n" + post(three_spans) + last)
    statuses = [part.split(b" ")[0] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"200"]
    assert (len(intake.requests), intake.refusals) == (1, [])


def test_pipelined_requests_are_answered_in_order(serve: Serve, three_spans: bytes) -> None:
    address = serve(PATIENT)
    bad = post(b"\x0a\xff")
    answer = talk(
        address, post(three_spans) + bad + post(b"", "Connection: close") + post(b"never read")
    )
    statuses = [part.split(b" ")[0] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"400", b"200"]


def test_chunked_bodies_are_taken(serve: Serve, intake: MemoryIntake, three_spans: bytes) -> None:
    half = len(three_spans) // 2
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part)
        for part in (three_spans[:half], three_spans[half:], b"")
    )
    request = post(chunks, "Transfer-Encoding: chunked", "Connection: close")
    assert talk(serve(PATIENT), request).startswith(b"HTTP/1.1 200")
    assert intake.requests[0].body == three_spans


def test_a_client_that_waits_is_told_to_go_on(
    serve: Serve, intake: MemoryIntake, three_spans: bytes
) -> None:
    address = serve(PATIENT)
    head, _, _ = post(three_spans, "Expect: 100-continue").partition(b"\r\n\r\n")
    with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(three_spans)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("header", "status"),
    [(f"Content-Length: {LIMIT + 1}", b"413"), ("Content-Type: text/plain", b"415")],
)
def test_a_client_that_waits_is_spared_the_body(serve: Serve, header: str, status: bytes) -> None:
    kept = [
        line
        for line in ["Content-Type: application/x-protobuf", "Content-Length: 5"]
        if line.split(":")[0] != header.split(":")[0]
    ]
    lines = ["POST /v1/traces HTTP/1.1", "Host: x", "Expect: 100-continue", header, *kept]
    answer = talk(serve(PATIENT), "\r\n".join([*lines, "", ""]).encode())
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_above_the_limit_is_refused_and_the_answer_arrives(
    serve: Serve, framing: str
) -> None:
    size = 4 * LIMIT
    if framing == "length":
        request = post(bytes(size))
    else:
        request = post(b"%x\r\n" % size + bytes(size), "Transfer-Encoding: chunked")
    # The whole body is sent before anything is read: closing early would lose the answer.
    answer = talk(serve(PATIENT), request)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert Status.FromString(answer.partition(b"\r\n\r\n")[2]).code == 8


def test_an_offer_to_upgrade_is_declined_by_going_on(
    serve: Serve, intake: MemoryIntake, three_spans: bytes
) -> None:
    upgrade = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
    answer = talk(
        serve(PATIENT), post(three_spans, *upgrade) + post(three_spans, "Connection: close")
    )
    assert answer.count(b"HTTP/1.1 200") == 2
    assert [it.records for it in intake.requests] == [3, 3]


def test_http_1_0_is_answered_and_closed(serve: Serve, three_spans: bytes) -> None:
    request = post(three_spans).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert talk(serve(PATIENT), request).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("data", "notice"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), "HTTP/2 or gRPC"),
        (b"\x16\x03\x01\x02\x00" + bytes(100), "TLS"),
    ],
)
def test_other_protocols_are_named(
    serve: Serve, intake: MemoryIntake, data: bytes, notice: str
) -> None:
    talk(serve(SHORT), data)
    assert len(intake.notices) == 1
    assert notice in intake.notices[0]


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\x03" * 10,
        b"hello\r\n\r\n",
        b"POST /v1/traces HTTP/9.9\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        post(b"zz\r\n", "Transfer-Encoding: chunked"),
    ],
    ids=["binary", "text", "version", "negative length", "smuggling", "bad chunk"],
)
def test_what_is_no_http_gets_a_400(serve: Serve, data: bytes) -> None:
    assert talk(serve(SHORT), data).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data",
    [
        b"POST /v1/traces HTTP/1.1\r\nX-Endless: " + b"a" * 600_000,
        b"POST /" + b"a" * 10_000,
        b"POST /v1/traces HTTP/1.1\r\n" + b"X-Many: a\r\n" * 1_000,
        b"POST /v1/traces HTTP/1.1\r\n" + b"X-Many: a\r\n" * 1_000 + b"\r\n",
    ],
    ids=["value", "path", "headers", "complete"],
)
def test_an_endless_head_is_refused(serve: Serve, data: bytes) -> None:
    assert talk(serve(SHORT), data).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"POST /v1/traces HTTP/1.1\r\nHost:", b"HTTP/1.1 408 "),
        (post(bytes(1000))[:-1], b"HTTP/1.1 408 "),
    ],
)
def test_a_client_that_goes_silent_costs_a_bounded_time(
    serve: Serve, sent: bytes, answer: bytes
) -> None:
    assert talk(serve(SHORT), sent).startswith(answer)


def test_a_client_that_drips_is_cut_off(serve: Serve, intake: MemoryIntake) -> None:
    address = serve(SHORT)
    request = post(bytes(500))
    with socket.create_connection((address.host, address.port), timeout=0.05) as connection:
        sent = 0
        answer = b""
        while not answer and sent < len(request):
            connection.sendall(request[sent : sent + 1])
            sent += 1
            try:
                answer = connection.recv(4096)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert intake.refusals[0].reason is Reason.TOO_SLOW


def test_a_half_closed_connection_still_gets_its_answer(
    serve: Serve, intake: MemoryIntake, three_spans: bytes
) -> None:
    address = serve(PATIENT)
    with socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(post(three_spans))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_connection_that_ends_in_a_body_is_noticed(serve: Serve, intake: MemoryIntake) -> None:
    address = serve(PATIENT)
    talked = socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
    talked.sendall(post(bytes(1000))[:-10])
    talked.shutdown(socket.SHUT_WR)
    assert talked.recv(1) == b""
    talked.close()
    assert intake.notices == ["connections that ended in the middle of an HTTP request"]
    assert intake.requests == []


def test_too_many_connections_are_turned_away(serve: Serve, three_spans: bytes) -> None:
    address = serve(HttpLimits(connections=2, linger_s=0.3))
    first, second, third = (
        socket.create_connection((address.host, address.port), timeout=TIMEOUT_S) for _ in range(3)
    )
    with first, second, third:
        assert third.recv(4096).startswith(b"HTTP/1.1 503 ")
        first.sendall(post(three_spans))
        assert first.recv(4096).startswith(b"HTTP/1.1 200")


def test_bodies_held_together_are_bounded(
    serve: Serve, intake: MemoryIntake, three_spans: bytes
) -> None:
    address = serve(HttpLimits(request_bytes=LIMIT, held_bytes=LIMIT, linger_s=2))
    greedy = socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
    with greedy:
        # Answered in turn, so the first body is known to be held before the second comes.
        greedy.sendall(post(three_spans) + post(bytes(LIMIT))[:-100])
        assert greedy.recv(4096).startswith(b"HTTP/1.1 200")
        answer = b""
        while not answer:
            answer = talk(address, post(bytes(LIMIT // 2), "Connection: close"))
        assert answer.startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 400 "))
    assert ask_once(address, three_spans).startswith(b"HTTP/1.1 200")


def ask_once(address: Address, body: bytes) -> bytes:
    return talk(address, post(body, "Connection: close"))


def test_large_and_slow_bodies_are_decoded_off_the_loop(
    client: http.client.HTTPConnection, intake: MemoryIntake, three_spans: bytes
) -> None:
    many = three_spans * ((LIMIT - 1000) // len(three_spans))
    text = to_json(parse_protobuf(Signal.TRACES, three_spans * 500))
    assert ask(client, many)[0].status == 200
    assert ask(client, text, JSON)[0].status == 200
    assert ask(client, text[:-1], JSON)[0].status == 400
    assert [it.records for it in intake.requests] == [3 * (len(many) // len(three_spans)), 1500]


def test_ending_lets_what_is_in_hand_be_answered(intake: MemoryIntake, three_spans: bytes) -> None:
    server = HttpServer(intake, PATIENT)
    address = server.start(Address("127.0.0.1", 0))
    connection = socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
    idle = socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
    intake.holds = True
    with connection, idle:
        connection.sendall(post(three_spans))
        assert intake.arrived.wait(TIMEOUT_S)
        intake.held[0].set_result(None)
        server.stop(grace_s=TIMEOUT_S)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert idle.recv(1) == b""


def test_a_request_that_is_refused_leaves_nothing_for_the_collector(
    client: http.client.HTTPConnection, intake: MemoryIntake, three_spans: bytes
) -> None:
    intake.is_full = True
    with collector_off():
        response, _ = ask(client, three_spans)
        assert response.status == 503
        left = weakref.ref(intake.refusals.pop())
        wait_until(lambda: left() is None, "the refusal, and with it the body, is gone")
