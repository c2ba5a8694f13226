"""Names the rules that a conversation breaks, from what goes over the wire and nothing else.

One `Monitor` for a connection, fed with what is sent in either direction, and `Watch` for the
place where many connections pass (a server, a tap), which remembers an agent from one to the next.
The monitor is made from the session types of `otx.opamp.protocol`. It never accuses wrongly: a push
may cross a report, a connection may have begun before anybody watched, a message may be lost behind
the watcher; what cannot be known is not said.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from otx.opamp.agent_watch import AgentWatch, Memory, digest
from otx.opamp.capabilities import ServerCapability
from otx.opamp.message_rules import Finding
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.opamp.rules import Rule, Transport, rule

PATIENCE_NS = 60_000_000_000
"""How long a peer may be busy before a message counts as read, or an answer as missing."""
AGENTS = 10_000
"""Agents that are remembered; of the one heard of least recently everything is forgotten."""
AGENTS_OF_A_CONNECTION = 128
"""The same for one WebSocket, behind which a gateway, or nobody good, may have any number."""
FINDINGS = 16
"""Of one message; a thousand packages with one fault are no thousand findings."""
EVIDENCE = 200
"""Characters; names in it are the peer's."""
T = TypeVar("T")
_NORMAL_CLOSE = {1000, 1001, 1005}


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that was broken, by whom, and what shows it."""

    rule: Rule
    side: Side
    evidence: str
    uid: bytes
    at_ns: int

    def __str__(self) -> str:
        one = self.rule
        return f"{self.side.value} breaks {one.level.value} {one.number}: {self.evidence}"


class Watch:
    """Agents seen at one place.

    Args:
        patience_ns: See `PATIENCE_NS`.
        agents: How many are remembered.
    """

    def __init__(self, patience_ns: int = PATIENCE_NS, agents: int = AGENTS) -> None:
        self.patience_ns = patience_ns
        self.agents = agents
        self._memories: OrderedDict[bytes, Memory] = OrderedDict()

    def connection(self, transport: Transport = Transport.WEBSOCKET) -> "Monitor":
        """A monitor for one WebSocket, or for all that goes over plain HTTP."""
        return Monitor(transport, self)

    def memory(self, uid: bytes) -> Memory:
        """What is known of an agent."""
        return _recent(self._memories, uid, Memory, self.agents)

    def rename(self, old: bytes, new: bytes) -> None:
        """The agent has another uid from here on."""
        _put(self._memories, new, self.memory(old), self.agents)


class Monitor:
    """One connection."""

    def __init__(
        self, transport: Transport = Transport.WEBSOCKET, watch: Watch | None = None
    ) -> None:
        self._watch = watch or Watch()
        self._is_http = transport is Transport.HTTP
        most = self._watch.agents
        self._most = most if self._is_http else min(most, AGENTS_OF_A_CONNECTION)
        self._agents: OrderedDict[bytes, AgentWatch] = OrderedDict()
        self._requests: OrderedDict[bytes, _Requests] = OrderedDict()
        self._is_first_answer = True
        self._is_closed = False

    def client_sent(
        self, report: AgentToServer, now_ns: int, is_delivered: bool = True
    ) -> list[Broken]:
        """A report on its way to the server; not `is_delivered`: lost behind the watcher."""
        uid = report.instance_uid
        agent = self._agent(uid)
        found = list(agent.reported(report, now_ns, is_delivered))
        if self._is_http:
            found += self._of_requests(uid).begins(report, now_ns)
        return self._broken(Side.CLIENT, found, uid, now_ns)

    def server_sent(
        self, answer: ServerToAgent, now_ns: int, is_delivered: bool = True
    ) -> list[Broken]:
        """A message on its way to the client, answer or push."""
        uid = answer.instance_uid
        agent = self._agents.get(uid)
        if agent is None:
            return self._broken(Side.SERVER, self._to_nobody(answer), uid, now_ns)
        found = list(agent.answered(answer, now_ns, is_delivered))
        if not answer.HasField("error_response"):
            found += self._first_capabilities(answer)
        if answer.HasField("agent_identification") and is_delivered:
            new = answer.agent_identification.new_instance_uid
            _put(self._agents, new, agent, self._most)
            self._watch.rename(uid, new)
        if self._is_http:
            self._of_requests(uid).ended()
        return self._broken(Side.SERVER, found, uid, now_ns)

    def malformed(self, side: Side, reason: str, now_ns: int) -> list[Broken]:
        """A text frame, another header than 0, or bytes that do not decode; WebSocket."""
        number = 1 if side is Side.CLIENT else 2
        if side is Side.CLIENT:
            for agent in self._agents.values():
                agent.missed()  # it may have been any agent's, and used up a number
        return self._broken(side, [(number, reason)], b"", now_ns)

    def refused(
        self, uid: bytes, status: int, now_ns: int, retry_after_s: float | None = None
    ) -> list[Broken]:
        """A request was answered with another status than 200; status 0: with none at all."""
        self._of_requests(uid).refused(status, now_ns, retry_after_s)
        if uid in self._agents:
            self._agents[uid].was_refused()
        return []

    def closed(self, side: Side, code: int, now_ns: int) -> list[Broken]:
        """The first Close frame of a WebSocket, by this side."""
        agents = list(dict.fromkeys(self._agents.values()))
        if self._is_closed or side is Side.SERVER or code not in _NORMAL_CLOSE:
            self._is_closed = True
            return []
        self._is_closed = True
        found = [finding for agent in agents for finding in agent.closes(now_ns)]
        return self._broken(Side.CLIENT, found[:1], next(iter(self._agents), b""), now_ns)

    def tick(self, now_ns: int) -> list[Broken]:
        """Time passed; what is overdue. Call it every second or so while the connection is open."""
        broken: list[Broken] = []
        for uid, agent in self._agents.items():
            broken += self._broken(Side.SERVER, agent.tick(now_ns), uid, now_ns)
        return broken

    def _agent(self, uid: bytes) -> AgentWatch:
        return _recent(
            self._agents,
            uid,
            lambda: AgentWatch(self._watch.memory(uid), self._is_http, self._watch.patience_ns),
            self._most,
        )

    def _of_requests(self, uid: bytes) -> "_Requests":
        return _recent(self._requests, uid, _Requests, self._watch.agents)

    def _to_nobody(self, answer: ServerToAgent) -> list[Finding]:
        # Of a report that did not decode nobody knows the sender.
        if answer.HasField("error_response") and not answer.instance_uid:
            return []
        if len(self._agents) >= self._most:
            return []  # it may be one that was forgotten
        if not self._agents:
            return [(66, "a message before the first report of this connection")]
        return [(66, "the instance_uid is of no agent on this connection")]

    def _first_capabilities(self, answer: ServerToAgent) -> list[Finding]:
        # Over HTTP it cannot be seen whether this is the first answer.
        if not self._is_first_answer or self._is_http:
            return []
        self._is_first_answer = False
        if answer.capabilities & ServerCapability.ACCEPTS_STATUS:
            return []
        return [(68, f"capabilities are {answer.capabilities:#x} in the first answer")]

    def _broken(
        self, side: Side, found: Iterable[Finding], uid: bytes, now_ns: int
    ) -> list[Broken]:
        some = list(found)[:FINDINGS]
        return [Broken(rule(one), side, why[:EVIDENCE], uid, now_ns) for one, why in some]


class _Requests:
    """The requests of one agent over plain HTTP."""

    __slots__ = ("_in_flight", "_not_before_ns", "_sent", "_sequence", "_too_large")

    def __init__(self) -> None:
        self._sequence = 0
        self._in_flight = False
        self._sent = b""
        self._too_large = b""
        self._not_before_ns = 0

    def begins(self, report: AgentToServer, now_ns: int) -> list[Finding]:
        found: list[Finding] = []
        follows = report.sequence_num == self._sequence + 1
        sent = digest(report)
        # A number that does not follow may be another process with the same uid.
        if self._in_flight and follows:
            found.append((30, "a request before the response to the one before"))
        if sent == self._too_large:
            found.append((46, "the request that was answered 413, once more"))
        if now_ns < self._not_before_ns and follows:
            left_s = (self._not_before_ns - now_ns) / 1e9
            found.append((35, f"a request {left_s:.1f} s before Retry-After is over"))
        self._sequence, self._in_flight, self._sent = report.sequence_num, True, sent
        return found

    def ended(self) -> None:
        self._in_flight = False
        self._not_before_ns = 0

    def refused(self, status: int, now_ns: int, retry_after_s: float | None) -> None:
        self.ended()
        if status == 413:
            self._too_large = self._sent
        if status in (429, 503) and retry_after_s is not None:
            self._not_before_ns = now_ns + int(retry_after_s * 1e9)


def _recent(known: OrderedDict[bytes, T], uid: bytes, make: Callable[[], T], limit: int) -> T:
    found = known.get(uid)
    if found is None:
        found = make()
        _put(known, uid, found, limit)
    known.move_to_end(uid)
    return found


def _put(known: OrderedDict[bytes, T], uid: bytes, value: T, limit: int) -> None:
    known[uid] = value
    while len(known) > limit:
        known.popitem(last=False)
