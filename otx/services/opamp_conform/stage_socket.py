"""The WebSocket side of the fake server."""

import socket
import threading
import time

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from otx.opamp.framing import Limits, Malformed, decode_frame
from otx.opamp.opamp_pb2 import AgentToServer
from otx.services.opamp_conform.outcome import Passage
from otx.services.opamp_conform.script import Report, Script, Sender

CHUNK = 1 << 16
_ANY_SIZE = Limits(message_bytes=1 << 31, depth=1000)


def serve_websocket(stage: Script, connection: socket.socket) -> None:
    """Serve one connection until it ends."""
    side = _Side(stage, connection)
    try:
        side.run()
    finally:
        side.ended()


class _Side(Sender):
    def __init__(self, stage: Script, connection: socket.socket) -> None:
        self._stage = stage
        self._connection = connection
        self._protocol = ServerProtocol(max_size=None)
        self._sending = threading.Lock()
        self._parts: list[bytes] = []
        self._is_text = False

    def send(self, data: bytes) -> None:
        """Send one binary message."""
        with self._sending:
            if self._protocol.state is State.OPEN:
                self._protocol.send_binary(data)
                self._flush()

    def drop(self) -> None:
        """End the connection without a word."""
        self._connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Read until the end."""
        while data := self._connection.recv(CHUNK):
            with self._sending:
                self._protocol.receive_data(data)
                events = self._protocol.events_received()
                self._flush()
            for event in events:
                if isinstance(event, Request):
                    self._open(event)
                elif isinstance(event, Frame):
                    self._frame(event)

    def ended(self) -> None:
        """The connection is gone."""
        stage = self._stage
        with stage.changed:
            if self in stage.senders:
                stage.senders.remove(self)
            if self._protocol.close_rcvd is not None:
                stage.close_codes.append(self._protocol.close_rcvd.code)
            stage.changed.notify_all()

    def _open(self, request: Request) -> None:
        refusal = self._stage.refusal()
        if refusal is None:
            response = self._protocol.accept(request)
        else:
            headers = Headers({"Connection": "close", "Content-Length": "0", **refusal.headers})
            response = Response(refusal.status, "Refused", headers, b"")
        with self._sending:
            self._protocol.send_response(response)
            with self._stage.changed:
                if refusal is None:
                    self._stage.connections += 1
                    self.number = self._stage.connections
                    self._stage.senders.append(self)
            self._flush()
        self._stage.opened(refusal.status if refusal else 0)

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._parts, self._is_text = [], frame.opcode is Opcode.TEXT
        elif frame.opcode is not Opcode.CONT:
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            self._message(b"".join(self._parts))

    def _message(self, data: bytes) -> None:
        stage = self._stage
        try:
            if self._is_text:
                raise Malformed("a text message, not a binary one")
            message = decode_frame(AgentToServer, data, _ANY_SIZE)
        except Malformed as error:
            stage.note(Passage("received", data, None, time.monotonic(), error.reason))
            with stage.changed:
                stage.malformed.append(error.reason)
            return
        report = Report(message, data, self.number, time.monotonic())
        stage.reported(report)
        if message.HasField("agent_disconnect"):
            return
        answer = stage.answers(report)
        answer_data = b"\0" + answer.SerializeToString()
        stage.note(Passage("sent", answer_data, answer, time.monotonic()))
        self.send(answer_data)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._connection.sendall(data)
            else:
                self._connection.shutdown(socket.SHUT_WR)
