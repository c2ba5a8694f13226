"""Fake clients: one WebSocket or a row of HTTP requests, byte for byte as a check wants them."""

import gzip
import http.client
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Protocol

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from otx.errors import PeerError
from otx.opamp.framing import Limits, Malformed, decode, decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.services.opamp_conform.outcome import Failed, Passage
from otx.services.opamp_conform.target import Target

_ANY_SIZE = Limits(message_bytes=1 << 31, depth=1000)
PROTOBUF = "application/x-protobuf"


class Refused(Exception):
    """An HTTP status that is not 200, or a WebSocket's close code."""

    def __init__(self, code: int, said: str = "") -> None:
        super().__init__(f"{code} {said}".strip())
        self.code = code


class Silence(Exception):
    """Nothing came in time."""

    def __init__(self) -> None:
        super().__init__("nothing came in time")


class Line(Protocol):
    """A way to one server, and what went over it."""

    passages: list[Passage]

    def ask(self, report: AgentToServer) -> ServerToAgent:
        """Send a report; the next message.

        Raises:
            Refused, Silence: There is none.
            Failed: It is no message.
        """

    def ask_bytes(self, body: bytes, note: str = "") -> ServerToAgent:
        """As `ask`, with a body that need be no message."""

    def close(self) -> None:
        """Hang up."""


class SocketLine:
    """One WebSocket.

    Raises:
        Refused: The opening is answered with another status than 101.
        PeerError: Nobody answers.
    """

    def __init__(
        self,
        target: Target,
        passages: list[Passage],
        headers: Mapping[str, str] | None = None,
        deflate: bool = False,
    ) -> None:
        self.passages = passages
        self._timeout_s = target.timeout_s
        self._opened = ExitStack()
        try:
            opening = connect(
                target.websocket_url,
                additional_headers=dict(target.headers if headers is None else headers),
                ssl=target.tls(),
                compression="deflate" if deflate else None,
                max_size=None,
                open_timeout=target.timeout_s,
                close_timeout=1,
                ping_interval=None,
                proxy=None,
            )
            self.socket: ClientConnection = self._opened.enter_context(opening)
        except InvalidStatus as error:
            raise Refused(error.response.status_code) from None
        except (OSError, InvalidHandshake) as error:
            raise PeerError(f"no WebSocket at {target.websocket_url}: {error}") from None

    @property
    def is_deflated(self) -> bool:
        """Whether the server agreed to compress."""
        return bool(self.socket.protocol.extensions)

    def ask(self, report: AgentToServer) -> ServerToAgent:
        """Send a report; the next message."""
        self.send(report)
        return self.hear()

    def ask_bytes(self, body: bytes, note: str = "") -> ServerToAgent:
        """As `ask`; the header is put before the body."""
        self.send_bytes(b"\0" + body, note)
        return self.hear()

    def send(self, report: AgentToServer) -> None:
        """Send a report and wait for nothing."""
        self._send(frame(report), report, "")

    def send_bytes(self, data: bytes, note: str = "") -> None:
        """Send one binary message, header and all."""
        self._send(data, None, note)

    def hear(self, timeout_s: float | None = None) -> ServerToAgent:
        """The next message."""
        data = self.hear_bytes(timeout_s)
        try:
            message = decode_frame(ServerToAgent, data, _ANY_SIZE)
        except Malformed as error:
            raise Failed(f"what the server sent is no message: {error.reason}") from None
        self.passages[-1] = Passage("received", data, message, time.monotonic())
        return message

    def hear_bytes(self, timeout_s: float | None = None) -> bytes:
        """The next message as it came."""
        try:
            data = self.socket.recv(self._timeout_s if timeout_s is None else timeout_s)
        except TimeoutError:
            raise Silence from None
        except ConnectionClosed as error:
            raise _refused(error) from None
        raw = data.encode() if isinstance(data, str) else data
        note = "a text message" if isinstance(data, str) else ""
        self.passages.append(Passage("received", raw, None, time.monotonic(), note))
        if note:
            raise Failed("the server sent a text message, not a binary one")
        return raw

    def close(self) -> None:
        """Hang up."""
        self._opened.close()

    def _send(self, data: bytes, report: AgentToServer | None, note: str) -> None:
        self.passages.append(Passage("sent", data, report, time.monotonic(), note))
        try:
            self.socket.send(data)
        except ConnectionClosed as error:
            raise _refused(error) from None


@dataclass
class Response:
    """An HTTP answer: header names are in lower case, the body as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpLine:
    """A row of requests, each on a connection of its own."""

    target: Target
    passages: list[Passage]
    headers: Mapping[str, str] | None = None
    more: dict[str, str] = field(default_factory=dict)

    def ask(self, report: AgentToServer) -> ServerToAgent:
        """Send a report; the message of the answer."""
        return self.message(self.post(report.SerializeToString(), report))

    def ask_bytes(self, body: bytes, note: str = "") -> ServerToAgent:
        """As `ask`, with a body that need be no message."""
        return self.message(self.post(body, note=note))

    def post(
        self,
        body: bytes,
        report: AgentToServer | None = None,
        headers: Mapping[str, str] | None = None,
        note: str = "",
    ) -> Response:
        """One request and its answer, whatever it is."""
        target = self.target
        own = target.headers if self.headers is None else self.headers
        given = {"Content-Type": PROTOBUF, **own, **self.more, **(headers or {})}
        self.passages.append(Passage("sent", body, report, time.monotonic(), note))
        try:
            with closing(self._connection()) as connection:
                connection.request("POST", target.path, body, given)
                answer = connection.getresponse()
                found = Response(
                    answer.status,
                    {name.lower(): value for name, value in answer.getheaders()},
                    answer.read(),
                )
        except TimeoutError:
            raise Silence from None
        except (OSError, http.client.HTTPException) as error:
            raise Refused(0, f"the connection broke: {error}") from None
        self.passages.append(
            Passage("received", found.body, None, time.monotonic(), f"status {found.status}")
        )
        return found

    def close(self) -> None:
        """Nothing is open."""

    def _connection(self) -> http.client.HTTPConnection:
        target = self.target
        host = target.host.strip("[]")
        if context := target.tls():
            return http.client.HTTPSConnection(
                host, target.port, timeout=target.timeout_s, context=context
            )
        return http.client.HTTPConnection(host, target.port, timeout=target.timeout_s)

    def message(self, response: Response) -> ServerToAgent:
        """The message of a response.

        Raises:
            Refused: Its status is another than 200.
            Failed: It is no message.
        """
        if response.status != 200:
            raise Refused(response.status)
        body = plain_body(response)
        try:
            message = decode(ServerToAgent, body, _ANY_SIZE)
        except Malformed as error:
            raise Failed(f"what the server answered is no message: {error.reason}") from None
        self.passages[-1] = Passage("received", body, message, time.monotonic())
        return message


def plain_body(response: Response) -> bytes:
    """The body without compression.

    Raises:
        Failed: It is not what its header says.
    """
    if response.headers.get("content-encoding", "identity") != "gzip":
        return response.body
    try:
        return gzip.decompress(response.body)
    except (OSError, EOFError) as error:
        raise Failed(f"the answer says gzip and is none: {error}") from None


def _refused(error: ConnectionClosed) -> Refused:
    return Refused(error.rcvd.code if error.rcvd else 1006, "the connection is closed")
