"""What a check of a server has in its hands."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from otx.opamp.capabilities import AgentCapability, ServerCapability
from otx.opamp.opamp_pb2 import (
    ServerErrorResponseType_BadRequest,
    ServerToAgent,
)
from otx.services.opamp_conform.checks import Book
from otx.services.opamp_conform.drivers import Driver
from otx.services.opamp_conform.fake_agent import CONFIGURABLE, FakeAgent
from otx.services.opamp_conform.lines import HttpLine, Line, Refused, Silence, SocketLine
from otx.services.opamp_conform.outcome import Failed, NotTestable, Passage
from otx.services.opamp_conform.target import Target


@dataclass
class ServerProbe:
    """One check's view of the server, over one transport; its lines are closed behind it.

    Attributes:
        guests: The agents it brought.
    """

    target: Target
    transport: str
    driver: Driver
    passages: list[Passage] = field(default_factory=list)
    guests: list[FakeAgent] = field(default_factory=list)
    _open: list[Line] = field(default_factory=list)

    def socket(self, deflate: bool = False) -> SocketLine:
        """A WebSocket of its own, whatever the transport."""
        line = SocketLine(self.target, self.passages, deflate=deflate)
        self._open.append(line)
        return line

    def http(self) -> HttpLine:
        """HTTP requests, whatever the transport."""
        return HttpLine(self.target, self.passages)

    def line(self, headers: Mapping[str, str] | None = None) -> Line:
        """A line over the transport of this run."""
        if self.transport == "http":
            return HttpLine(self.target, self.passages, headers)
        line = SocketLine(self.target, self.passages, headers)
        self._open.append(line)
        return line

    def agent(self, capabilities: AgentCapability | None = None) -> FakeAgent:
        """A new agent on a new line, which has not reported yet."""
        line = self.line()
        agent = FakeAgent(line) if capabilities is None else FakeAgent(line, capabilities)
        self.guests.append(agent)
        return agent

    def known(self, capabilities: AgentCapability | None = None) -> FakeAgent:
        """A new agent that the server has seen whole."""
        agent = self.agent(capabilities)
        answer = agent.join()
        if answer.HasField("error_response"):
            raise Failed(f"the server refused a report: {answer.error_response.error_message}")
        return agent

    def configurable(self) -> FakeAgent:
        """As `known`, one that takes configurations; where the server offers none, no test."""
        agent = self.agent(CONFIGURABLE)
        answer = agent.join()
        if answer.capabilities and not (
            answer.capabilities & ServerCapability.OFFERS_REMOTE_CONFIG
        ):
            raise NotTestable("the server does not state OffersRemoteConfig")
        return agent

    def lives(self) -> None:
        """The server still serves a new agent."""
        self.known()

    def close(self) -> None:
        """Say goodbye, so that no agent is missed, and hang up everywhere."""
        seen = len(self.passages)
        for agent in self.guests:
            if agent.has_spoken:
                agent.leave()
        del self.passages[seen:]  # what a check saw is the evidence, and not its end
        for line in self._open:
            line.close()


POLL_S = 0.05
"""Between two polls of a fake agent."""
SERVER: Book[ServerProbe] = Book()


def is_bad_request(answer: ServerToAgent) -> bool:
    """Whether it is an error that says so."""
    error = answer.error_response
    return answer.HasField("error_response") and error.type == ServerErrorResponseType_BadRequest


def refusal(ask: Callable[[], ServerToAgent]) -> ServerToAgent | Refused:
    """What a server does about something wrong: its error, or its status or close code.

    Raises:
        Failed: It takes it, or says nothing.
    """
    try:
        answer = ask()
    except Refused as refused:
        return refused
    except Silence:
        raise Failed("the server says nothing and leaves the connection open") from None
    if not answer.HasField("error_response"):
        raise Failed("the server answered as if nothing were wrong")
    return answer


def asks_for_all(answer: ServerToAgent) -> bool:
    """Whether it has ReportFullState."""
    return bool(answer.flags & 1)


def wait_for_offer(probe: ServerProbe, agent: FakeAgent) -> ServerToAgent:
    """The next message that has a configuration; over HTTP the agent polls for it.

    Raises:
        Failed: None comes in time.
    """
    ends_s = time.monotonic() + probe.target.timeout_s
    while (left_s := ends_s - time.monotonic()) > 0:
        try:
            line = agent.line
            answer = line.hear(left_s) if isinstance(line, SocketLine) else agent.beat()
        except Silence:
            break
        if answer.HasField("remote_config"):
            return answer
        if not isinstance(agent.line, SocketLine):
            time.sleep(POLL_S)
    raise Failed("the assigned configuration is not offered")
