"""What `otx trace-context check --echo` does: a conforming service, and a mirror for clients.

It does what W3C's test suite has a service do: a POST whose body lists addresses makes it call
them, with the headers that the specification has it send on. Every other request is answered with
what its headers say.
"""

import ipaddress
import json
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TextIO
from urllib.parse import SplitResult, urlsplit

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.model.cells import printable
from otx.otlp.address import Address, bind, cannot_listen
from otx.output import Output, Painter, Remarks, to_json
from otx.propagation.conformance.participant import own_context, sent_on
from otx.propagation.decoding import decode_headers
from otx.propagation.document import decoded_document
from otx.propagation.formats import server_timing
from otx.propagation.model import Decoded, Level, SpanContext
from otx.propagation.report.page import page
from otx.services.context_check.client import NoAnswer, NotReached, TooSlow, request
from otx.services.context_check.server import Reply, Request, Server
from otx.system.stop import StopSignal

MAX_CALLS = 16
"""That one request may ask for."""
CALL_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class EchoOptions:
    """Where to listen, the level of W3C Trace Context, and the form of what is told on stdout."""

    listen: str
    level: Level
    form: Literal["text", "json"]
    out: str


def run_echo(environment: Environment, options: EchoOptions) -> ExitCode:
    """Answer until Ctrl-C or TERM; each request is told in a line.

    Raises:
        UsageError: The address is none.
        MachineError: The address cannot be had.
    """
    address = Address.parse(options.listen)
    if address.path:
        raise UsageError("--echo takes HOST:PORT: a URL leads to no Unix socket")
    with StopSignal() as stop, Output(environment, options.out).stream() as stream:
        try:
            listener = bind(address)
        except OSError as error:
            raise cannot_listen(address, "--echo", error) from None
        echo = Echo(environment, options, stream, stop)
        with Server(listener, echo.answer) as server:
            Remarks(environment).note(f"ready {Address(*server.address)}")
            stop.wait()
    return ExitCode.DONE


class Echo:
    """Answers requests, on several threads at once."""

    def __init__(
        self, environment: Environment, options: EchoOptions, stream: TextIO, stop: StopSignal
    ) -> None:
        self._environment = environment
        self._options = options
        self._stream = stream
        self._stop = stop
        self._telling = threading.Lock()

    def answer(self, asked: Request) -> Reply:
        """Answer one request, and tell it."""
        level = self._options.level
        decoded = decode_headers(asked.headers, level)
        own = own_context(asked.headers, level, _random_id)
        orders = _orders(asked)
        if orders is None:
            status, content_type, body = self._mirrored(asked, decoded, own)
        else:
            content_type = "application/json"
            status, document = _obey(orders, asked.peer, own)
            body = to_json(document, indent=2) + "\n"
        self._tell(asked, decoded)
        return Reply(status, body, tuple(server_timing.encode(own)), content_type)

    def _mirrored(self, asked: Request, decoded: Decoded, own: SpanContext) -> tuple[int, str, str]:
        """What a request's headers say, as JSON where that is asked for."""
        sends = dict(sent_on(own, _random_id))
        if _wants_json(asked):
            document = {
                "method": asked.method,
                "path": asked.path,
                "context": decoded_document(decoded),
                "sends": sends,
            }
            return 200, "application/json", to_json(document, indent=2) + "\n"
        now_unix_s = self._environment.clock() // 1_000_000_000
        lines = page(decoded, Painter(wants_colour=False), now_unix_s)
        return 200, "text/plain; charset=utf-8", "\n".join(lines) + "\n"

    def _tell(self, asked: Request, decoded: Decoded) -> None:
        request_line = f"{asked.method} {asked.path}"
        if self._options.form == "json":
            line = to_json(decoded_document(decoded, request_line))
        else:
            context = decoded.context
            words = [
                request_line,
                decoded.format or "no trace context",
                "valid" if decoded.problem is None else decoded.problem.code,
                (context.trace_id or "") if context else "",
            ]
            line = printable("  ".join(filter(None, words if decoded.format else words[:2])))
        try:
            with self._telling:
                self._stream.write(line + "\n")
                self._stream.flush()
        except (OSError, ValueError):
            self._stop.ask()


def _random_id(digits: int) -> str:
    """Random hex digits that are not all zero."""
    made = secrets.token_hex(digits // 2)
    return made if made.strip("0") else made[:-1] + "1"


def _wants_json(asked: Request) -> bool:
    accepted = [value.lower() for name, value in asked.headers if name.lower() == "accept"]
    return any("json" in value for value in accepted)


def _orders(asked: Request) -> list[Mapping[str, Any]] | None:
    """The calls that a request asks for; None where it is no request of that kind."""
    if asked.method != "POST":
        return None
    try:
        document = json.loads(asked.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, list):
        return None
    are_calls = all(isinstance(one, dict) and isinstance(one.get("url"), str) for one in document)
    return document if are_calls else None


def _obey(
    orders: Sequence[Mapping[str, Any]], peer: str, own: SpanContext
) -> tuple[int, dict[str, Any]]:
    """Make the calls one after the other; a status, and what came of them."""
    if len(orders) > MAX_CALLS:
        return 400, {"error": f"{len(orders)} calls, at most {MAX_CALLS} are made"}
    results: list[dict[str, Any]] = []
    for order in orders:
        url = str(order["url"])
        parts = _allowed(url, peer)
        if parts is None:
            error = "only http addresses of who asks are called"
            return 403, {"error": error, "url": url, "calls": results}
        body = json.dumps(order.get("arguments", [])).encode()
        try:
            reply = request(parts, "POST", sent_on(own, _random_id), body, CALL_LIMIT_S)
        except (NotReached, NoAnswer, TooSlow) as failure:
            error = f"{type(failure).__name__}: {failure}"
            return 502, {"error": error, "url": url, "calls": results}
        results.append({"url": url, "status": reply.status})
    return 200, {"calls": results}


def _allowed(url: str, peer: str) -> SplitResult | None:
    """An address that may be called: one of the peer itself, as an address and no name.

    Whoever can reach this server could otherwise have it call what they cannot reach themselves.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        asker = _plain(peer)
        found = {
            _plain(str(place[0]))
            for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        }
    except (ValueError, OSError):
        return None
    if parts.scheme != "http" or not url.isascii() or any(ch.isspace() for ch in url):
        return None
    fitting = [one for one in found if one == asker or (one.is_loopback and asker.is_loopback)]
    if not fitting:
        return None
    return parts._replace(netloc=str(Address(str(fitting[0]), port)))


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; one of IPv4 that is written as one of IPv6 as what it is."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
