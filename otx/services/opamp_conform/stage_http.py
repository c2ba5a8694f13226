"""The plain HTTP side of the fake server."""

import gzip
import socket
import time
import zlib
from http.server import BaseHTTPRequestHandler
from typing import Any

from otx.opamp.framing import Limits, Malformed, decode
from otx.opamp.opamp_pb2 import AgentToServer
from otx.services.opamp_conform.outcome import Passage
from otx.services.opamp_conform.script import PATH, Report, Script

_ANY_SIZE = Limits(message_bytes=1 << 31, depth=1000)
HOLD_S = 60


def serve_http(stage: Script, connection: socket.socket) -> None:
    """Serve requests of one connection until it ends."""
    _Handler(stage, connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, stage: Script, connection: socket.socket) -> None:
        self._stage = stage
        super().__init__(connection, connection.getsockname(), None)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        """Answer one request."""
        body = self._body()
        if self.path != PATH:
            with self._stage.changed:
                self._stage.posts.append((self.path, body))
                self._stage.changed.notify_all()
            self._respond(200, b"", {})
            return
        stage = self._stage
        with stage.changed:
            stage.in_flight += 1
            stage.overlapped |= stage.in_flight > 1
        try:
            self._answer(body)
        finally:
            with stage.changed:
                stage.in_flight -= 1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name above
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        stage = self._stage
        try:
            message = decode(AgentToServer, body, _ANY_SIZE)
        except Malformed as error:
            stage.note(Passage("received", body, None, time.monotonic(), error.reason))
            with stage.changed:
                stage.malformed.append(error.reason)
            self._respond(400, b"", {})
            return
        # What is said to a goodbye nobody need heed.
        refusal = None if message.HasField("agent_disconnect") else stage.refusal()
        status = refusal.status if refusal else 0
        report = Report(message, body, 0, time.monotonic(), status)
        stage.opened(status)
        stage.reported(report)
        stage.hold.wait(HOLD_S)
        if refusal is not None:
            stage.note(Passage("sent", b"", None, time.monotonic(), f"status {status}"))
            self._respond(status, b"", refusal.headers)
        elif stage.raw_bodies:
            self._send(stage.raw_bodies.popleft())
        else:
            answer = stage.answers(report)
            data = answer.SerializeToString()
            stage.note(Passage("sent", data, answer, time.monotonic()))
            self._send(gzip.compress(data) if stage.gzips else data)

    def _send(self, body: bytes) -> None:
        """Answer with a body, which may be gzip already."""
        headers = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
        self._respond(200, body, {"Content-Type": "application/x-protobuf", **headers})

    def _respond(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("Content-Encoding", "").lower() == "gzip":
            return zlib.decompress(body, 31)
        return body

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)
