"""A small HTTP server in threads, with a bound on everything that a peer can make it hold."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from otx.propagation.conformance.case import Pairs

MAX_BODY_BYTES = 1 << 20
MAX_CONNECTIONS = 64
"""At once; one more is closed as it comes."""
READ_TIMEOUT_S = 10.0
_MAX_CHUNK_LINE = 1 << 10


@dataclass(frozen=True, slots=True)
class Request:
    """A request: its headers as they came, the start of the peer's address, a body of 1 MiB."""

    method: str
    path: str
    headers: Pairs
    body: bytes
    peer: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with."""

    status: int
    body: str
    headers: Pairs = ()
    content_type: str = "application/json"


class Server:
    """Serves until it is closed; a context.

    Attributes:
        address: Host and port that it listens on.
    """

    def __init__(self, listener: socket.socket, answer: Callable[[Request], Reply]) -> None:
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._server = _Bounded(listener, _handler(answer))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="http", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Bounded(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(listener.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread, or close the connection where there are too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Peers that hang up are no event here."""


def _handler(answer: Callable[[Request], Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = READ_TIMEOUT_S

        def do_GET(self) -> None:
            body = _body(self)
            if body is None:
                self.send_error(413)
                return
            pairs = tuple((name, str(value)) for name, value in self.headers.items())
            request = Request(self.command, self.path, pairs, body, self.client_address[0])
            self._send(answer(request))

        do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Requests are told by who serves them."""

        def _send(self, reply: Reply) -> None:
            body = reply.body.encode()
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(body)))
            # One request a connection: none is left waiting when the server ends.
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler


def _body(handler: BaseHTTPRequestHandler) -> bytes | None:
    """The whole body, None where it is longer than 1 MiB or of no length that can be read.

    It is read even where nobody needs it: closing before would reset the connection under the
    answer.
    """
    if handler.headers.get("Transfer-Encoding", "").lower().endswith("chunked"):
        return _chunks(handler)
    length = handler.headers.get("Content-Length", "0").strip()
    if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return None
    return handler.rfile.read(int(length))


def _chunks(handler: BaseHTTPRequestHandler) -> bytes | None:
    body = b""
    while True:
        size_text = handler.rfile.readline(_MAX_CHUNK_LINE).partition(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError:
            return None
        if size < 0 or len(body) + size > MAX_BODY_BYTES:
            return None
        if size == 0:
            break
        body += handler.rfile.read(size)
        handler.rfile.readline(_MAX_CHUNK_LINE)
    while handler.rfile.readline(_MAX_CHUNK_LINE).strip():
        pass
    return body
