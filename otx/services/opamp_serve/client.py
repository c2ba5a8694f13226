"""The fleet for commands: over the JSON API of a running server, or from its database.

Both give the same documents. The database alone can be read only: to change something a server has
to run, because agents are told by it.
"""

import http.client
import json
import sqlite3
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from otx.errors import ExitCode, MachineError, NotThere, PeerError, UsageError
from otx.opamp.server.documents import Document

TIMEOUT_S = 30.0
PROBE_S = 5.0
"""How long a server may take to say that it is there."""
UNKNOWN = "whether it was done is not known: `otx opamp push --list`, `otx opamp audit`"
SCHEMES = {"http": False, "ws": False, "https": True, "wss": True}


class FleetReader(Protocol):
    """What can be asked of a fleet."""

    def agents(self, selector: str) -> list[Document]:
        """Every agent that matches, as rows."""

    def why(self, uid: str) -> Document:
        """Why an agent does not have what it should."""

    def audit(self, limit: int, since_ns: int, whom: str) -> list[Document]:
        """The newest lines of the audit log, oldest first."""

    def pushes(self) -> list[Document]:
        """The newest pushes, oldest first."""


class RemoteFleet:
    """A fleet behind the JSON API of a server."""

    def __init__(
        self, url: str, token: str = "", ca: Path | None = None, cert: Path | None = None
    ) -> None:
        """Speak to a server; its OpAMP address will do as well as its HTTP one.

        Args:
            ca: PEM of the CA that its certificate is from; None for those of the machine.
            cert: PEM of a client certificate and its key, for a server that asks for one.

        Raises:
            UsageError: The URL is none.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or 4320
        except ValueError:  # brackets that do not close, a port that is no number
            parts, port = urlsplit(""), 0
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise UsageError(f"{url!r} is no address of a server", hint="http://HOST:4320")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.hostname
        self._port = port
        self._is_tls = SCHEMES[parts.scheme]
        self._ca = ca
        self._cert = cert
        self._token = token

    def agents(self, selector: str) -> list[Document]:
        """Every agent that matches, as rows."""
        return _list(self.get(f"agents?{urlencode({'selector': selector})}")["agents"])

    def why(self, uid: str) -> Document:
        """Why an agent does not have what it should."""
        return self.get(f"agents/{quote(uid, safe='')}/why")

    def audit(self, limit: int, since_ns: int, whom: str) -> list[Document]:
        """The newest lines of the audit log, oldest first."""
        query = urlencode({"limit": limit, "since_ns": since_ns, "whom": whom})
        return _list(self.get(f"audit?{query}")["audit"])

    def pushes(self) -> list[Document]:
        """The newest pushes, oldest first."""
        return _list(self.get("pushes")["pushes"])

    def probe(self) -> None:
        """Ask whether the server is there.

        Raises:
            Unreachable: Nothing listens.
            PeerError: Something does, and it does not answer, or cannot be trusted.
        """
        self._ask("GET", "status", None, PROBE_S)

    def get(self, path: str) -> Document:
        """Ask for a document."""
        return self._ask("GET", path, None)

    def post(self, path: str, wanted: Document) -> Document:
        """Have something done."""
        return self._ask("POST", path, json.dumps(wanted).encode())

    def _ask(
        self, method: str, path: str, body: bytes | None, timeout_s: float = TIMEOUT_S
    ) -> Document:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = self._connect(timeout_s)
        is_sent = False
        try:
            with closing(connection):
                connection.request(method, f"/api/v1/{path}", body, headers)
                is_sent = True
                response = connection.getresponse()
                return _document(response.status, response.read(), self.url)
        except ssl.SSLError as error:
            raise self._untrusted(error) from None
        except TimeoutError:
            hint = "look whether its process hangs; --db FILE reads its last known state"
            raise PeerError(
                f"the server at {self.url} does not answer within {timeout_s:.0f} s",
                hint=UNKNOWN if method == "POST" and is_sent else hint,
                code=ExitCode.TIMEOUT,
            ) from None
        except (OSError, http.client.HTTPException) as error:
            if is_sent and self._is_tls and self._cert is None and _is_closed(error):
                raise self._without_certificate(error) from None
            if method == "POST" and is_sent:
                raise self._lost(error) from None
            raise self._unreachable(error) from None

    def _connect(self, timeout_s: float) -> http.client.HTTPConnection:
        if not self._is_tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        context = self._context()
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=timeout_s, context=context
        )

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=str(self._ca) if self._ca else None)
        except OSError as error:
            raise UsageError(f"--ca {self._ca} cannot be used: {error}") from None
        try:
            if self._cert is not None:
                context.load_cert_chain(self._cert, password=_no_pass_phrase)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"--cert {self._cert} cannot be used: {error}",
                hint="one file in PEM with the certificate and its key, without pass phrase",
            ) from None
        return context

    def _untrusted(self, error: ssl.SSLError) -> PeerError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return PeerError(
                f"the certificate of {self.url} is not trusted: {error.verify_message}",
                hint="--ca FILE with the CA that signed it",
            )
        if error.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED":
            return self._without_certificate(error)
        return PeerError(
            f"no TLS with {self.url}: {error}",
            hint="--server http://… if it has none",
        )

    def _without_certificate(self, error: Exception) -> PeerError:
        """Servers end a connection in TLS 1.3 after the handshake, often without saying why."""
        return PeerError(
            f"{self.url} ended the connection without an answer: {error}",
            hint="if it asks for certificates (--client-ca), show one: --cert FILE",
        )

    def _lost(self, error: Exception) -> PeerError:
        return PeerError(
            f"the server at {self.url} went away before it answered: {error}",
            hint=UNKNOWN,
        )

    def _unreachable(self, error: Exception) -> "Unreachable":
        return Unreachable(
            f"no OpAMP server answers at {self.url}: {error}",
            hint="`otx opamp serve` starts one; --server URL names another, --db FILE reads a file",
        )


def _is_closed(error: Exception) -> bool:
    return isinstance(error, http.client.RemoteDisconnected | ConnectionResetError)


def _no_pass_phrase() -> str:
    """In place of OpenSSL's question on the terminal, which a script would hang at."""
    raise ValueError("the key has a pass phrase")


class Unreachable(PeerError):
    """No server answers."""


class StoredFleet:
    """A fleet as its database has it."""

    def __init__(self, path: Path, now_ns: int) -> None:
        """Read a file.

        Raises:
            UsageError: It is not there, or is no fleet.
        """
        from otx.opamp.server.journal import NoJournal  # 30 ms: protobuf
        from otx.opamp.server.rollouts import Rollouts
        from otx.services.opamp_serve import database

        self._path = path
        self._now_ns = now_ns
        self._rollouts = Rollouts(NoJournal())
        with closing(database.open_to_read(path)) as connection:
            try:
                self._agents = list(database.read_agents(connection))
                self._rollouts.load(
                    database.read_configurations(connection), database.read_pushes(connection)
                )
            except sqlite3.DatabaseError as error:
                raise database.damaged(path, error) from None
        for agent in self._agents:
            agent.assigned = self._rollouts.assigned(agent)

    def agents(self, selector: str) -> list[Document]:
        """Every agent that matches, as rows."""
        from otx.opamp.server.agent import PATIENCE
        from otx.opamp.server.documents import agent_document
        from otx.opamp.server.selector import parse_selector

        chosen = parse_selector(selector)
        return [
            {
                **agent_document(agent, self._rollouts, self._now_ns, PATIENCE),
                # Who is there only a server that runs knows.
                "state": "gone" if agent.said_goodbye else "unknown",
            }
            for agent in self._agents
            if chosen.matches(agent.labels)
        ]

    def why(self, uid: str) -> Document:
        """Why an agent does not have what it should."""
        from otx.opamp.server.agent import PATIENCE
        from otx.opamp.server.finding import find_agent
        from otx.opamp.server.why import why

        agent = find_agent(self._agents, uid)
        return why(agent, self._rollouts, self._now_ns, PATIENCE, is_live=False)

    def audit(self, limit: int, since_ns: int, whom: str) -> list[Document]:
        """The newest lines of the audit log, oldest first."""
        from otx.services.opamp_serve import database

        with closing(database.open_to_read(self._path)) as connection:
            return database.read_audit(connection, limit, since_ns, whom)

    def pushes(self) -> list[Document]:
        """Every push, oldest first."""
        from otx.opamp.server.agent import PATIENCE
        from otx.opamp.server.documents import push_document

        return [
            push_document(push, self._agents, self._rollouts, self._now_ns, PATIENCE)
            for push in self._rollouts.pushes.values()
            if push.is_listed
        ]


def _document(status: int, body: bytes, url: str) -> Document:
    """The document of a response, or its error as ours."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        document = {"error": body.decode(errors="replace").strip(), "hint": ""}
    if status == 200 and isinstance(document, dict):
        return document
    error = document if isinstance(document, dict) else {}
    message = str(error.get("error") or f"the server answered {status}")
    hint = str(error.get("hint", ""))
    if status == 404 and hint + message:
        raise NotThere(message, hint=hint)
    if status == 401:
        raise PeerError(f"{url}: {message}", hint="--token-file FILE with an operator's token")
    if status in (400, 413):
        raise UsageError(message, hint=hint)
    if status == 507:
        raise MachineError(f"{url}: {message}", hint=hint)
    raise PeerError(f"{url}: {message}", hint=hint)


def read_token(path: Path) -> str:
    """The token of a file for this side: the first operator's, or the first bare one.

    Raises:
        UsageError: It cannot be read, or has none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"cannot read {path}: {why}") from None
    for line in lines:
        words = line.partition("#")[0].split()
        if len(words) == 1 or (len(words) == 3 and words[0] in ("operator", "both")):
            return words[-1]
    raise UsageError(f"{path} has no token of an operator", hint="a line is TOKEN")


def _list(value: Any) -> list[Document]:
    return list(value)
