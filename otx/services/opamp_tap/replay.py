"""A record played to a live server, in the place of its agents, and compared with what comes back.

One step after the other: a report is sent, and each message that the recorded server sent is waited
for. A live server that says something else, more or less is told, with the line of the record.
"""

import re
import ssl
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from otx.errors import PeerError
from otx.opamp.framing import Malformed, decode, decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.transport.endpoint import Endpoint
from otx.services.opamp_serve.polling import CONTENT_TYPE
from otx.services.opamp_tap.comparing import differences
from otx.services.opamp_tap.link import why_gone
from otx.services.opamp_tap.observer import Conversation, Observer
from otx.services.opamp_tap.rewriting import Rewriter
from otx.services.opamp_tap.script import Deed, Step

_WS_SCHEME = re.compile("^http")
"""The same server by WebSocket: https becomes wss."""
_HTTP_SCHEME = re.compile("^ws")
OPEN_S = 15.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was otherwise than on the record."""

    line: int
    connection: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


@dataclass(slots=True)
class Played:
    """How a replay went."""

    steps: int = 0
    reports: int = 0
    answers: int = 0
    differences: list[Difference] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)

    @property
    def faults(self) -> set[str]:
        """What is wrong, without lines and values, to be compared with another replay."""
        kinds = {one.what.partition(":")[0] for one in self.differences}
        return kinds | {f"rule {number}" for number in self.broken}


class AgentPlayer:
    """Plays the agents of a record to a server."""

    def __init__(
        self,
        endpoint: Endpoint,
        rewriter: Rewriter,
        observer: Observer,
        clock: Callable[[], int],
        timeout_s: float,
    ) -> None:
        self._endpoint = endpoint
        self._rewriter = rewriter
        self._observer = observer
        self._clock = clock
        self._timeout_s = timeout_s
        self._lines: dict[int, _Line] = {}
        self.played = Played()

    def play(self, steps: Iterable[Step]) -> Played:
        """Play all steps.

        Raises:
            PeerError: The server cannot be reached.
        """
        try:
            for step in steps:
                self._line(step).play(step)
                self.played.steps += 1
            for line in self._lines.values():
                line.expect_no_more()
        finally:
            for line in self._lines.values():
                line.close()
        self.played.broken = {number for number, side in self._observer.summary.broken}
        return self.played

    def _line(self, step: Step) -> "_Line":
        if step.connection not in self._lines:
            conversation = self._observer.conversation(step.connection)
            kind = _HttpLine if step.is_http else _SocketLine
            self._lines[step.connection] = kind(
                self._endpoint,
                self._rewriter,
                conversation,
                self._clock,
                self._timeout_s,
                self.played,
            )
        return self._lines[step.connection]


class _Line:
    """One connection."""

    def __init__(
        self,
        endpoint: Endpoint,
        rewriter: Rewriter,
        conversation: Conversation,
        clock: Callable[[], int],
        timeout_s: float,
        played: Played,
    ) -> None:
        self._endpoint = endpoint
        self._rewriter = rewriter
        self._conversation = conversation
        self._clock = clock
        self._timeout_s = timeout_s
        self._played = played

    def play(self, step: Step) -> None:
        """Carry a step out."""
        if step.side is Side.CLIENT and step.deed is Deed.SAY:
            for _ in range(step.copies):
                self._say(step)
                self._played.reports += 1
        elif step.side is Side.CLIENT:
            self.close(step.status or 1000)
        elif step.deed in (Deed.SAY, Deed.REFUSE):
            self._hear(step)
        else:
            self._hear_end(step)

    def _say(self, step: Step) -> None:
        raise NotImplementedError

    def _hear(self, step: Step) -> None:
        raise NotImplementedError

    def _hear_end(self, step: Step) -> None:
        """Wait until the server ends the connection."""

    def expect_no_more(self) -> None:
        """Tell of messages that are not on the record."""

    def close(self, code: int = 1000) -> None:
        """End the connection."""

    def _bytes(self, step: Step) -> bytes:
        if isinstance(step.message, AgentToServer):
            report = self._rewriter.report(step.message)
            return report.SerializeToString() if step.is_http else frame(report)
        return step.data

    def _compare(self, step: Step, live: ServerToAgent) -> None:
        self._played.answers += 1
        if not isinstance(step.message, ServerToAgent):
            self._differs(step, "the recorded message cannot be read, the live one can")
            return
        for what in differences(step.message, live):
            self._differs(step, what)
        expected = step.message.instance_uid
        if expected and self._rewriter.uid(expected) != live.instance_uid:
            self._differs(step, "instance_uid is of another agent")
        self._rewriter.learn(step.message, live)

    def _differs(self, step: Step, what: str) -> None:
        self._played.differences.append(Difference(step.line, step.connection, what))


class _SocketLine(_Line):
    """A WebSocket."""

    def __init__(self, *line: Any) -> None:
        super().__init__(*line)
        self._opened = ExitStack()
        self._socket: ClientConnection | None = None
        self._status = 0
        self._last = 0

    def _say(self, step: Step) -> None:
        socket = self._open(step)
        if socket is None:
            return
        data = self._bytes(step)
        self._last = step.line
        self._conversation.message(self._clock(), Side.CLIENT, data, step.is_text)
        try:
            socket.send(data, text=step.is_text)
        except ConnectionClosed:
            self._differs(step, "the server has ended the connection before this report")

    def _open(self, step: Step) -> ClientConnection | None:
        if self._socket is not None or self._status:
            return self._socket
        endpoint = self._endpoint
        try:
            opening = connect(
                _WS_SCHEME.sub("ws", endpoint.url),
                additional_headers=endpoint.headers,
                ssl=endpoint.tls.context() if endpoint.is_secure else None,
                open_timeout=OPEN_S,
                max_size=None,
                proxy=None,
            )
            self._socket = self._opened.enter_context(opening)
        except InvalidStatus as error:
            self._status = error.response.status_code
            self._differs(step, f"the opening is answered with {self._status}")
        except (OSError, InvalidHandshake, ssl.SSLError) as error:
            raise PeerError(
                f"{endpoint.shown} cannot be reached: {why_gone(error)}",
                hint="--to URL is the server that the record is played to",
            ) from None
        return self._socket

    def _hear(self, step: Step) -> None:
        if step.deed is Deed.REFUSE:
            self._open(step)
            if self._status == step.status:
                self._played.differences.pop()
            else:
                self._differs(step, f"the opening is not answered with {step.status}")
            return
        live = self._next(step)
        if live is not None:
            self._compare(step, live)

    def _next(self, step: Step) -> ServerToAgent | None:
        """The next live message that can be read; None where there is none, which is told."""
        if self._socket is None:
            return None
        try:
            data = self._socket.recv(timeout=self._timeout_s)
        except TimeoutError:
            self._differs(step, f"no message within {self._timeout_s:g} s")
            return None
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else 1006
            self._differs(step, f"closed with {code} instead of a message")
            return None
        is_text = isinstance(data, str)
        raw = data.encode() if isinstance(data, str) else data
        self._conversation.message(self._clock(), Side.SERVER, raw, is_text)
        try:
            if is_text:
                raise Malformed("a text message")
            return decode_frame(ServerToAgent, raw)
        except Malformed as error:
            if step.message is not None:
                self._differs(step, f"malformed: {error.reason}")
            return None

    def _hear_end(self, step: Step) -> None:
        if self._socket is None:
            return
        try:
            self._socket.recv(timeout=self._timeout_s)
            self._differs(step, "a message where the recorded server closed")
        except TimeoutError:
            self._differs(step, f"not closed within {self._timeout_s:g} s")
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else 1006
            if step.deed is Deed.CLOSE and code != step.status:
                self._differs(step, f"closed with {code}: recorded {step.status}")

    def expect_no_more(self) -> None:
        if self._socket is None:
            return
        with suppress(TimeoutError, ConnectionClosed):
            while True:
                data = self._socket.recv(timeout=0.05)
                raw = data.encode() if isinstance(data, str) else data
                self._conversation.message(self._clock(), Side.SERVER, raw, isinstance(data, str))
                what = "a message that is not on the record"
                number = self._conversation.number
                self._played.differences.append(Difference(self._last, number, what))

    def close(self, code: int = 1000) -> None:
        if self._socket is not None:
            self._socket.close(code if 1000 <= code < 5000 and code not in (1005, 1006) else 1000)
        self._opened.close()


class _HttpLine(_Line):
    """Requests of plain HTTP."""

    _client: httpx.Client | None = None
    _response: httpx.Response | None = None
    _uid = b""
    _asked_ns = 0

    def _say(self, step: Step) -> None:
        endpoint = self._endpoint
        if self._client is None:
            verify = endpoint.tls.context() if endpoint.is_secure else True
            self._client = httpx.Client(verify=verify, timeout=self._timeout_s, trust_env=False)
        body = self._bytes(step)
        self._asked_ns = self._clock()
        self._uid = self._conversation.request(self._asked_ns, body, "")
        headers = [("Content-Type", CONTENT_TYPE), *endpoint.headers]
        try:
            self._response = self._client.post(
                _HTTP_SCHEME.sub("http", endpoint.url), content=body, headers=headers
            )
        except httpx.ConnectError as error:
            raise PeerError(f"{endpoint.shown} cannot be reached: {error}") from None
        except httpx.HTTPError as error:
            self._response = None
            self._differs(step, f"no response: {error}")

    def _hear(self, step: Step) -> None:
        response, self._response = self._response, None
        if response is None:
            return
        expected = step.status if step.deed is Deed.REFUSE else 200
        if response.status_code != expected:
            status = response.status_code
            self._conversation.refused(self._clock(), status, [str(status)], self._uid, None)
            self._differs(step, f"status {status}: recorded {expected}")
            return
        if step.deed is Deed.REFUSE:
            return
        body = response.content
        self._conversation.response(self._clock(), body, self._uid, self._asked_ns)
        try:
            self._compare(step, decode(ServerToAgent, body))
        except Malformed as error:
            self._differs(step, f"malformed: {error.reason}")

    def close(self, code: int = 1000) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
