"""A record played to a live agent, in the place of its server, and compared with what it reports.

Over WebSocket and plain HTTP, one agent at a time. Heartbeats and goodbyes are answered and not
compared: when they come is a matter of time.
"""

import base64
import hashlib
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress

from otx.model.units import NS_PER_S
from otx.opamp.capabilities import ServerCapability
from otx.opamp.framing import Malformed, decode, decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.services.opamp_serve.polling import CONTENT_TYPE, TooBig, unpack
from otx.services.opamp_tap.comparing import differences
from otx.services.opamp_tap.frames import Control, Data, FrameReader, Opcode, make_frame
from otx.services.opamp_tap.heads import LONGEST_HEAD, BadHead, Head, body_length, chunk_size
from otx.services.opamp_tap.observer import LIMITS, Conversation, Observer
from otx.services.opamp_tap.replay import Difference, Played
from otx.services.opamp_tap.rewriting import Rewriter
from otx.services.opamp_tap.script import Deed, Step

_ACCEPT_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_NOTHING = {"instance_uid", "sequence_num", "capabilities", "agent_disconnect"}
"""What a report may hold that is not waited for: an agent that is played to does not stop."""
FIRST_WAIT_S = 600.0
"""How long the first agent is waited for."""


class ServerPlayer:
    """Plays the server of a record on a listening socket."""

    def __init__(
        self,
        listener: socket.socket,
        rewriter: Rewriter,
        observer: Observer,
        clock: Callable[[], int],
        timeout_s: float,
    ) -> None:
        self._listener = listener
        self._rewriter = rewriter
        self._observer = observer
        self._clock = clock
        self._timeout_s = timeout_s
        self._line: _AgentLine | None = None
        self._skipped: set[int] = set()
        self._is_first = True
        self._capabilities = int(ServerCapability.ACCEPTS_STATUS)
        self.played = Played()

    def play(self, steps: Iterable[Step]) -> Played:
        """Play all steps; an agent that does not come in time is a difference, and the end."""
        steps = list(steps)
        for step in steps:
            if isinstance(step.message, ServerToAgent) and step.message.capabilities:
                self._capabilities = step.message.capabilities
                break
        try:
            for step in steps:
                self.played.steps += 1
                if not self._play(step):
                    break
        finally:
            if self._line is not None:
                self._line.close()
        self.played.broken = {number for number, _ in self._observer.summary.broken}
        return self.played

    def _play(self, step: Step) -> bool:
        if step.side is Side.CLIENT and step.deed is Deed.SAY:
            return self._hear(step)
        if step.side is Side.CLIENT:
            return True
        if step.connection in self._skipped:
            self._skipped.discard(step.connection)
            return True
        if self._line is None:
            return True
        if step.deed is Deed.SAY:
            self._line.say(self._answer(step), step)
            self.played.answers += 1
        elif step.deed is Deed.REFUSE:
            self._line.refuse(step.status)
        else:
            self._line.close()
            self._line = None
        return True

    def _answer(self, step: Step) -> bytes:
        if not isinstance(step.message, ServerToAgent):
            return step.data
        answer = self._rewriter.answer(step.message)
        return answer.SerializeToString() if step.is_http else frame(answer)

    def _hear(self, step: Step) -> bool:
        """Wait for the report of a step; whether to go on."""
        expected = step.message
        if isinstance(expected, AgentToServer) and is_heartbeat(expected):
            self._skipped.add(step.connection)
            return True
        until_ns = self._clock() + int(self._timeout_s * NS_PER_S)
        while True:
            live = self._next(step)
            if live is None:
                return False
            self._rewriter.take_uid(
                expected.instance_uid if isinstance(expected, AgentToServer) else b"",
                live.instance_uid,
            )
            if not is_heartbeat(live):
                break
            if self._line is not None:
                answer = ServerToAgent(
                    instance_uid=live.instance_uid, capabilities=self._capabilities
                )
                raw = answer.SerializeToString() if step.is_http else frame(answer)
                self._line.say(raw, step)
            if self._clock() >= until_ns:
                # An agent with nothing to say but heartbeats would be heard for ever.
                self._differs(step, self._nothing)
                return False
        self.played.reports += 1
        if isinstance(expected, AgentToServer):
            for what in differences(expected, live, has_own_hashes=False):
                self._differs(step, what)
        return True

    def _next(self, step: Step) -> AgentToServer | None:
        while True:
            try:
                if self._line is None:
                    self._line = self._accept(step)
                live = self._line.hear()
                if live is not None:
                    return live
                self._line.close()
                self._line = None
            except TimeoutError:
                self._differs(step, self._nothing)
                return None
            except (OSError, BadHead, Malformed, TooBig) as error:
                self._differs(step, f"the agent's connection ended: {error}")
                if self._line is not None:
                    self._line.close()
                    self._line = None

    def _accept(self, step: Step) -> "_AgentLine":
        self._listener.settimeout(FIRST_WAIT_S if self._is_first else self._timeout_s)
        connection, _ = self._listener.accept()
        self._is_first = False
        connection.settimeout(self._timeout_s)
        return _AgentLine(connection, self._observer.conversation(), self._clock)

    @property
    def _nothing(self) -> str:
        return f"no report within {self._timeout_s:g} s"

    def _differs(self, step: Step, what: str) -> None:
        self.played.differences.append(Difference(step.line, step.connection, what))


def is_heartbeat(report: AgentToServer) -> bool:
    """Whether a report has nothing to say but that the agent is there, or goes."""
    return all(field.name in _NOTHING for field, _ in report.ListFields())


class _AgentLine:
    """One connection of the agent."""

    def __init__(
        self, connection: socket.socket, conversation: Conversation, clock: Callable[[], int]
    ) -> None:
        self._connection = connection
        self._conversation = conversation
        self._clock = clock
        self._buffer = bytearray()
        self._frames: FrameReader | None = None
        self._waiting: list[Data] = []
        self._uid = b""
        self._asked_ns = 0

    def hear(self) -> AgentToServer | None:
        """The next report; None at the end of the connection.

        Raises:
            OSError: Nothing comes in time, or the connection broke.
            BadHead, Malformed, TooBig: What comes cannot be read.
        """
        if self._frames is None:
            head = self._head()
            if head is None:
                return None
            if not head.is_opening:
                return self._request(head)
            self._open(head)
        return self._message()

    def say(self, data: bytes, step: Step) -> None:
        """Send an answer."""
        with suppress(OSError):
            if self._frames is None:
                self._conversation.response(self._clock(), data, self._uid, self._asked_ns)
                self._respond(200, data)
            else:
                opcode = Opcode.TEXT if step.is_text else Opcode.BINARY
                self._conversation.message(self._clock(), Side.SERVER, data, step.is_text)
                self._connection.sendall(make_frame(opcode, data, is_masked=False))

    def refuse(self, status: int) -> None:
        """Answer a request with another status."""
        if self._frames is None:
            self._conversation.refused(self._clock(), status, [str(status)], self._uid, None)
            with suppress(OSError):
                self._respond(status, b"")

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):
            if self._frames is not None:
                self._connection.sendall(make_frame(Opcode.CLOSE, b"\x03\xe8", is_masked=False))
        self._connection.close()
        self._conversation.end()

    def _respond(self, status: int, body: bytes) -> None:
        head = Head(
            ("HTTP/1.1", str(status), "Replayed"),
            (("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))),
        )
        self._connection.sendall(head.raw() + body)

    def _head(self) -> Head | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > LONGEST_HEAD:
                raise BadHead("a head of more than 64 KiB")
            if not self._more():
                return None
        raw = bytes(self._buffer[: end + 4])
        del self._buffer[: end + 4]
        return Head.parse(raw)

    def _request(self, head: Head) -> AgentToServer:
        length = body_length(head)
        body = self._chunks() if length == -1 else self._exactly(length or 0)
        if head.get("content-encoding").lower() == "gzip":
            body = unpack(body, LIMITS.message_bytes)
        self._asked_ns = self._clock()
        self._uid = self._conversation.request(self._asked_ns, body, "")
        return decode(AgentToServer, body)

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            while (end := self._buffer.find(b"\r\n")) < 0:
                self._need_more()
            size = chunk_size(self._exactly(end + 2))
            body += self._exactly(size)
            self._exactly(2)
            if not size:
                return bytes(body)
            if len(body) > LIMITS.message_bytes:
                raise TooBig

    def _exactly(self, size: int) -> bytes:
        if not 0 <= size <= LIMITS.message_bytes:
            raise TooBig
        while len(self._buffer) < size:
            self._need_more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _need_more(self) -> None:
        if not self._more():
            raise BadHead("a body that is cut off")

    def _open(self, head: Head) -> None:
        key = head.get("sec-websocket-key") + _ACCEPT_KEY
        digest = hashlib.sha1(key.encode(), usedforsecurity=False).digest()
        answer = Head(
            ("HTTP/1.1", "101", "Switching Protocols"),
            (
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Accept", base64.b64encode(digest).decode()),
            ),
        )
        self._connection.sendall(answer.raw())
        self._frames = FrameReader(LIMITS.message_bytes, is_masked=True)
        self._conversation.opened(self._clock(), [f"opens {head.start[1]}"])
        rest, self._buffer = bytes(self._buffer), bytearray()
        self._take(rest)

    def _message(self) -> AgentToServer | None:
        while not self._waiting:
            if not self._more():
                return None
            data, self._buffer = bytes(self._buffer), bytearray()
            if not self._take(data):
                return None
        one = self._waiting.pop(0)
        if one.payload is None or one.opcode == Opcode.TEXT:
            raise Malformed("a message that cannot be read")
        return decode_frame(AgentToServer, one.payload)

    def _take(self, data: bytes) -> bool:
        """Take frames in; whether the connection goes on."""
        if self._frames is None:
            return False
        for seen in self._frames.feed(data):
            if isinstance(seen, Data):
                is_text = seen.opcode == Opcode.TEXT
                self._conversation.message(self._clock(), Side.CLIENT, seen.payload, is_text)
                self._waiting.append(seen)
            elif isinstance(seen, Control) and seen.opcode == Opcode.PING:
                self._connection.sendall(make_frame(Opcode.PONG, seen.payload, is_masked=False))
            elif isinstance(seen, Control) and seen.opcode == Opcode.CLOSE:
                self._conversation.closes(self._clock(), Side.CLIENT, seen.close_code, "")
                return bool(self._waiting)
        return True

    def _more(self) -> bool:
        data = self._connection.recv(1 << 16)
        self._buffer += data
        return bool(data)
