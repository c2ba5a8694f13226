"""What goes into a message to an agent: requests for state, offers, commands, certificates.

Each function puts one thing in, if it is due and the agent's capabilities allow it, and remembers
that it was sent. What may stand beside what is the caller's matter.
"""

from dataclasses import dataclass

from otx.opamp.capabilities import AgentCapability, ServerCapability, ServerFlag
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    Header,
    ServerToAgent,
    ServerToAgentCommand,
)
from otx.opamp.server.agent import Agent
from otx.opamp.server.authority import Authority
from otx.opamp.server.configuration import Configuration, short_hash
from otx.opamp.server.identity import Link
from otx.opamp.server.journal import Journal, about
from otx.opamp.server.offers import note_offer, wants
from otx.opamp.server.rollouts import Rollouts
from otx.opamp.server.settings import (
    AUTHORIZATION,
    DEFAULT_HEARTBEAT_S,
    SettingsBook,
    settings_hash,
)

CAPABILITIES = (
    ServerCapability.ACCEPTS_STATUS
    | ServerCapability.OFFERS_REMOTE_CONFIG
    | ServerCapability.ACCEPTS_EFFECTIVE_CONFIG
    | ServerCapability.ACCEPTS_PACKAGES_STATUS
    | ServerCapability.OFFERS_CONNECTION_SETTINGS
)


@dataclass(frozen=True, slots=True)
class Offering:
    """Everything that can be offered.

    Attributes:
        authority: Signs certificates that agents ask for; None for a server that grants none.
    """

    journal: Journal
    rollouts: Rollouts
    settings: SettingsBook
    authority: Authority | None = None

    def begin(self, uid: bytes) -> ServerToAgent:
        """A message to an agent with nothing in it yet.

        The protocol wants the capabilities in the first message of a connection; they are in each,
        which costs two bytes and cannot be forgotten.
        """
        bits = CAPABILITIES
        if self.authority is not None:
            bits |= ServerCapability.ACCEPTS_CONNECTION_SETTINGS_REQUEST
        return ServerToAgent(instance_uid=uid, capabilities=bits)

    def assigned(self, agent: Agent) -> Configuration | None:
        """The configuration that an agent is assigned."""
        push = self.rollouts.pushes.get(agent.assigned) if agent.assigned is not None else None
        return self.rollouts.configurations.get(push.config_hash) if push is not None else None

    def put_config(
        self,
        agent: Agent,
        message: ServerToAgent,
        now_ns: int,
        *,
        says_status: bool,
        is_new_link: bool,
    ) -> bool:
        """Offer the assigned configuration if the agent should have it; whether it is in."""
        assigned = self.assigned(agent)
        if assigned is None or not wants(
            agent, assigned, now_ns, says_status=says_status, is_new_link=is_new_link
        ):
            return False
        message.remote_config.CopyFrom(assigned.offer())
        is_first = agent.offer is None or agent.offer.hash != assigned.hash
        note_offer(agent, assigned.hash, now_ns)
        if is_first:
            self.journal.audit(about(agent, "server", "offer", assigned.label, now_ns))
        return True

    def put_settings(
        self,
        agent: Agent,
        link: Link,
        message: ServerToAgent,
        now_ns: int,
        *,
        says_status: bool,
    ) -> bool:
        """Offer connection settings if the agent should have them; whether they are in."""
        if message.HasField("connection_settings"):
            return False
        offers = self.settings.offer(agent, link, now_ns, says_status=says_status)
        if offers is None:
            return False
        message.connection_settings.CopyFrom(offers)
        words = f"settings {short_hash(offers.hash)}"
        self.journal.audit(about(agent, "server", "offer", words, now_ns))
        return True

    def put_custom(self, agent: Agent, message: ServerToAgent) -> bool:
        """Put in a custom message, of which there can be one; whether it is in.

        The server's list of capabilities goes with it: a message of one that is not in the list
        may be ignored (specification, CustomMessage).
        """
        if not agent.outbox:
            return False
        one = agent.outbox.popleft()
        message.custom_capabilities.capabilities.append(one.capability)
        message.custom_message.CopyFrom(one)
        return True

    def put_command(self, agent: Agent, message: ServerToAgent, now_ns: int) -> bool:
        """Put in a restart that was ordered; whether it is in."""
        if not agent.restart_ordered_ns or not agent.can(AgentCapability.ACCEPTS_RESTART_COMMAND):
            return False
        message.command.CopyFrom(ServerToAgentCommand())
        agent.restart_ordered_ns, agent.restart_sent_ns = 0, now_ns
        self.journal.agent(agent.uid, {"restart_ordered": 0})
        self.journal.audit(about(agent, "server", "restart", "the command was sent", now_ns))
        return True

    def put_certificate(
        self,
        agent: Agent,
        link: Link,
        report: AgentToServer,
        answer: ServerToAgent,
        now_ns: int,
    ) -> None:
        """Grant a certificate that a report asks for.

        A server without an authority does not say that it grants any, and ignores the request: an
        error would stand in the way of everything else it has to say.

        Raises:
            CsrRefused: It is not granted.
        """
        csr = report.connection_settings_request.opamp.certificate_request.csr
        if self.authority is None or not csr:
            return
        certificate, authority = self.authority.sign(csr, agent.uid, now_ns)
        opamp = answer.connection_settings.opamp
        opamp.destination_endpoint = link.url
        opamp.heartbeat_interval_seconds = agent.interval_s or DEFAULT_HEARTBEAT_S
        opamp.certificate.cert, opamp.certificate.ca_cert = certificate, authority
        if link.authorization:
            opamp.headers.headers.append(Header(key=AUTHORIZATION, value=link.authorization))
        answer.connection_settings.hash = settings_hash(answer.connection_settings, 0)
        self.journal.audit(about(agent, "server", "certificate", "granted", now_ns))


def put_requests(agent: Agent, answer: ServerToAgent) -> None:
    """Ask for what is not known of an agent: its full state, its components."""
    if agent.needs_full:
        agent.asks += 1
        answer.flags |= ServerFlag.REPORT_FULL_STATE
    lacks_components = agent.components_hash and not agent.has_components
    if lacks_components and agent.can(AgentCapability.REPORTS_AVAILABLE_COMPONENTS):
        answer.flags |= ServerFlag.REPORT_AVAILABLE_COMPONENTS


def says_more(answer: ServerToAgent) -> bool:
    """Whether a message has more than uid and capabilities, which is all a command allows."""
    return any(
        field.name not in ("instance_uid", "capabilities") for field, _ in answer.ListFields()
    )
