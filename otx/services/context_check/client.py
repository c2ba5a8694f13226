"""One HTTP request with headers exactly as they are: repeated, in any case, with their spaces."""

import http.client
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from otx.errors import UsageError
from otx.propagation.conformance.case import Pairs

MAX_ANSWER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, of its body at most 1 MiB."""

    status: int
    headers: Pairs
    body: str


class NotReached(Exception):
    """Nobody took the request: the connection was refused, or the name is not known."""


class NoAnswer(Exception):
    """The connection was made, and then nothing came that is an HTTP response."""


class TooSlow(Exception):
    """The time was over before the whole response had come."""


def parse_url(text: str) -> SplitResult:
    """A URL to check.

    Raises:
        UsageError: It is none of http or https with a host.
    """
    hint = "write it like http://127.0.0.1:8080/path"
    try:
        parts = urlsplit(text)
        has_place = parts.hostname and parts.port != 0
    except ValueError as error:
        raise UsageError(f"{text!r} is no URL: {error}", hint=hint) from None
    if parts.scheme not in ("http", "https") or not has_place:
        raise UsageError(f"{text!r} is no URL of http or https", hint=hint)
    if not text.isascii() or any(character.isspace() for character in text):
        raise UsageError(f"{text!r} has characters that a URL has escaped as %XX", hint=hint)
    return parts


def request(
    parts: SplitResult, method: str, headers: Iterable[tuple[str, str]], body: bytes, limit_s: float
) -> Answer:
    """Send one request on a connection of its own, and take the answer.

    Args:
        parts: Where to.
        method: `GET`, `POST`.
        headers: Sent as they are, behind Host and the body's length.
        body: Empty for none.
        limit_s: Seconds for all of it.

    Raises:
        NotReached: There is no connection.
        NoAnswer: There is no response.
        TooSlow: The time is over.
    """
    connection = _connection(parts, limit_s)
    try:
        connection.connect()
    except TimeoutError as error:
        raise TooSlow("no connection") from error
    except OSError as error:
        raise NotReached(error.strerror or str(error)) from error
    is_late = threading.Event()
    # A timeout of the socket is one of each read: a peer that sends a byte now and then would
    # never meet it.
    watch = threading.Timer(limit_s, _cut, (connection.sock, is_late))
    watch.daemon = True
    watch.start()
    try:
        answer = _exchange(connection, parts, method, headers, body)
    except (OSError, http.client.HTTPException) as error:
        if is_late.is_set() or isinstance(error, TimeoutError):
            raise TooSlow("no answer") from error
        raise NoAnswer(f"{type(error).__name__}: {error}".rstrip(": ")) from error
    finally:
        watch.cancel()
        connection.close()
    if is_late.is_set():
        # To the parser a connection that was cut looks like the end of the response.
        raise TooSlow("no whole answer")
    return answer


def _connection(parts: SplitResult, limit_s: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=limit_s)
    return http.client.HTTPConnection(host, parts.port, timeout=limit_s)


def _cut(connected: socket.socket, is_late: threading.Event) -> None:
    is_late.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _exchange(
    connection: http.client.HTTPConnection,
    parts: SplitResult,
    method: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
) -> Answer:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.putrequest(method, target, skip_accept_encoding=True)
    connection.putheader("Accept", "application/json, */*;q=0.5")
    connection.putheader("Connection", "close")
    if body:
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
    for name, value in headers:
        connection.putheader(name, value.encode())
    connection.endheaders(body or None)
    response = connection.getresponse()
    data = response.read(MAX_ANSWER_BYTES)
    pairs = tuple(response.getheaders())
    return Answer(response.status, pairs, data.decode("utf-8", "replace"))
