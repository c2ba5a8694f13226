"""OTLP over HTTP/1.1, with a connection that is kept."""

import http.client
import select
import socket
from dataclasses import replace
from email.utils import parsedate_to_datetime
from time import time
from typing import Self
from urllib.parse import SplitResult, urlsplit

from google.protobuf.message import DecodeError

from otx import __version__
from otx.model.signal import Signal
from otx.otlp.compression import compress
from otx.otlp.decode import parse_protobuf
from otx.otlp.encode import to_json
from otx.otlp.exporter.client import (
    MAX_RESPONSE_BYTES,
    MOST_TIMEOUT_S,
    NO_ADDRESS,
    Outcome,
    Reply,
    accepted,
    one_line,
)
from otx.otlp.exporter.endpoint import Endpoint
from otx.otlp.exporter.tls import client_context
from otx.otlp.wire import JSON, PROTOBUF, WIRE

_RETRYABLE = {429, 502, 503, 504}
"""OTLP specification, "Retryable Response Codes"."""


class HttpClient:
    """A connection to one URL (`otx.otlp.exporter.client.Client`)."""

    def __init__(self, endpoint: Endpoint, compression: str = "none") -> None:
        parts = urlsplit(endpoint.target)
        # "" is the standard path of the signal that is sent.
        self._path = "" if parts.scheme == "unix" else _path_and_query(parts)
        self._is_json = endpoint.protocol == "http/json"
        self._compression = compression
        self._headers = {
            "Content-Type": JSON if self._is_json else PROTOBUF,
            "User-Agent": f"otx/{__version__}",
            **endpoint.headers,
        }
        if compression != "none":
            self._headers["Content-Encoding"] = compression
        self._connection = _connection(endpoint)
        if endpoint.proxy and not endpoint.is_secure:
            self._path = endpoint.target  # a proxy is told the whole URL (RFC 9112, 3.2.2)
            self._headers["Host"] = parts.netloc.rpartition("@")[2]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def prepare(self, signal: Signal, body: bytes) -> bytes:
        """The body in the encoding that is spoken, compressed."""
        content = to_json(parse_protobuf(signal, body)) if self._is_json else body
        return compress(content, self._compression)

    def send(self, signal: Signal, body: bytes, timeout_s: float) -> Reply:
        """Encode and send one request."""
        return self.post(signal, self.prepare(signal, body), timeout_s)

    def post(self, signal: Signal, content: bytes, timeout_s: float) -> Reply:
        """Send one request."""
        timeout_s = min(timeout_s, MOST_TIMEOUT_S)
        self._connection.timeout = timeout_s
        if self._connection.sock is not None:
            if _was_closed(self._connection.sock):
                self._connection.close()  # the next request opens another
            else:
                self._connection.sock.settimeout(timeout_s)
        try:
            path = self._path or WIRE[signal].path
            self._connection.request("POST", path, content, self._headers)
            response = self._connection.getresponse()
            answer = response.read(MAX_RESPONSE_BYTES + 1)
        except http.client.BadStatusLine as error:
            self._connection.close()
            return Reply(Outcome.UNREACHABLE, message=_no_http(error))
        except socket.gaierror as error:
            self._connection.close()
            text = f"{self._connection.host} {NO_ADDRESS}: {error.strerror}"
            return Reply(Outcome.UNREACHABLE, message=text)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Reply(Outcome.UNREACHABLE, message=str(error) or type(error).__name__)
        if len(answer) > MAX_RESPONSE_BYTES:
            self._connection.close()
            return Reply(Outcome.REFUSED, message="the answer is larger than 4 MiB")
        return self._read(signal, response, answer)

    def _read(self, signal: Signal, response: http.client.HTTPResponse, answer: bytes) -> Reply:
        if 200 <= response.status < 300:
            is_json = self._is_json_answer(response)
            try:
                reply = accepted(signal, _to_protobuf(signal, answer) if is_json else answer)
            except (DecodeError, ValueError):
                return Reply(Outcome.REFUSED, message="the answer is no OTLP response")
            return reply if response.status == 200 else _as_told(reply, response)
        message = _status_text(response, _said(answer, self._is_json))
        if response.status in _RETRYABLE:
            after_s = _retry_after_s(response.headers.get("Retry-After", ""))
            return Reply(Outcome.RETRY, message=message, retry_after_s=after_s)
        return Reply(Outcome.REFUSED, message=message)

    def _is_json_answer(self, response: http.client.HTTPResponse) -> bool:
        """Whether an answer says that it is JSON; what says nothing is as the request was.

        It has to be of the request's type, but gateways have their own (and SDKs do not mind).
        """
        says = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return says == JSON or (self._is_json and says != PROTOBUF)


def _to_protobuf(signal: Signal, answer: bytes) -> bytes:
    """An answer in JSON as protobuf.

    Raises:
        ValueError: It is none.
    """
    if not answer:
        return answer
    from collections import Counter

    import orjson

    from otx.otlp.json_codec import read_message

    response = WIRE[signal].response_class()
    read_message(response, orjson.loads(answer), Counter())
    return response.SerializeToString()


def _as_told(reply: Reply, response: http.client.HTTPResponse) -> Reply:
    """What is accepted with another status than 200, which OTLP has for it, and a note of that."""
    told = f"HTTP {response.status} {response.reason} instead of 200"
    return replace(reply, message=one_line(f"{told}: {reply.message}" if reply.message else told))


class _UnixConnection(http.client.HTTPConnection):
    """A connection to `unix:PATH`; the host that servers are told is the local one."""

    def __init__(self, target: str) -> None:
        super().__init__("localhost")
        self._socket_path = target.removeprefix("unix:")

    def connect(self) -> None:
        """Connect to the socket instead of the host (http.client)."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(self.timeout)
        try:
            made.connect(self._socket_path)
        except BaseException:
            made.close()
            raise
        self.sock = made


def _path_and_query(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _was_closed(idle: socket.socket) -> bool:
    """Whether the other side closed a connection while nothing was asked of it.

    Servers do after a while; a request sent into it would be lost, and look like their failure.
    """
    looked = select.poll()
    looked.register(idle, select.POLLIN)
    return bool(looked.poll(0))


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    """A connection that is not made yet, through the proxy where there is one."""
    if endpoint.target.startswith("unix:"):
        return _UnixConnection(endpoint.target)
    parts = urlsplit(endpoint.target)
    host = parts.hostname or "localhost"
    through = urlsplit(endpoint.proxy)
    proxy = through.hostname or ""
    if not endpoint.is_secure:
        at = (proxy, through.port or 80) if proxy else (host, parts.port)
        return http.client.HTTPConnection(*at)
    context = client_context(endpoint)
    if not proxy:
        return http.client.HTTPSConnection(host, parts.port, context=context)
    connection = http.client.HTTPSConnection(proxy, through.port or 80, context=context)
    connection.set_tunnel(host, parts.port or 443)
    return connection


def _no_http(error: http.client.BadStatusLine) -> str:
    """What to say of an answer that is no HTTP/1.1; an HTTP/2 server starts with SETTINGS."""
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    line = str(error)
    if not line.startswith("HTTP/") and "\x04" in line[:6]:
        return "the answer is HTTP/2, as of a gRPC port"
    return "no HTTP"


def _status_text(response: http.client.HTTPResponse, said: str) -> str:
    """A status, where it leads to if it says so (RFC 9110, 15.4), and what was said with it."""
    status = f"HTTP {response.status} {response.reason}".rstrip()
    place = response.headers.get("Location", "")
    if place and 300 <= response.status < 400:
        status += f" to {place}"
    return one_line(f"{status}: {said}" if said.strip() else status)


def _said(answer: bytes, is_json: bool) -> str:
    """The message of a `google.rpc.Status`, or the start of whatever else came."""
    text = answer[:300].decode("utf-8", "replace").strip()
    if is_json or not answer:
        return text
    from google.rpc.status_pb2 import Status  # 2 ms, and only on errors

    try:
        return str(Status.FromString(answer).message) or text
    except DecodeError:
        return text


def _retry_after_s(text: str) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return None
