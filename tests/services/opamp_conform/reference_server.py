"""A server that keeps every rule, or breaks those whose numbers are in `faults`."""

import contextlib
import gzip
import hashlib
import socket
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from otx.opamp.capabilities import AgentCapability, ServerCapability
from otx.opamp.framing import Limits, Malformed, decode, unframe
from otx.opamp.opamp_pb2 import (
    AgentConfigFile,
    AgentConfigMap,
    AgentIdentification,
    AgentRemoteConfig,
    AgentToServer,
    RemoteConfigStatuses_FAILED,
    ServerErrorResponseType_BadRequest,
    ServerToAgent,
    ServerToAgentCommand,
)

LIMIT = 64 << 10
TOKEN = "Bearer right"
CAPABILITIES = (
    ServerCapability.ACCEPTS_STATUS
    | ServerCapability.OFFERS_REMOTE_CONFIG
    | ServerCapability.OFFERS_CONNECTION_SETTINGS
    | ServerCapability.ACCEPTS_CONNECTION_SETTINGS_REQUEST
)


@dataclass
class Known:
    """What the server keeps of an agent."""

    uid: bytes
    number: int = -1
    name: str = ""
    bits: int = 0
    needs_full: bool = True
    reported: bytes = b""
    offered: bytes = b""
    body: bytes | None = None
    failed: set[bytes] = field(default_factory=set)
    restart: bool = False
    settings: bool = False
    push: Callable[[ServerToAgent], None] | None = None

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.body or b"").digest()


class ReferenceServer:
    """Serves both transports on a free port of this machine; it is a test's driver too."""

    def __init__(self, *faults: int) -> None:
        self.faults = set(faults)
        self.known: dict[bytes, Known] = {}
        self.lock = threading.RLock()
        self._sockets: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        with self.lock:
            sockets, threads = list(self._sockets), list(self._threads)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    # What an operator does.

    def assign(self, name: str, uid: str, body: bytes) -> None:
        for agent in self._named(name):
            agent.body = body
            if agent.push is not None:
                self._push(agent, self._offer(agent))

    def restart(self, name: str) -> None:
        for agent in self._named(name):
            agent.restart = True

    def offer_settings(self, name: str) -> None:
        for agent in self._named(name):
            agent.settings = True

    def clean_up(self) -> str:
        return ""

    def agents(self, name: str) -> list[dict[str, Any]]:
        return [
            {"uid": one.uid.hex(), "state": "connected" if one.push else "gone"}
            for one in self._named(name)
            if 133 not in self.faults or one.push
        ]

    def _named(self, name: str) -> list[Known]:
        with self.lock:
            return [one for one in self.known.values() if one.name == name]

    # What it answers.

    def answer(
        self, body: bytes, push: Callable[[ServerToAgent], None] | None
    ) -> ServerToAgent | None:
        try:
            report = decode(AgentToServer, body, Limits(1 << 31))
        except Malformed as error:
            if self._is(49) or self._is(37):
                return ServerToAgent()
            return self._bad(b"", error.reason)
        if len(report.instance_uid) != 16:
            return self._bad(report.instance_uid, "instance_uid is not 16 bytes")
        if self._is_wrong_csr(report):
            return self._bad(report.instance_uid, "no certificate for this")
        with self.lock:
            return self._answer(report, push)

    def _answer(
        self, report: AgentToServer, push: Callable[[ServerToAgent], None] | None
    ) -> ServerToAgent | None:
        is_new = report.instance_uid not in self.known
        agent = self.known.setdefault(report.instance_uid, Known(report.instance_uid))
        is_twin = bool(push and agent.push and agent.push is not push and not self._is(119))
        agent.push = push or agent.push
        answer = ServerToAgent(instance_uid=report.instance_uid, capabilities=int(CAPABILITIES))
        if is_twin:
            answer.agent_identification.CopyFrom(AgentIdentification(new_instance_uid=b"n" * 16))
        is_repetition = report.sequence_num == agent.number
        self._count(agent, report, is_new, is_repetition)
        if agent.needs_full and (not self._is(60) or not is_new):
            answer.flags = 1
        if (
            self._is(63)
            and report.HasField("agent_description")
            and agent.number > 0
            and not is_new
        ):
            answer.flags = 1
        self._note(agent, report)
        if report.instance_uid in self.known:
            self._put_offers(agent, answer, push is None)
        if self._is(66):
            answer.instance_uid = b""
        if self._is(68):
            answer.capabilities = 0
        return None if self._is(67) and is_repetition else answer

    def _count(
        self, agent: Known, report: AgentToServer, is_new: bool, is_repetition: bool
    ) -> None:
        fits = report.sequence_num == agent.number + 1 or is_repetition
        agent.number = report.sequence_num
        if report.HasField("agent_description"):
            agent.needs_full = False
        elif not fits and not self._is(59):
            agent.needs_full = True
        elif fits and self._is(61):
            agent.needs_full = False

    def _note(self, agent: Known, report: AgentToServer) -> None:
        agent.bits = report.capabilities or agent.bits
        for one in report.agent_description.identifying_attributes:
            if one.key == "service.name":
                agent.name = one.value.string_value
        if report.HasField("remote_config_status"):
            agent.reported = report.remote_config_status.last_remote_config_hash
            if report.remote_config_status.status == RemoteConfigStatuses_FAILED:
                agent.failed.add(agent.reported)

    def _put_offers(self, agent: Known, answer: ServerToAgent, is_http: bool) -> None:
        if not (is_http and self._is(82)):
            answer.MergeFrom(self._offer(agent))
        if agent.settings and (
            agent.bits & AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS or self._is(105)
        ):
            answer.connection_settings.opamp.destination_endpoint = "ws://elsewhere"
        if agent.restart and (not answer.HasField("remote_config") or self._is(132)):
            answer.command.CopyFrom(ServerToAgentCommand())
            agent.restart = False
        if answer.ByteSize() > LIMIT and not (self._is(43) or self._is(134)):
            answer.ClearField("remote_config")

    def _offer(self, agent: Known) -> ServerToAgent:
        message = ServerToAgent(instance_uid=agent.uid)
        is_known = agent.hash == agent.reported and not self._is(80)
        if self._is(95) and agent.hash in agent.failed:
            is_known = False
        elif agent.hash in agent.failed:
            return message
        if agent.body is None or is_known:
            return message
        if 132 in self.faults and not agent.restart:
            return message
        files = {"": AgentConfigFile(body=agent.body, content_type="text/yaml")}
        config = AgentRemoteConfig(config=AgentConfigMap(config_map=files), config_hash=agent.hash)
        message.remote_config.CopyFrom(config)
        if self._is(79):
            message.remote_config.config_hash = b""
        return message

    def _push(self, agent: Known, message: ServerToAgent) -> None:
        too_large = message.ByteSize() > LIMIT and not self._is(43)
        if message.HasField("remote_config") and not too_large and agent.push is not None:
            agent.push(message)

    def _is_wrong_csr(self, report: AgentToServer) -> bool:
        from cryptography import x509

        csr = report.connection_settings_request.opamp.certificate_request.csr
        if not csr:
            return False
        try:
            request = x509.load_pem_x509_csr(csr)
        except ValueError:
            return not self._is(107)
        named = str(next(iter(request.subject)).value).replace("-", "")
        return named != report.instance_uid.hex() and not self._is(108)

    def _bad(self, uid: bytes, message: str) -> ServerToAgent:
        answer = ServerToAgent(instance_uid=uid)
        answer.error_response.type = ServerErrorResponseType_BadRequest
        answer.error_response.error_message = "" if self._is(76) else message
        if self._is(77):
            answer.capabilities = 1
        return answer

    def _is(self, number: int) -> bool:
        return number in self.faults

    # How it is reached.

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            with self.lock:
                self._sockets.add(connection)
                self._threads.add(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if connection.recv(3, socket.MSG_PEEK) == b"GET":
                _Socket(self, connection).run()
            else:
                _Request(self, connection)
        with self.lock:
            self._sockets.discard(connection)
            self._threads.discard(threading.current_thread())


class _Socket:
    def __init__(self, server: ReferenceServer, connection: socket.socket) -> None:
        self._server = server
        self._connection = connection
        self._sending = threading.Lock()
        limit = None if 42 in server.faults else LIMIT
        if 48 in server.faults:
            limit = LIMIT // 2
        self._protocol = ServerProtocol(
            max_size=limit, extensions=[ServerPerMessageDeflateFactory()]
        )
        self._parts: list[bytes] = []

    def run(self) -> None:
        try:
            while data := self._connection.recv(1 << 16):
                with self._sending:
                    self._protocol.receive_data(data)
                    events = self._protocol.events_received()
                    self._flush()
                for event in events:
                    self._event(event)
        finally:
            with self._server.lock:
                for agent in self._server.known.values():
                    if agent.push == self.push:
                        agent.push = None

    def _event(self, event: Any) -> None:
        if isinstance(event, Request):
            wrong = event.headers.get("Authorization", TOKEN) != TOKEN
            refused = wrong and 22 not in self._server.faults
            with self._sending:
                response = (
                    self._protocol.reject(401, "no") if refused else self._protocol.accept(event)
                )
                self._protocol.send_response(response)
                self._flush()
        elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
            self._parts.append(bytes(event.data))
            if event.fin:
                data, self._parts = b"".join(self._parts), []
                self._message(data)

    def _message(self, data: bytes) -> None:
        faults = self._server.faults
        try:
            body = data[2:] if 4 in faults and data[0] == 0xAC else unframe(data)
            if 5 in faults and data[0]:
                raise Malformed("padded")
        except Malformed as error:
            self.push(self._server._bad(b"", error.reason))
            return
        answer = self._server.answer(body, self.push)
        if answer is not None:
            self.push(answer)
            if 66 in faults:
                self.push(answer)

    def push(self, message: ServerToAgent) -> None:
        header = b"\1" if 2 in self._server.faults else b"\0"
        with self._sending:
            if self._protocol.state is State.OPEN:
                self._protocol.send_binary(header + message.SerializeToString())
                self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._connection.sendall(data)
            else:
                self._connection.shutdown(socket.SHUT_WR)


class _Request(BaseHTTPRequestHandler):
    def __init__(self, server: ReferenceServer, connection: socket.socket) -> None:
        self._server = server
        super().__init__(connection, ("", 0), None)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        faults = self._server.faults
        body = self.rfile.read(int(self.headers["Content-Length"]))
        encoding = self.headers.get("Content-Encoding", "")
        if 11 in faults:
            return self._respond(404)
        if self.headers.get("Authorization", TOKEN) != TOKEN and 22 not in faults:
            return self._respond(401)
        if encoding == "gzip" and 32 not in faults:
            body = zlib.decompress(body, 31)
        elif encoding not in ("", "gzip") and 135 not in faults:
            return self._respond(415)
        limit = LIMIT // 2 if 48 in faults else LIMIT
        if len(body) > limit and 45 not in faults:
            return self._respond(413)
        if 37 in faults:
            with contextlib.suppress(Exception):
                AgentToServer.FromString(body)
        answer = self._server.answer(body, None)
        if answer is None:
            return None
        data = answer.SerializeToString()
        accepts = self.headers.get("Accept-Encoding", "")
        if accepts == "gzip" and 33 not in faults:
            return self._respond(200, gzip.compress(data), {"Content-Encoding": "gzip"})
        return self._respond(200, data)

    def _respond(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(
        self,
        format: str,  # noqa: A002
        *args: Any,
    ) -> None:
        pass
