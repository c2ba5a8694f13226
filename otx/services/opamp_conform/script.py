"""What an agent said to a fake server, and what it is told: all but the wire."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from otx.opamp.capabilities import ServerCapability
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.services.opamp_conform.outcome import Passage

CAPABILITIES = int(
    ServerCapability.ACCEPTS_STATUS
    | ServerCapability.OFFERS_REMOTE_CONFIG
    | ServerCapability.ACCEPTS_EFFECTIVE_CONFIG
    | ServerCapability.OFFERS_CONNECTION_SETTINGS
)
PATH = "/v1/opamp"


@dataclass(frozen=True, slots=True)
class Report:
    """A message of the agent.

    Attributes:
        connection: Counts WebSockets from 1; over HTTP 0.
        refused: The status it got instead of an answer, or 0.
    """

    message: AgentToServer
    data: bytes
    connection: int
    at_s: float
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """How the next opening of a WebSocket, or the next request, is answered."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening of a WebSocket, or a request."""

    at_s: float
    refused: int


class Sender(Protocol):
    """A WebSocket of the agent that can be sent to; they are numbered from 1."""

    number: int

    def send(self, data: bytes) -> None:
        """Send one binary message."""

    def drop(self) -> None:
        """End the connection without a word."""


class Script:
    """What the agent said, and what it is told.

    Attributes:
        answers: Makes the answer to a report; a check replaces it.
        greeting: What the next ordinary answer has beside.
        refusals: Used up one by one.
        gzips: Answers over HTTP are compressed.
        hold: Answers over HTTP wait until it is set.
        overlapped: A request came while another had no answer.
        close_codes: Of WebSockets that ended with one.
        malformed: What came that was no binary message with header 0 and an AgentToServer.
        posts: Bodies that came to other paths.
    """

    def __init__(self) -> None:
        """Begin with nothing said."""
        self.changed = threading.Condition()
        self.hold = threading.Event()
        self.passages: list[Passage] = []
        self.senders: list[Sender] = []
        self.openings: list[Opening] = []
        self.reports: list[Report] = []
        self.posts: list[tuple[str, bytes]] = []
        self.connections = 0
        self.in_flight = 0
        self.forget()

    def forget(self) -> None:
        """Be an ordinary server again, as before any check."""
        self.answers: Callable[[Report], ServerToAgent] = self.plain_answer
        self.greeting: Callable[[Report], ServerToAgent] | None = None
        self.capabilities = CAPABILITIES
        self.refusals: deque[Refusal] = deque()
        self.waiting: deque[ServerToAgent] = deque()
        self.raw_bodies: deque[bytes] = deque()
        self.gzips = False
        self.overlapped = False
        self.close_codes: list[int] = []
        self.malformed: list[str] = []
        self.hold.set()

    def plain_answer(self, report: Report) -> ServerToAgent:
        """The least that a server says, and what waits for the next poll."""
        answer = ServerToAgent(
            instance_uid=report.message.instance_uid, capabilities=self.capabilities
        )
        if report.message.HasField("agent_disconnect"):
            return answer  # nobody need read it: what waits is for the next poll
        if self.greeting is not None:
            greeting, self.greeting = self.greeting(report), None
            answer.MergeFrom(greeting)
        elif report.connection == 0 and self.waiting:
            answer.MergeFrom(self.waiting.popleft())
            with self.changed:
                self.changed.notify_all()
            # What waited is what the check is about; the ordinary answers after it are not.
            self.note(Passage("sent", b"", answer, time.monotonic(), is_probe=True))
        return answer

    def send(self, message: ServerToAgent) -> None:
        """Tell the agent something: at once over a WebSocket, else with the next answer."""
        with self.changed:
            sender = self.senders[-1] if self.senders else None
            if sender is None:
                self.waiting.append(message)
        if sender is not None:
            self.send_frame(b"\0" + message.SerializeToString(), message)

    def send_frame(self, data: bytes, message: ServerToAgent | None = None, note: str = "") -> None:
        """Send a WebSocket message as it is, to the newest connection."""
        with self.changed:
            if not self.senders:
                return
            sender = self.senders[-1]
        self.note(Passage("sent", data, message, time.monotonic(), note, is_probe=True))
        with contextlib.suppress(OSError):
            sender.send(data)

    def drop(self) -> None:
        """End every connection without a word."""
        with self.changed:
            senders = list(self.senders)
        for sender in senders:
            sender.drop()

    def note(self, passage: Passage) -> None:
        """Keep what went over the wire, the megabytes of it apart."""
        with self.changed:
            if len(passage.data) < 1 << 20:
                self.passages.append(passage)

    def reported(self, report: Report, note: str = "") -> None:
        """Keep a report."""
        self.note(Passage("received", report.data, report.message, report.at_s, note))
        with self.changed:
            self.reports.append(report)
            self.changed.notify_all()

    def opened(self, refused: int) -> None:
        """Keep an opening."""
        with self.changed:
            self.openings.append(Opening(time.monotonic(), refused))
            self.changed.notify_all()

    def refusal(self) -> Refusal | None:
        """How the next opening is refused, if it is."""
        with self.changed:
            return self.refusals.popleft() if self.refusals else None
