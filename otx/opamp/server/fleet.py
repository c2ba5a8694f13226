"""The server's core: a report in, exactly one answer out, and what is to be sent without a report.

Nothing here waits, reads a clock or touches a socket: the time comes in as an argument, what has to
be kept goes into a journal, and every message to an agent leaves in an envelope that opens once.
Whoever drives it must have kept what the journal got before it sends the answer: then nothing that
was acknowledged is lost.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from otx.opamp.capabilities import AgentFlag
from otx.opamp.effect import Once
from otx.opamp.framing import Malformed
from otx.opamp.instance_uid import SIZE, new_uid, uid_text
from otx.opamp.opamp_pb2 import AgentIdentification, AgentToServer, ServerToAgent
from otx.opamp.server.agent import PATIENCE, Agent, Patience
from otx.opamp.server.answers import bad_request, unavailable
from otx.opamp.server.authority import Authority, CsrRefused
from otx.opamp.server.identity import NIL, Link, PollSeries
from otx.opamp.server.journal import Cell, Entry, Journal, about
from otx.opamp.server.numbers import judge_number
from otx.opamp.server.offering import Offering, put_requests, says_more
from otx.opamp.server.reports import absorb, check_sizes, is_bare, is_complete
from otx.opamp.server.rollouts import Rollouts
from otx.opamp.server.settings import Settings, SettingsBook
from otx.opamp.server.verdicts import Verdicts

MOST_AGENTS_OF_A_LINK = 100
MOST_KNOWN = 100_000
"""Agents that are kept, there or not: whoever makes up uids must not fill the memory."""
FORGET_AFTER_NS = 30 * 86_400_000_000_000
FULL_RETRY_NS = 600_000_000_000
MOST_SWALLOWED = 1_000
"""Reports that a dead connection may have taken with it: so far ahead an agent is still itself."""
UNCONFIRMED_NS = 300_000_000_000
"""How long an agent that was given a uid and never used it is kept."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What follows from a report.

    Attributes:
        answer: The message that answers it.
        uid: What the agent is kept under; None where the report was refused.
        closes: Numbers of links that another one took the place of.
    """

    answer: Once[ServerToAgent]
    uid: bytes | None = None
    closes: tuple[int, ...] = ()


class Fleet:
    """Every agent that was ever heard, and what it is to be told.

    Attributes:
        agents: By the uid they are kept under.
        most_known: Agents that are kept.
        forget_after_ns: How long an agent that is gone is kept.
        on_retired: Called with settings whose token is no longer valid.
        due: Uids with something to be sent at once, where there is a connection.
    """

    def __init__(
        self,
        journal: Journal,
        rollouts: Rollouts,
        patience: Patience = PATIENCE,
        make_uid: Callable[[int], bytes] = new_uid,
        authority: Authority | None = None,
    ) -> None:
        """Begin empty; `make_uid` gets the time in milliseconds."""
        self.journal = journal
        self.rollouts = rollouts
        self.settings = SettingsBook(journal)
        self._offering = Offering(journal, rollouts, self.settings, authority)
        self._verdicts = Verdicts(journal, rollouts)
        self.patience = patience
        self.agents: dict[bytes, Agent] = {}
        self.due: set[bytes] = set()
        self.heard: set[bytes] = set()
        self.most_known = MOST_KNOWN
        self.forget_after_ns = FORGET_AFTER_NS
        self.on_retired: Callable[[Settings], None] = lambda settings: None
        self._series = PollSeries()
        self._make_uid = make_uid

    def receive(self, link: Link, message: AgentToServer, now_ns: int) -> Reply:
        """Take in a report and answer it."""
        uid = message.instance_uid
        refusal = self._refusal(link, message)
        if refusal is not None:
            return Reply(Once(refusal))
        kept_uid = self._kept_under(link, message, now_ns)
        agent = self._agent(kept_uid, now_ns, uses_it=kept_uid == uid)
        is_new_link = self._is_new_link(agent, link)
        closes = self._bind(agent, link, now_ns)
        self._take(agent, link, message, now_ns, is_new_link=is_new_link)
        answer = self._answer(agent, link, message, now_ns, is_new_link=is_new_link)
        return Reply(Once(answer), kept_uid, closes)

    def lost(self, link: Link, now_ns: int) -> None:
        """A connection is gone, and with it all agents that are on it."""
        for uid in link.uids:
            agent = self.agents.get(uid)
            if agent is not None and agent.link == link.number:
                agent.link = None
                self.heard.add(uid)
        link.uids.clear()

    def push_message(self, link: Link, uid: bytes, now_ns: int) -> Once[ServerToAgent] | None:
        """What an agent on a connection is to be sent without a report; None for nothing.

        A command travels alone (specification, ServerToAgent.command), so it waits for an offer.
        """
        agent = self.agents.get(uid)
        if agent is None or agent.link != link.number:
            return None
        offering = self._offering
        message = offering.begin(uid)
        is_due = not agent.said_goodbye and (
            offering.put_config(agent, message, now_ns, says_status=False, is_new_link=False)
            or offering.put_settings(agent, link, message, now_ns, says_status=False)
            or offering.put_custom(agent, message)
            or offering.put_command(agent, message, now_ns)
        )
        return Once(message) if is_due else None

    def has_push(self, uid: bytes) -> bool:
        """Whether a command waits for an agent."""
        agent = self.agents.get(uid)
        return agent is not None and agent.restart_ordered_ns > 0

    def tick(self, now_ns: int) -> None:
        """Move staged pushes on, and drop agents that never used the uid they were given."""
        changed = self.rollouts.tick(self.agents.values(), now_ns, self.patience)
        for uid in changed:
            self.reassign(self.agents[uid])
        for one in self.settings.retire(self.agents.values(), now_ns):
            self.on_retired(one)
        for agent in [one for one in self.agents.values() if self._is_past(one, now_ns)]:
            self.forget(agent)

    def forget(self, agent: Agent) -> None:
        """Drop an agent and all that is known of it."""
        del self.agents[agent.uid]
        self.journal.forget_agent(agent.uid)

    def reassign(self, agent: Agent) -> None:
        """Work out anew what an agent is assigned; it is due if that changed."""
        before = agent.assigned
        agent.assigned = self.rollouts.assigned(agent)
        if agent.assigned is not None and agent.assigned != before and agent.link is not None:
            self.due.add(agent.uid)

    def reassign_all(self) -> None:
        """After a push began, ended or was taken back."""
        for agent in self.agents.values():
            self.reassign(agent)

    def select(self, matches: Callable[[Agent], bool]) -> list[Agent]:
        """The agents for which something holds, in the order they were first seen."""
        return [agent for agent in self.agents.values() if matches(agent)]

    def take_heard(self) -> Iterable[Agent]:
        """The agents heard since this was last asked, whose last_seen is not kept yet."""
        heard, self.heard = self.heard, set()
        return [self.agents[uid] for uid in heard if uid in self.agents]

    def _is_past(self, agent: Agent, now_ns: int) -> bool:
        """Whether an agent is to be forgotten: it never used its uid, or is gone for very long."""
        silent_ns = now_ns - agent.last_seen_ns
        if not agent.is_confirmed and silent_ns > UNCONFIRMED_NS:
            return True
        return agent.link is None and silent_ns > self.forget_after_ns

    def _refusal(self, link: Link, message: AgentToServer) -> ServerToAgent | None:
        """The answer to a report that is not taken in at all; None for one that is."""
        uid = message.instance_uid
        if len(uid) != SIZE:
            return bad_request(uid, f"instance_uid has {len(uid)} bytes, not {SIZE}")
        if uid not in link.uids and len(link.uids) >= MOST_AGENTS_OF_A_LINK:
            return bad_request(uid, f"more than {MOST_AGENTS_OF_A_LINK} agents on one connection")
        try:
            check_sizes(message)
        except Malformed as malformed:
            return bad_request(uid, malformed.reason)
        if uid not in self.agents and len(self.agents) >= self.most_known:
            return unavailable(uid, "no more agents are taken", FULL_RETRY_NS)
        return None

    def _answer(
        self, agent: Agent, link: Link, message: AgentToServer, now_ns: int, *, is_new_link: bool
    ) -> ServerToAgent:
        """The answer to a report that was taken in."""
        uid, offering = message.instance_uid, self._offering
        answer = offering.begin(uid)
        try:
            offering.put_certificate(agent, link, message, answer, now_ns)
        except CsrRefused as refused:
            self.journal.audit(about(agent, "server", "certificate", f"refused: {refused}", now_ns))
            return bad_request(uid, str(refused))
        if agent.uid != uid:
            answer.agent_identification.CopyFrom(AgentIdentification(new_instance_uid=agent.uid))
        put_requests(agent, answer)
        if agent.said_goodbye:
            return answer
        says_config = message.HasField("remote_config_status")
        says_settings = message.HasField("connection_settings_status")
        if not offering.put_config(
            agent, answer, now_ns, says_status=says_config, is_new_link=is_new_link
        ):
            offering.put_settings(agent, link, answer, now_ns, says_status=says_settings)
        offering.put_custom(agent, answer)
        if not link.number and not says_more(answer):
            offering.put_command(agent, answer, now_ns)  # over HTTP there is no other time for it
        return answer

    def _kept_under(self, link: Link, message: AgentToServer, now_ns: int) -> bytes:
        """The uid that a report's agent is kept under."""
        uid = message.instance_uid
        if uid in link.aliases:
            return link.aliases[uid]
        if message.flags & AgentFlag.REQUEST_INSTANCE_UID or uid == NIL:
            return self._given(link, uid, "it asked for a uid", now_ns)
        agent = self.agents.get(uid)
        if agent is None:
            return uid
        if link.transport == "http":
            return self._of_series(agent, message, now_ns)
        if self._is_doubled(agent, link, message, now_ns):
            return self._given(link, uid, "another live agent has its uid", now_ns)
        return uid

    def _is_doubled(self, agent: Agent, link: Link, message: AgentToServer, now_ns: int) -> bool:
        """Whether a report comes from a second agent, over a second connection."""
        if agent.link is None or agent.link == link.number or agent.transport == "http":
            return False
        ahead = message.sequence_num - (agent.sequence_num or 0)
        if agent.sequence_num is not None and 0 < ahead <= MOST_SWALLOWED:
            return False  # the same process, whose old connection is not known to be dead
        return now_ns - agent.last_seen_ns < self.patience.stale_ns(agent.interval_s)

    def _of_series(self, agent: Agent, message: AgentToServer, now_ns: int) -> bytes:
        if is_bare(message):
            return agent.uid
        number = message.sequence_num
        if newcomer := self._series.newcomer(agent.uid, number):
            return newcomer
        given = self._series.note(
            agent.uid, agent.sequence_num, number, lambda: self._make_uid(now_ns // 1_000_000)
        )
        if given is not None:
            # What is known is a mixture of two agents'.
            agent.needs_full = True
            self._audit_identity(agent.uid, given, "another live agent has its uid", now_ns)
        return agent.uid

    def _given(self, link: Link, uid: bytes, why: str, now_ns: int) -> bytes:
        given = self._make_uid(now_ns // 1_000_000)
        if link.number:
            link.aliases[uid] = given
        self._audit_identity(uid, given, why, now_ns)
        return given

    def _audit_identity(self, uid: bytes, given: bytes, why: str, now_ns: int) -> None:
        line = f"{why}: {uid_text(given)} was assigned"
        self.journal.audit(Entry(now_ns, "server", "identity", uid_text(uid), line))

    def _agent(self, uid: bytes, now_ns: int, *, uses_it: bool) -> Agent:
        agent = self.agents.get(uid)
        if agent is None:
            agent = Agent(uid=uid, first_seen_ns=now_ns, last_seen_ns=now_ns)
            agent.is_confirmed = uses_it
            agent.relabel()
            self.agents[uid] = agent
            self.journal.agent(uid, {"first_seen": now_ns, "needs_full": 1})
        agent.is_confirmed |= uses_it
        return agent

    def _is_new_link(self, agent: Agent, link: Link) -> bool:
        if link.number:
            return agent.link != link.number
        return agent.peer != link.peer

    def _bind(self, agent: Agent, link: Link, now_ns: int) -> tuple[int, ...]:
        """Put an agent on a connection; the connections that are left without one by it."""
        before = agent.link
        link.uids.add(agent.uid)
        if before != (link.number or None) or agent.said_goodbye:
            agent.connected_ns = now_ns
        agent.transport, agent.peer = link.transport, link.peer
        agent.credential = link.credential
        agent.link = link.number or None
        agent.said_goodbye = False
        agent.last_seen_ns = now_ns
        self.heard.add(agent.uid)
        return (before,) if before is not None and before != agent.link else ()

    def _take(
        self, agent: Agent, link: Link, message: AgentToServer, now_ns: int, *, is_new_link: bool
    ) -> None:
        """Take over a report, and note what has to be asked for."""
        numbered = judge_number(agent, message, link.transport, is_new_link=is_new_link)
        complete = is_complete(agent, message)
        needed_full = agent.needs_full
        if complete:
            agent.needs_full, agent.asks = False, 0
        elif not is_bare(message) and not numbered.fits:
            agent.needs_full = True
        row = absorb(agent, message, now_ns, complete=complete)
        if not is_bare(message):
            agent.sequence_num = message.sequence_num
        if agent.needs_full != needed_full:
            row["needs_full"] = int(agent.needs_full)
        if message.HasField("remote_config_status"):
            self._verdicts.of_config(agent, now_ns)
        if message.HasField("connection_settings_status"):
            self._verdicts.of_settings(agent, now_ns)
        if message.HasField("agent_description") or complete:
            self.reassign(agent)
        self._verdicts.of_stranger(agent, now_ns)
        self._verdicts.of_restart(agent, now_ns)
        if message.HasField("agent_disconnect"):
            agent.said_goodbye, agent.expected_until_ns = True, 0
        if row:
            row["last_seen"] = now_ns
            row["sequence_num"] = _signed(agent.sequence_num)
            self.journal.agent(agent.uid, row)


def _signed(number: int | None) -> Cell:
    """A number of 64 bits as SQLite keeps it; one beyond its range is forgotten, which is a gap."""
    return number if number is not None and number < 1 << 63 else None
