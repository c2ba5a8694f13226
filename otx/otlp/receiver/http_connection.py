"""One HTTP/1.1 connection: bytes in, requests to the intake, answers out in order.

A connection has one request in hand: while it is decoded and made durable nothing more is read,
so what a client can make us hold is one body, one read and the answers to what it pipelined in
that read. Every state has a deadline, which the server's sweep looks at, so that a client that
goes slow or silent costs a connection for a bounded time (RFC 9112, 9.5).
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import httptools

from otx.otlp.compression import decompress, too_large
from otx.otlp.decode import Encoding, Request, decode_request
from otx.otlp.encode import encode_response
from otx.otlp.receiver import loop
from otx.otlp.receiver.cors import is_preflight
from otx.otlp.receiver.door import UNIX_CLIENT, Door
from otx.otlp.receiver.http_request import (
    Head,
    answer_encoding,
    head_of,
    is_ping,
    path_of,
    read_head,
    write_pong,
    write_preflight,
    write_refusal,
    write_success,
)
from otx.otlp.receiver.intake import Intake
from otx.otlp.refusal import Reason, Refusal, as_refusal

MAX_CONNECTIONS = 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HTTP2_PREFACE = b"PRI * HTTP/2.0"
_TLS_HANDSHAKE = b"\x16\x03"


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What a client may cost. Sizes in bytes, times in seconds.

    Attributes:
        request_bytes: The largest body, also after decompression.
        held_bytes: All bodies together that are read but not acknowledged.
        head_bytes: Request line and headers.
        connections: Open at once.
        head_s: Until a request's head is complete, and what a body has at least.
        body_bytes_per_s: How fast a body has to come on average, beyond `head_s`.
        idle_s: Between two requests.
        linger_s: For the rest of a body that is refused to be thrown away.
    """

    request_bytes: int = 64 << 20
    held_bytes: int = 512 << 20
    head_bytes: int = 64 << 10
    connections: int = MAX_CONNECTIONS
    head_s: float = 30.0
    body_bytes_per_s: int = 8 << 10
    idle_s: float = 60.0
    linger_s: float = 5.0


class Host(Protocol):
    """What a connection needs of its server."""

    limits: HttpLimits
    intake: Intake
    door: Door

    def now_s(self) -> float:
        """Time that only goes forward."""

    def hold(self, size: int) -> bool:
        """Account for bytes of a body; False when all bodies together are too large."""

    def release(self, size: int) -> None:
        """Give back what `hold` took."""

    def decode(
        self,
        body_size: int,
        is_slow: bool,
        work: Callable[[], "Future[None]"],
        then: Callable[["Future[None]"], None],
    ) -> None:
        """Run `work`, at once or on a thread, and `then` on the loop when its future is done."""

    def opened(self, connection: "HttpConnection") -> bool:
        """Register a connection; False when there are too many."""

    def closed(self, connection: "HttpConnection") -> None:
        """Forget a connection."""


@dataclass(slots=True)
class _Message:
    """The request that is being received."""

    started_s: float
    url: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    head: Head | None = None
    refusal: Refusal | None = None
    is_preflight: bool = False
    cors: str = ""
    parts: list[bytes] = field(default_factory=list)
    fed_bytes: int = 0
    head_bytes: int = 0
    body_bytes: int = 0
    head_is_complete: bool = False
    is_complete: bool = False


@dataclass(slots=True)
class _Answer:
    """A place in the order of answers, filled when the request is done.

    Attributes:
        is_bare: Whether its head alone is sent: what follows HEAD's would be the next answer's.
    """

    data: bytes | None = None
    is_last: bool = False
    cors: str = ""
    is_bare: bool = False


class HttpConnection(asyncio.Protocol):
    """The state of one connection. All methods run on the server's loop."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._answers: deque[_Answer] = deque()
        self._transport: asyncio.Transport | None = None
        self._client = UNIX_CLIENT
        self._is_fresh = True
        self._is_ended = False
        self._is_stuck = False
        self._held = 0
        self.deadline_s = math.inf
        self._message = _Message(host.now_s(), is_complete=True)
        self._parser = httptools.HttpRequestParser(self)

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is outstanding."""
        return bool(self._answers)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, or say that there are too many (asyncio)."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a server's always is
        self._transport = transport
        place = transport.get_extra_info("peername")
        self._client = place[0] if isinstance(place, tuple) else UNIX_CLIENT
        if not self._host.opened(self):
            self._refuse_and_end(Refusal(Reason.BUSY, "too many connections are open"))
        self._set_deadline()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget what was half received (asyncio)."""
        if not self._message.is_complete and not self._is_ended:
            self._host.intake.noticed("connections that ended in the middle of an HTTP request")
        self._transport = None
        self._release()
        self._host.closed(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client (asyncio)."""
        if self._is_ended:
            return
        if self._is_fresh and self._is_other_protocol(data):
            return
        self._is_fresh = False
        message = self._message
        self._feed(data)
        if message is self._message and not message.is_complete:
            # Part of a head that the parser keeps to itself until its line ends.
            message.fed_bytes += len(data)
        self._check_head()
        self._set_deadline()

    def eof_received(self) -> bool:
        """Let a client that will send no more still have its answers (asyncio)."""
        if not self._message.is_complete or not self._answers:
            return False
        self._answers[-1].is_last = True
        # Not over TLS, which ends in both directions at once.
        return self._transport is not None and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """The client does not read its answers (asyncio): read no more from it."""
        self._is_stuck = True
        self._set_deadline()

    def resume_writing(self) -> None:
        """The client reads again (asyncio)."""
        self._is_stuck = False
        self._flush()
        self._set_deadline()

    def expire(self) -> None:
        """The deadline has passed: answer a request that came too slowly, close the rest."""
        if self._transport is None:
            return
        if not self._message.is_complete and not self._is_ended and not self._answers:
            self._refuse_and_end(Refusal(Reason.TOO_SLOW, "the request came too slowly"))
        elif self._is_ended or self._is_stuck:
            self._transport.abort()
        else:
            self._transport.close()

    def finish(self) -> None:
        """Close once what is outstanding is answered; the server is ending."""
        if self._answers:
            self._answers[-1].is_last = True
        elif self._transport is not None:
            self._transport.close()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request starts."""
        self._message = _Message(self._host.now_s())

    def on_url(self, url: bytes) -> None:
        """Part of the request's target."""
        self._message.url += url
        self._message.head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._message.head_bytes += len(name) + len(value)
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers = self._message.headers
        # Codings on several lines are as on one (RFC 9110, 5.3), and all have been applied.
        is_more = key == "content-encoding" and key in headers
        headers[key] = f"{headers[key]}, {text}" if is_more else text

    def on_headers_complete(self) -> None:
        """Judge the head, before a body is sent if the client waits for that."""
        if self._is_ended:
            return
        message = self._message
        message.head_is_complete = True
        self._check_head()
        is_tunnel = self._parser.get_method() == b"CONNECT"
        if self._is_ended or (self._parser.should_upgrade() and not is_tunnel):
            return
        method = self._parser.get_method().decode("latin-1")
        path = path_of(message.url)
        waits = message.headers.get("expect", "").lower() == "100-continue"
        door, limit = self._host.door, self._host.limits.request_bytes
        message.cors = door.origins.headers(message.headers.get("origin", ""))
        try:
            if is_preflight(self._parser.get_method(), message.headers):
                message.cors = door.origins.preflight_headers(message.headers)
                message.is_preflight = True
                return
            head = read_head(method, path, message.headers, limit)
            authorization = message.headers.get("authorization", "")
            door.admit(self._client, authorization, message.headers.get(loop.HEADER, ""))
            message.head = head
        except Refusal as refusal:
            message.refusal = refusal
            if waits or is_tunnel or refusal.reason is Reason.TOO_LARGE:
                self._refuse_and_end(refusal)
            return
        if waits and not self._answers:
            self._write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        """Part of the body."""
        if self._is_ended:
            return
        self._message.body_bytes += len(part)
        if self._message.body_bytes > self._host.limits.request_bytes:
            self._refuse_and_end(too_large(self._host.limits.request_bytes))
        elif self._message.refusal is None:
            self._hold(part)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self._is_ended and self._parser.should_upgrade():
            return  # the head alone is: see _decline_upgrade
        self._message.is_complete = True
        if self._is_ended:
            return
        answer = _Answer(
            is_last=not self._parser.should_keep_alive(),
            cors=self._message.cors,
            is_bare=self._parser.get_method() == b"HEAD",
        )
        self._answers.append(answer)
        if is_ping(self._parser.get_method(), self._message.url):
            # Of whoever looks after this process: no request for telemetry, and none refused.
            answer.data = write_pong(keep_alive=not answer.is_last)
            self._flush()
        elif self._message.is_preflight:
            answer.data = write_preflight(answer.cors, keep_alive=not answer.is_last)
            self._flush()
        elif self._message.head is None:
            refusal = self._message.refusal or Refusal(
                Reason.UNDECODABLE, "the request has no head"
            )
            self._answer_refusal(answer, refusal)
        else:
            self._take(self._message.head, answer)

    def _check_head(self) -> None:
        """Refuse a head that is too large, complete or not."""
        message, limit = self._message, self._host.limits.head_bytes
        is_growing = not (message.head_is_complete or message.is_complete)
        is_too_large = message.head_bytes > limit or (is_growing and message.fed_bytes > limit)
        if is_too_large and not self._is_ended:
            self._refuse_and_end(Refusal(Reason.HEADERS_TOO_LARGE, "the head is too large"))

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if not self._is_ended:
                self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if not self._is_ended:
                self._refuse_and_end(Refusal(Reason.UNDECODABLE, f"this is no HTTP/1.1: {error}"))

    def _decline_upgrade(self, rest: bytes) -> None:
        """Go on as if nothing had been offered (RFC 9110, 7.8).

        The parser takes the head for the whole request then, so it is given the head once more,
        without the offer. Java's own client sends one with every first request.
        """
        message = self._message
        method = self._parser.get_method()
        kept = [
            f"{name}: {value}\r\n".encode("latin-1")
            for name, value in message.headers.items()
            if name not in ("upgrade", "connection", "http2-settings")
        ]
        version = self._parser.get_http_version().encode()
        head = b"%s %s HTTP/%s\r\n%s\r\n" % (method, message.url, version, b"".join(kept))
        self._parser = httptools.HttpRequestParser(self)
        self._feed(head + rest)

    def _is_other_protocol(self, data: bytes) -> bool:
        if data.startswith(_HTTP2_PREFACE):
            self._host.intake.noticed("connections that spoke HTTP/2 or gRPC to the HTTP port")
            # In HTTP/1.1, which gRPC clients recognise and back off from; after a polite HTTP/2
            # GOAWAY they reconnect at once, hundreds of times a second.
            text = "this port takes OTLP over HTTP/1.1; gRPC is taken at the --grpc port"
            refusal = Refusal(Reason.UNDECODABLE, text)
            self._end(write_refusal(refusal, "json", keep_alive=False))
        elif data.startswith(_TLS_HANDSHAKE):
            self._host.intake.noticed("connections that spoke TLS to the plain HTTP port")
            self._end(b"")
        else:
            return False
        self._set_deadline()
        return True

    def _hold(self, part: bytes) -> None:
        if not self._host.hold(len(part)):
            self._refuse_and_end(
                Refusal(Reason.TOO_MUCH_AT_ONCE, "too much is being received at once")
            )
            return
        self._held += len(part)
        self._message.parts.append(part)

    def _release(self) -> None:
        self._host.release(self._held)
        self._held = 0
        self._message.parts = []

    def _take(self, head: Head, answer: _Answer) -> None:
        """Decode the body and hand it to the intake; `answer` is filled when it is durable."""
        body = (
            self._message.parts[0]
            if len(self._message.parts) == 1
            else b"".join(self._message.parts)
        )
        self._message.parts = []
        held, self._held = self._held, 0
        limit = self._host.limits.request_bytes
        request: Request | None = None

        def work() -> "Future[None]":
            nonlocal request
            plain = decompress(body, head.content_encoding, limit)
            request = decode_request(head.signal, plain, head.encoding)
            return self._host.intake.accept(request)

        def done(kept: "Future[None]") -> None:
            self._host.release(held)
            error = kept.exception()
            if error is None and request is not None:
                content = encode_response(request, head.encoding)
                alive = not answer.is_last
                answer.data = write_success(
                    content, head.encoding, keep_alive=alive, extra=answer.cors
                )
                self._flush()
            else:
                self._answer_refusal(answer, as_refusal(error), head.encoding)
            self._set_deadline()

        is_slow = head.encoding == "json" or head.content_encoding != ""
        self._host.decode(len(body), is_slow, work, done)
        if answer.data is None and self._transport is not None:
            self._transport.pause_reading()

    def _answer_refusal(
        self, answer: _Answer, refusal: Refusal, encoding: Encoding | None = None
    ) -> None:
        self._host.intake.refused(refusal)
        encoding = encoding or answer_encoding(self._message.headers)
        answer.data = write_refusal(
            refusal, encoding, keep_alive=not answer.is_last, extra=answer.cors
        )
        self._flush()

    def _refuse_and_end(self, refusal: Refusal) -> None:
        """Refuse a request whose body is not wanted, and let no other follow."""
        self._host.intake.refused(refusal)
        encoding = answer_encoding(self._message.headers)
        cors = self._message.cors
        self._end(write_refusal(refusal, encoding, keep_alive=False, extra=cors))

    def _end(self, last_words: bytes) -> None:
        """Answer and stop listening.

        The rest of what the client sends is thrown away for a while: closing at once would reset
        the connection and take the answer with it.
        """
        self._is_ended = True
        self._release()
        self._answers.append(_Answer(last_words, is_last=True))
        self._flush()

    def _flush(self) -> None:
        """Write the answers that are next in order."""
        while self._answers and (data := self._answers[0].data) is not None:
            answer = self._answers.popleft()
            self._write(head_of(data) if answer.is_bare else data)
            if answer.is_last:
                self._close_after_answer()
                return
        if not self._answers and not self._is_stuck and self._transport is not None:
            self._transport.resume_reading()

    def _close_after_answer(self) -> None:
        self._answers.clear()
        if self._transport is None:
            return
        if self._is_ended:
            # TLS cannot end one direction: there the client, which was told, closes.
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._is_ended = True
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _set_deadline(self) -> None:
        limits, now = self._host.limits, self._host.now_s()
        if self._is_ended:
            self.deadline_s = min(self.deadline_s, now + limits.linger_s)
        elif self._is_stuck:
            self.deadline_s = now + limits.head_s
        elif self._answers:
            self.deadline_s = math.inf
        elif not self._message.is_complete:
            earned = self._message.body_bytes / limits.body_bytes_per_s
            self.deadline_s = self._message.started_s + limits.head_s + earned
        else:
            self.deadline_s = now + limits.idle_s
