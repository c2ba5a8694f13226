"""The conforming service: what it calls, whom it does not, and what it answers otherwise."""

import io
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from otx.environment import Environment
from otx.propagation.conformance.case import Pairs
from otx.services.context_check.echo import MAX_CALLS, Echo, EchoOptions
from otx.services.context_check.server import Reply, Request, Server
from otx.system.stop import StopSignal
from tests.conftest import Terminal

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = ("traceparent", f"00-{TRACE}-{SPAN}-03")
JSON = ("Accept", "application/json")


@pytest.fixture
def told() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def echo(environment: Environment, told: io.StringIO) -> Echo:
    options = EchoOptions("127.0.0.1:0", 2, "text", "-")
    return Echo(environment, options, told, StopSignal())


@pytest.fixture
def calls() -> list[Request]:
    return []


@pytest.fixture
def harness(calls: list[Request]) -> Iterator[str]:
    """The base URL of a server that keeps what it is called with."""

    def answer(request: Request) -> Reply:
        calls.append(request)
        return Reply(204, "")

    with Server(socket.create_server(("127.0.0.1", 0)), answer) as server:
        yield f"http://127.0.0.1:{server.address[1]}"


def order(
    echo: Echo, body: Any, *headers: tuple[str, str], peer: str = "127.0.0.1"
) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = echo.answer(Request("POST", "/", headers, data, peer))
    is_json = reply.content_type == "application/json"
    return reply.status, json.loads(reply.body) if is_json else reply.body


def test_it_calls_in_order_with_spans_of_its_own(
    echo: Echo, harness: str, calls: list[Request]
) -> None:
    orders: list[dict[str, Any]] = [
        {"url": f"{harness}/1", "arguments": [{"url": "http://x/", "arguments": []}]},
        {"url": f"{harness}/2", "arguments": []},
    ]
    status, document = order(echo, orders, PARENT, ("tracestate", "a=1"), ("baggage", "b=2"))
    assert (status, [one["status"] for one in document["calls"]]) == (200, [204, 204])
    assert [call.path for call in calls] == ["/1", "/2"]
    assert [json.loads(call.body) for call in calls] == [orders[0]["arguments"], []]
    parents = [dict(call.headers)["traceparent"] for call in calls]
    assert len({*parents, PARENT[1]}) == 3
    assert all(one.startswith(f"00-{TRACE}-") and one.endswith("-03") for one in parents)
    assert dict(calls[0].headers)["tracestate"] == "a=1"
    assert dict(calls[0].headers)["baggage"] == "b=2"


@pytest.mark.parametrize(
    ("url", "peer"),
    [
        ("{harness}/", "192.0.2.1"),
        ("http://192.0.2.1/", "127.0.0.1"),
        ("https://127.0.0.1/", "127.0.0.1"),
        ("file:///etc/passwd", "127.0.0.1"),
        ("http://[::1", "127.0.0.1"),
        ("http://no.such.host.invalid/", "127.0.0.1"),
        ("http://127.0.0.1/a b", "127.0.0.1"),
    ],
)
def test_it_calls_nobody_but_who_asks(
    url: str, peer: str, echo: Echo, harness: str, calls: list[Request]
) -> None:
    orders = [{"url": url.format(harness=harness), "arguments": []}]
    status, document = order(echo, orders, PARENT, peer=peer)
    assert (status, document["calls"], calls) == (403, [], [])


def test_it_makes_no_more_than_some_calls(echo: Echo, harness: str, calls: list[Request]) -> None:
    orders = [{"url": harness, "arguments": []}] * (MAX_CALLS + 1)
    assert order(echo, orders)[0] == 400
    assert calls == []


def test_a_call_that_fails_is_said(echo: Echo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    status, document = order(echo, [{"url": url, "arguments": []}])
    assert (status, document["url"]) == (502, url)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[1]", b'[{"url": 1}]', b"[" * 9000, {"a": 1}]
)
def test_any_other_request_is_answered_with_what_it_carries(body: Any, echo: Echo) -> None:
    status, document = order(echo, body, PARENT, JSON)
    assert (status, document["context"]["trace_id"]) == (200, TRACE)
    assert document["sends"]["traceparent"].startswith(f"00-{TRACE}-")
    status, text = order(echo, body, PARENT)
    assert "✓ valid  W3C Trace Context (w3c)" in text


def test_the_response_names_its_span(echo: Echo) -> None:
    reply = echo.answer(Request("GET", "/cart", (PARENT, JSON), b"", "127.0.0.1"))
    (header,) = reply.headers
    assert header[0] == "Server-Timing"
    assert header[1].startswith(f"trace;desc=00-{TRACE}-")
    assert SPAN not in header[1]


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        ((PARENT,), f"GET /cart  w3c  valid  {TRACE}"),
        ((("b3", "0"),), "GET /cart  b3-single  valid"),
        ((("traceparent", "x"),), "GET /cart  w3c  bad_length"),
        ((("host", "localhost"),), "GET /cart  no trace context"),
    ],
)
def test_each_request_is_told(headers: Pairs, line: str, echo: Echo, told: io.StringIO) -> None:
    echo.answer(Request("GET", "/cart", headers, b"", "127.0.0.1"))
    assert told.getvalue() == line + "\n"


def test_it_ends_when_nobody_reads_what_it_tells(environment: Environment) -> None:
    stop = StopSignal()
    closed = Terminal()
    closed.close()
    options = EchoOptions("127.0.0.1:0", 2, "json", "-")
    Echo(replace(environment), options, closed, stop).answer(
        Request("GET", "/", (PARENT,), b"", "127.0.0.1")
    )
    assert stop.is_set
