"""Connection settings that agents are offered, and when old credentials may go.

An agent that applies new settings can fail half way: the server has accepted the new credential and
the agent has not seen that and goes back to the old one. A server that had deleted it would lock
the agent out for good. So a token that this server gave out stays valid until every agent it was
replaced for has moved on: it reported APPLIED, or it spoke with the new token.

What is offered is always complete. Settings that leave out headers or a certificate mean, to some
agents, that there are none.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from otx.opamp.capabilities import SETTINGS_NEED, AgentCapability
from otx.opamp.opamp_pb2 import ConnectionSettingsOffers, Header, OpAMPConnectionSettings
from otx.opamp.server.agent import Agent, Offer, Progress
from otx.opamp.server.identity import Link
from otx.opamp.server.journal import Entry, Journal
from otx.opamp.server.selector import Selector

DEFAULT_HEARTBEAT_S = 30
AUTHORIZATION = "Authorization"


class SettingsState(StrEnum):
    """Where settings are."""

    OFFERED = "offered"
    """They hold; agents may still use earlier ones."""
    RETIRED = "retired"
    """Newer ones took their place and every agent moved on: their token is no longer valid."""


@dataclass(slots=True)
class Settings:
    """Connection settings for the agents of a selector.

    Attributes:
        offers: What is offered to an agent that takes everything.
        token_digest: SHA-256 of the token that was made for them; None for none.
    """

    number: int
    selector: Selector
    offers: ConnectionSettingsOffers
    token_digest: bytes | None = None
    state: SettingsState = SettingsState.OFFERED
    who: str = ""
    why: str = ""
    made_ns: int = 0

    @property
    def hash(self) -> bytes:
        """The hash agents know them by."""
        return self.offers.hash


@dataclass(slots=True)
class SettingsBook:
    """All connection settings.

    Attributes:
        heartbeat_s: The interval for agents without settings of their own; 0 leaves it to them.
        tells_certificates: Whether agents use client certificates, which only complete settings
            keep: then no interval is offered by itself.
    """

    journal: Journal
    heartbeat_s: int = 0
    tells_certificates: bool = False
    by_number: dict[int, Settings] = field(default_factory=dict)

    def begin(
        self,
        selector: Selector,
        offers: ConnectionSettingsOffers,
        token_digest: bytes | None,
        who: str,
        why: str,
        now_ns: int,
    ) -> Settings:
        """Offer settings to the agents of a selector."""
        number = max(self.by_number, default=0) + 1
        offers.hash = settings_hash(offers, number)
        one = Settings(number, selector, offers, token_digest, who=who, why=why, made_ns=now_ns)
        self.by_number[number] = one
        self.journal.settings(
            number,
            {
                "selector": str(selector),
                "hash": one.hash,
                "offers": offers.SerializeToString(deterministic=True),
                "token_digest": token_digest,
                "state": one.state.value,
                "who": who,
                "why": why,
                "made": now_ns,
            },
        )
        whom = str(selector) or "all agents"
        outcome = f"settings {number} ({one.hash.hex()[:8]}) are offered"
        self.journal.audit(Entry(now_ns, who, "settings", whom, outcome))
        return one

    def assigned(self, agent: Agent) -> Settings | None:
        """The settings that hold for an agent: the most specific, then the newest."""
        holding = [
            one
            for one in self.by_number.values()
            if one.state is SettingsState.OFFERED and one.selector.matches(agent.labels)
        ]
        return max(holding, key=lambda one: (one.selector.specificity, one.number), default=None)

    def stronger(self, one: Settings) -> list[Settings]:
        """The settings that hold instead of these for agents that they match, too."""
        rank = (one.selector.specificity, one.number)
        return [
            other
            for other in self.by_number.values()
            if other.state is SettingsState.OFFERED
            and (other.selector.specificity, other.number) > rank
        ]

    def offer(
        self, agent: Agent, link: Link, now_ns: int, *, says_status: bool
    ) -> ConnectionSettingsOffers | None:
        """What an agent is to be offered now; None for nothing."""
        if agent.needs_full or not agent.capabilities:
            return None
        one = self.assigned(agent)
        offers = allowed(one.offers, agent) if one else self._interval(agent, link)
        if offers is None or not _wants(agent, offers.hash, now_ns, says_status=says_status):
            return None
        if agent.settings_offer is None or agent.settings_offer.hash != offers.hash:
            agent.settings_offer = Offer(offers.hash, first_ns=now_ns, last_ns=now_ns)
            self.journal.agent(agent.uid, {"settings_offer": offers.hash})
        else:
            agent.settings_offer.last_ns = now_ns
            agent.settings_offer.times += 1
        if offers.HasField("opamp"):
            agent.interval_s = offers.opamp.heartbeat_interval_seconds
        return offers

    def retire(self, agents: Collection[Agent], now_ns: int) -> list[Settings]:
        """Retire settings whose agents all moved on to newer ones; those that were."""
        retired = []
        for one in self.by_number.values():
            successor = self._successor(one)
            if one.state is not SettingsState.OFFERED or successor is None:
                continue
            concerned = [agent for agent in agents if one.selector.matches(agent.labels)]
            if not all(_has_moved(agent, one, successor) for agent in concerned):
                continue
            one.state = SettingsState.RETIRED
            self.journal.settings(one.number, {"state": one.state.value})
            whom = str(one.selector) or "all agents"
            outcome = f"settings {one.number} are retired: all agents use {successor.number}"
            self.journal.audit(Entry(now_ns, "server", "settings", whom, outcome))
            retired.append(one)
        return retired

    def put_away(self, one: Settings, who: str, now_ns: int) -> Settings:
        """Retire settings that no agent is left for."""
        one.state = SettingsState.RETIRED
        self.journal.settings(one.number, {"state": one.state.value})
        whom = str(one.selector) or "all agents"
        outcome = f"settings {one.number} are retired: no agent is left for them"
        self.journal.audit(Entry(now_ns, who, "settings", whom, outcome))
        return one

    def _successor(self, one: Settings) -> Settings | None:
        """The newest settings for the same selector, if they are newer."""
        same = [other for other in self.by_number.values() if other.selector == one.selector]
        newest = max(same, key=lambda other: other.number)
        return newest if newest.number > one.number else None

    def _interval(self, agent: Agent, link: Link) -> ConnectionSettingsOffers | None:
        """An offer of nothing but the interval, with all that it must not take away."""
        if not self.heartbeat_s or self.tells_certificates or not link.url:
            return None
        if not _takes_interval(agent):
            return None
        opamp = OpAMPConnectionSettings(
            destination_endpoint=link.url, heartbeat_interval_seconds=self.heartbeat_s
        )
        if link.authorization:
            opamp.headers.headers.append(Header(key=AUTHORIZATION, value=link.authorization))
        offers = ConnectionSettingsOffers(opamp=opamp)
        offers.hash = settings_hash(offers, 0)
        return offers


def allowed(offers: ConnectionSettingsOffers, agent: Agent) -> ConnectionSettingsOffers | None:
    """The parts of settings that an agent's capabilities allow; None where nothing is left.

    The hash stays that of all of them, as the specification says.
    """
    rest = ConnectionSettingsOffers()
    rest.CopyFrom(offers)
    for name, bit in SETTINGS_NEED.items():
        if not agent.can(bit):
            rest.ClearField(name)
    names = {field.name for field, _ in rest.ListFields()}
    return rest if names - {"hash"} else None


def settings_hash(offers: ConnectionSettingsOffers, number: int) -> bytes:
    """SHA-256 over all settings; their number makes equal ones that are offered again differ."""
    bare = ConnectionSettingsOffers()
    bare.CopyFrom(offers)
    bare.ClearField("hash")
    digest = hashlib.sha256(b"otx settings 1" + number.to_bytes(8, "big"))
    digest.update(bare.SerializeToString(deterministic=True))
    return digest.digest()


def given_tokens(settings: Iterable[Settings]) -> dict[bytes, int]:
    """Digests of the tokens that are valid because of settings -> their number."""
    return {
        one.token_digest: one.number
        for one in settings
        if one.token_digest is not None and one.state is SettingsState.OFFERED
    }


def _takes_interval(agent: Agent) -> bool:
    return agent.can(AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS) or agent.can(
        AgentCapability.REPORTS_HEARTBEAT
    )


def _wants(agent: Agent, hash_: bytes, now_ns: int, *, says_status: bool) -> bool:
    if hash_ in agent.failures or agent.settings.hash == hash_:
        return False
    offer = agent.settings_offer
    if offer is None or offer.hash != hash_:
        return True
    # Whoever says nothing of settings takes them or does not; offering them again to an agent that
    # reconnects for them would have it reconnect for ever.
    reports = agent.can(AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS)
    return reports and (says_status or now_ns - offer.last_ns > 60_000_000_000)


def _has_moved(agent: Agent, before: Settings, successor: Settings) -> bool:
    """Whether an agent needs nothing any more but the settings that came later."""
    if allowed(successor.offers, agent) is None:
        return agent.credential != before.token_digest
    is_applied = agent.settings.progress is Progress.APPLIED
    if agent.settings.hash == successor.hash and is_applied:
        return True
    return successor.token_digest is not None and agent.credential == successor.token_digest
