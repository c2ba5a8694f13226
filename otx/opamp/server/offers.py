"""What a message to an agent may carry: only what its capabilities allow and what it does not have.

The protocol asks a server to compare the hash the agent reports with its own and to send the
configuration where they differ. Three things bound that, or a bad configuration is offered without
end: what the agent said FAILED to is not offered again, one that it keeps going back from counts as
failed, and a heartbeat just after an offer does not repeat it.
"""

from otx.opamp.capabilities import AgentCapability
from otx.opamp.server.agent import Agent, Failure, Offer, Progress
from otx.opamp.server.configuration import Configuration, short_hash

QUIET_NS = 10_000_000_000
"""After an offer, reports that say nothing of configurations do not repeat it for so long."""
WITHOUT_REASON = "without giving a reason"
"""Ends the reason of a failure that no agent reported, but what it did shows."""
ENOUGH_REFUSALS = 5
"""Reports of another configuration after an offer, at which the offer counts as refused."""


def wants(
    agent: Agent,
    assigned: Configuration | None,
    now_ns: int,
    *,
    says_status: bool,
    is_new_link: bool,
) -> bool:
    """Whether an agent is to be offered what it is assigned.

    Args:
        says_status: Whether the report at hand has a status; False for a push without a report.
        is_new_link: Whether the report is the first on its connection.
    """
    if assigned is None or not agent.can(AgentCapability.ACCEPTS_REMOTE_CONFIG):
        return False
    if agent.needs_full or assigned.hash in agent.failures or agent.config.hash == assigned.hash:
        return False
    offer = agent.offer
    if offer is None or offer.hash != assigned.hash or is_new_link:
        return True
    if not agent.can(AgentCapability.REPORTS_REMOTE_CONFIG) and not agent.config.hash:
        return False  # it never says what it has: once a connection is enough
    return says_status or now_ns - offer.last_ns >= QUIET_NS


def note_offer(agent: Agent, hash_: bytes, now_ns: int) -> None:
    """Remember that a configuration was sent."""
    if agent.offer is None or agent.offer.hash != hash_:
        agent.offer = Offer(hash_, first_ns=now_ns, last_ns=now_ns)
    else:
        agent.offer.last_ns = now_ns
        agent.offer.times += 1


def judge_status(agent: Agent, now_ns: int) -> tuple[bytes, Failure] | None:
    """What a report with a status says against a configuration: its hash and why; None for nothing.

    An agent may go back to an earlier configuration and say only that: FAILED is overwritten by a
    later status before it is sent (docs/opamp-protocol.md, M2).
    """
    status, offer = agent.config, agent.offer
    if status.progress is Progress.FAILED:
        return status.hash, Failure(status.error or "it gave no reason", now_ns)
    if offer is None:
        return None
    if status.hash == offer.hash:
        offer.was_tried = True
        offer.refusals = 0
        return None
    offer.refusals += 1
    went_back = offer.was_tried and status.progress is Progress.APPLIED
    if not went_back and offer.refusals < ENOUGH_REFUSALS:
        return None
    return offer.hash, Failure(_went_back(agent, offer, went_back), now_ns)


def _went_back(agent: Agent, offer: Offer, went_back: bool) -> str:
    kept = short_hash(agent.config.hash) or "its own"
    if went_back:
        return f"it tried it and went back to {kept} {WITHOUT_REASON}"
    return f"it was offered it {offer.times} times and stayed with {kept} {WITHOUT_REASON}"
