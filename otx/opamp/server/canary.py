"""Canary: a push goes on to the next stage when all agents of this one run it and run well.

Pure judgement of what the agents say; the fleet acts on it. An agent is well when it says APPLIED
for just this configuration and is healthy; the stage is over when all were well for long enough.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from otx.opamp.capabilities import AgentCapability
from otx.opamp.not_stored import WAITS_FOR_ROOM, is_not_stored
from otx.opamp.server.agent import Agent, Patience, Progress
from otx.opamp.server.pushes import EXCUSED, Push

STARTING = frozenset({"starting", "StatusStarting"})
"""What otx's agent and Collectors report of what is not well yet, and not unwell either."""
NAMED = 3
"""Agents that a note names; the others it counts."""


class Standing(Enum):
    """How an agent stands to a configuration it was given."""

    WELL = auto()
    """It runs it and is healthy."""
    WAITING = auto()
    """It has not answered, or is not observed for long enough."""
    BAD = auto()
    """It refused it, went back, or is unhealthy with it."""
    AWAY = auto()
    """It is gone or stale."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a push: it waits, moves on, or stops for a reason."""

    moves_on: bool = False
    stops: str = ""


WAIT = Verdict()


def standing(agent: Agent, push: Push, now_ns: int, patience: Patience) -> Standing:
    """How an agent stands to a push that holds for it."""
    hash_ = push.config_hash
    if hash_ in agent.failures:
        return Standing.BAD
    if agent.presence(now_ns, patience) != "connected":
        return Standing.AWAY
    if agent.needs_full or not _runs(agent, hash_):
        return Standing.WAITING
    health = agent.health
    is_watched = AgentCapability.REPORTS_HEALTH in agent.capabilities
    if not is_watched or health is None or health.healthy:
        return Standing.WELL
    return Standing.WAITING if health.status in STARTING else Standing.BAD


def is_observed(agent: Agent, push: Push, now_ns: int) -> bool:
    """Whether an agent that is well with a push may still find that it is not.

    otx's own agents say themselves what has passed their observation. Of others there is no more
    to know than that they were well for as long as the push asks.
    """
    good = agent.health.good if agent.health is not None else None
    if good is not None:
        return good != push.config_hash.hex()
    return now_ns - _well_since(agent, push) < push.observe_ns


def judge(push: Push, agents: Iterable[Agent], now_ns: int, patience: Patience) -> Verdict:
    """Whether a running push moves on, from the agents it has reached."""
    reached = list(agents)
    stands = [(agent, standing(agent, push, now_ns, patience)) for agent in reached]
    if bad := [agent for agent, how in stands if how is Standing.BAD]:
        return Verdict(stops=_named(bad, push))
    open_ = [agent for agent, how in stands if how is not Standing.WELL]
    is_late = now_ns - push.stage_since_ns > push.patience_ns
    if open_ and is_late:
        names = ", ".join(agent.text for agent in open_[:NAMED])
        return Verdict(stops=f"{_agents(len(open_))} gave no answer in time: {names}")
    if open_ or not reached:
        return WAIT
    since_ns = max(_well_since(agent, push) for agent in reached)
    return Verdict(moves_on=now_ns - since_ns >= push.observe_ns)


def next_ones(push: Push, eligible: Iterable[Agent], matching: int) -> list[Agent]:
    """Whom the present stage adds, of the agents that could take it; always the same ones.

    Args:
        eligible: Agents that match, are there and accept configurations.
        matching: How many match at all; a share is a share of these.
    """
    having = sum(stage != EXCUSED for stage in push.released.values())
    wanted = push.stages[push.stage].size(matching) - having
    new = [agent for agent in eligible if agent.uid not in push.released]
    return sorted(new, key=lambda agent: _lot(push, agent))[: max(0, wanted)]


def _lot(push: Push, agent: Agent) -> bytes:
    """A different order for each push, so that it is not always the same agent that goes first."""
    return hashlib.sha256(push.number.to_bytes(8, "big") + agent.uid).digest()


def _runs(agent: Agent, hash_: bytes) -> bool:
    if agent.config.hash == hash_:
        return agent.config.progress is Progress.APPLIED
    # Who says nothing of configurations counts as running what it was sent.
    is_silent = AgentCapability.REPORTS_REMOTE_CONFIG not in agent.capabilities
    return is_silent and agent.offer is not None and agent.offer.hash == hash_


def _well_since(agent: Agent, push: Push) -> int:
    health_ns = agent.health.since_ns if agent.health is not None else 0
    return max(agent.config.since_ns, health_ns, push.stage_since_ns)


def _named(bad: list[Agent], push: Push) -> str:
    reasons = []
    for agent in bad[:NAMED]:
        failure = agent.failures.get(push.config_hash)
        health = agent.health.error or agent.health.status if agent.health is not None else ""
        reasons.append(f"{agent.text}: {failure.reason if failure else health or 'unhealthy'}")
    text = f"{_agents(len(bad))} failed: " + "; ".join(reasons)
    return f"{text}. {WAITS_FOR_ROOM}" if _only_lack_room(bad, push) else text


def _only_lack_room(bad: list[Agent], push: Push) -> bool:
    """Whether nothing speaks against a configuration but machines that had no room for it."""
    failures = [agent.failures.get(push.config_hash) for agent in bad]
    return all(one is not None and is_not_stored(one.reason) for one in failures)


def _agents(count: int) -> str:
    return f"{count} agent{'' if count == 1 else 's'}"
