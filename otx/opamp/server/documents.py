"""Agents and pushes as JSON documents: the form of the API and of `--format json`, kept stable.

Times are RFC 3339, hashes and bytes hexadecimal, states words.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

from otx.model.units import format_time
from otx.opamp.capabilities import AgentCapability, words
from otx.opamp.opamp_pb2 import AgentConfigMap, ComponentHealth
from otx.opamp.server.agent import Agent, OfferStatus, Patience, Progress
from otx.opamp.server.attributes import Value, read_attributes
from otx.opamp.server.canary import Standing, is_observed, standing
from otx.opamp.server.configuration import Configuration
from otx.opamp.server.pushes import Push, stages_text
from otx.opamp.server.rollouts import Rollouts
from otx.opamp.server.running import taken_back, was_given_since
from otx.opamp.server.settings import Settings, SettingsBook
from otx.opamp.server.settings_standing import SettingsStanding, Standings, parts_of

Document: TypeAlias = dict[str, Any]


def agent_document(agent: Agent, rollouts: Rollouts, now_ns: int, patience: Patience) -> Document:
    """An agent as a row of the fleet."""
    health = agent.health
    return {
        "uid": agent.text,
        "service": agent.labels.get("service.name"),
        "version": agent.labels.get("service.version"),
        "host": agent.labels.get("host.name"),
        "labels": {key: text for key, text in agent.labels.items() if key != "uid"},
        "state": agent.presence(now_ns, patience),
        "transport": agent.transport,
        "peer": agent.peer or None,
        "first_seen": _time(agent.first_seen_ns),
        "last_seen": _time(agent.last_seen_ns),
        "connected_since": _time(agent.connected_ns) if agent.link is not None else None,
        "sequence_num": agent.sequence_num,
        "needs_full_state": agent.needs_full,
        "capabilities": words(agent.capabilities),
        "healthy": health.healthy if health else None,
        "health_status": health.status if health else None,
        "health_error": health.error or None if health else None,
        "health_since": _time(health.since_ns) if health else None,
        "start_time": _time(health.start_ns) if health else None,
        "config": config_document(agent, rollouts),
        "settings": _status_document(agent.settings),
        "interval_s": agent.interval_s or None,
    }


def config_document(agent: Agent, rollouts: Rollouts) -> Document:
    """How an agent stands to what it is assigned.

    `status` is what the agent says of the hash it reports; `standing` compares both hashes:
    none, in_sync, pending, applying, failed, rolled_back. `error` belongs to `reported`, as
    `status` does, and `failure` to `assigned`. `running` is what otx's own agents say that they
    run, which after a FAILED is another one, and `good` what passed their observation.
    `taken_back` is the number of the push that gave what runs, if that was rolled back since.
    """
    push = rollouts.pushes.get(agent.assigned) if agent.assigned is not None else None
    configuration = rollouts.configurations.get(push.config_hash) if push else None
    failure = agent.failures.get(configuration.hash) if configuration else None
    push_back = taken_back(agent, rollouts)
    return {
        "assigned": configuration.hash.hex() if configuration else None,
        "assigned_name": configuration.name if configuration else None,
        "assigned_version": configuration.version if configuration else None,
        "push": agent.assigned,
        "reported": agent.config.hash.hex() or None,
        "running": local_or(agent.health.running if agent.health else None),
        "good": local_or(agent.health.good if agent.health else None),
        "status": agent.config.progress.name.lower(),
        "error": _error(agent),
        "failure": {"reason": failure.reason, "at": _time(failure.at_ns)} if failure else None,
        "since": _time(agent.config.since_ns),
        "standing": config_standing(agent, configuration, rollouts),
        "taken_back": push_back.number if push_back else None,
        "failed": [
            {"hash": hash_.hex(), "reason": one.reason, "at": _time(one.at_ns)}
            for hash_, one in agent.failures.items()
        ],
    }


def local_or(said: str | None) -> str | None:
    """A hash that an agent says, `local` for its own file, None where it does not say."""
    return "local" if said == "" else said


def _error(agent: Agent) -> str | None:
    """Why the configuration that an agent reports failed; None where it did not."""
    if agent.config.progress is not Progress.FAILED:
        return None
    failure = agent.failures.get(agent.config.hash)
    return agent.config.error or (failure.reason if failure else None)


def config_standing(agent: Agent, assigned: Configuration | None, rollouts: Rollouts) -> str:
    """A word for how an agent stands to the configuration it is assigned.

    It has rolled back from what failed when it reports another one that it was not given since.
    """
    if assigned is None:
        return "none"
    if failure := agent.failures.get(assigned.hash):
        reports_it = agent.config.hash == assigned.hash
        is_new = reports_it or was_given_since(agent, failure, rollouts)
        return "failed" if is_new else "rolled_back"
    if agent.config.hash != assigned.hash:
        is_silent = not agent.can(AgentCapability.REPORTS_REMOTE_CONFIG)
        was_sent = agent.offer is not None and agent.offer.hash == assigned.hash
        return "unknown" if is_silent and was_sent else "pending"
    return {
        Progress.APPLIED: "in_sync",
        Progress.APPLYING: "applying",
        Progress.FAILED: "failed",
        Progress.UNSET: "pending",
    }[agent.config.progress]


def health_document(tree: bytes | None) -> Document | None:
    """A serialized health tree with its components; None where there is none."""
    return _health(ComponentHealth.FromString(tree)) if tree else None


def config_map_document(config_map: AgentConfigMap) -> Document:
    """Configuration objects: text where they are text, else hexadecimal."""
    return {
        name: {"body": _text(file.body), "content_type": file.content_type}
        for name, file in sorted(config_map.config_map.items())
    }


def push_document(
    push: Push, agents: Iterable[Agent], rollouts: Rollouts, now_ns: int, patience: Patience
) -> Document:
    """A push and how far its agents are."""
    configuration = rollouts.configurations.get(push.config_hash)
    matching = [agent for agent in agents if push.selector.matches(agent.labels)]
    counts = push_counts(push, matching, now_ns, patience)
    return {
        "number": push.number,
        "config": push.config_hash.hex(),
        "name": configuration.name if configuration else None,
        "version": configuration.version if configuration else None,
        "selector": str(push.selector),
        "state": push.state.value,
        "stages": stages_text(push.stages),
        "stage": min(push.stage, len(push.stages) - 1) + 1,
        "note": push.note or None,
        "who": push.who,
        "why": push.why or None,
        "made": _time(push.made_ns),
        "agents": counts,
        "failures": [
            {"uid": agent.text, "reason": agent.failures[push.config_hash].reason}
            for agent in matching
            if push.config_hash in agent.failures
            and _place(push, agent, now_ns, patience) != "kept"
        ],
    }


def push_counts(
    push: Push, matching: list[Agent], now_ns: int, patience: Patience
) -> dict[str, int]:
    """How many agents stand how to a push; each is counted once.

    `observed` are those of `applied` with whom it may still fail; the others are proven.
    """
    names = ("applied", "waiting", "failed", "away", "later", "kept", "unable")
    places = [_place(push, agent, now_ns, patience) for agent in matching]
    counts = Counter(places)
    observed = sum(
        place == "applied" and is_observed(agent, push, now_ns)
        for place, agent in zip(places, matching, strict=True)
    )
    return {
        "matching": len(matching),
        **{name: counts[name] for name in names},
        "observed": observed,
    }


def _place(push: Push, agent: Agent, now_ns: int, patience: Patience) -> str:
    """Where an agent is in a push: `later` waits for its stage, `kept` follows another push."""
    if not agent.can(AgentCapability.ACCEPTS_REMOTE_CONFIG) and agent.capabilities:
        return "unable"
    if push.is_void or not push.holds_for(agent):
        return "later"
    if agent.assigned != push.number:
        return "kept"
    how = standing(agent, push, now_ns, patience)
    if how is Standing.AWAY and now_ns < agent.expected_until_ns:
        return "waiting"  # this server was restarted: what holds for it is not known yet
    return {
        Standing.WELL: "applied",
        Standing.WAITING: "waiting",
        Standing.BAD: "failed",
        Standing.AWAY: "away",
    }[how]


def settings_document(
    one: Settings, agents: Collection[Agent], book: SettingsBook, now_ns: int, patience: Patience
) -> Document:
    """Connection settings without what is secret in them, and how far their agents are."""
    offers = one.offers
    view = Standings(one, book, now_ns, patience)
    standings = {agent.uid: view.of(agent) for agent in agents}
    counts = Counter(standings.values())
    return {
        "number": one.number,
        "selector": str(one.selector),
        "hash": one.hash.hex(),
        "state": one.state.value,
        "parts": parts_of(one),
        "opamp_endpoint": offers.opamp.destination_endpoint or None,
        "rotates_token": one.token_digest is not None,
        "who": one.who,
        "why": one.why or None,
        "made": _time(one.made_ns),
        "agents": {
            "matching": len(agents),
            **{place.value: counts[place] for place in SettingsStanding},
        },
        "failures": [
            {"uid": agent.text, "reason": _why_failed(agent, one)}
            for agent in agents
            if standings[agent.uid] is SettingsStanding.FAILED
        ],
    }


def _why_failed(agent: Agent, one: Settings) -> str:
    failure = agent.failures.get(one.hash)
    return failure.reason if failure is not None else agent.settings.error


def _status_document(status: OfferStatus) -> Document:
    return {
        "reported": status.hash.hex() or None,
        "status": status.progress.name.lower(),
        "error": status.error or None,
        "since": _time(status.since_ns),
    }


def _health(health: ComponentHealth) -> Document:
    attributes: dict[str, Value] = read_attributes(health.attributes)
    return {
        "healthy": health.healthy,
        "status": health.status,
        "error": health.last_error or None,
        "start_time": _time(health.start_time_unix_nano),
        "status_time": _time(health.status_time_unix_nano),
        "attributes": attributes,
        "components": {
            name: _health(one) for name, one in sorted(health.component_health_map.items())
        },
    }


def _time(at_ns: int) -> str | None:
    try:
        return format_time(at_ns) if at_ns else None
    except (OverflowError, ValueError, OSError):
        return None  # a start time that no calendar has


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.hex()
