"""HTTP of the shop: a server that opens a SERVER span a request, a client that opens CLIENT spans.

Trace context goes along in W3C headers, as any instrumentation library would send it.
"""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from opentelemetry.propagate import extract, inject
from opentelemetry.trace import SpanKind, StatusCode

from otx.services.shop.telemetry import Telemetry

Handler: TypeAlias = Callable[[str], Any]
"""Takes what follows the route's prefix in the path; returns what is sent as JSON."""

CLIENT_TIMEOUT_S = 10


class RequestFailed(Exception):
    """A request that is answered with an HTTP error status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Route:
    """A path prefix, the name it has in spans (`http.route`), and what answers it."""

    prefix: str
    name: str
    handler: Handler


def serve(
    listener: socket, telemetry: Telemetry, routes: Mapping[str, Route]
) -> ThreadingHTTPServer:
    """A server on a socket that listens already; the caller runs and closes it.

    Args:
        routes: By method and prefix, such as `"POST /checkout"`.
    """

    class RequestHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Requests are spans here; stderr stays quiet."""

        def _answer(self) -> None:
            route, rest = _match(routes, self.command, self.path)
            status, document = _handle(
                telemetry,
                self.command,
                route,
                rest,
                {k.lower(): v for k, v in self.headers.items()},
            )
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(listener.getsockname(), RequestHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    return server


def _match(routes: Mapping[str, Route], method: str, path: str) -> tuple[Route, str]:
    for route in routes.values():
        if path.startswith(route.prefix):
            return route, path[len(route.prefix) :]
    return Route(path, path, _not_found), path


def _not_found(path: str) -> Any:
    raise RequestFailed(404, f"no such path: {path}")


def _handle(
    telemetry: Telemetry, method: str, route: Route, rest: str, headers: Mapping[str, str]
) -> tuple[int, Any]:
    """Run a handler inside a SERVER span; the status and the document to answer with."""
    started_s = time.perf_counter()
    attributes = {"http.request.method": method, "http.route": route.name}
    with telemetry.tracer.start_as_current_span(
        f"{method} {route.name}",
        context=extract(headers),
        kind=SpanKind.SERVER,
        attributes=attributes,
        set_status_on_exception=False,
        record_exception=False,
    ) as span:
        try:
            status, document = 200, route.handler(rest)
        except RequestFailed as failure:
            status, document = failure.status, {"error": failure.reason}
            if status >= 500:
                span.set_status(StatusCode.ERROR, failure.reason)
        span.set_attribute("http.response.status_code", status)
    telemetry.request_duration.record(
        time.perf_counter() - started_s,
        attributes={**attributes, "http.response.status_code": status},
    )
    return status, document


def call(telemetry: Telemetry, method: str, url: str) -> Any:
    """Make a request inside a CLIENT span; the decoded answer.

    Raises:
        RequestFailed: The answer has an error status, or there is none.
    """
    parts = urlsplit(url)
    with telemetry.tracer.start_as_current_span(
        method,
        kind=SpanKind.CLIENT,
        attributes={
            "http.request.method": method,
            "url.full": url,
            "server.address": parts.hostname or "",
            "server.port": parts.port or 80,
        },
        record_exception=False,
    ) as span:
        headers = {"Content-Length": "0"} if method == "POST" else {}
        inject(headers)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=CLIENT_TIMEOUT_S
        )
        try:
            connection.request(method, parts.path, headers=headers)
            response = connection.getresponse()
            document = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise RequestFailed(503, f"{parts.netloc} does not answer: {error}") from error
        finally:
            connection.close()
        span.set_attribute("http.response.status_code", response.status)
        if response.status >= 400:
            raise RequestFailed(response.status, str(document.get("error", "")))
        return document
