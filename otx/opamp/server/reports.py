"""What a report changes: the parts that it has replace what was known, the others stay.

A complete report replaces everything. Which one is complete the protocol does not say; here it is
one that describes the agent and has each part that its capabilities promise. An agent that is asked
twice and still leaves something out has no more to say.
"""

from collections import deque

from otx.opamp.capabilities import AgentCapability
from otx.opamp.framing import Malformed
from otx.opamp.opamp_pb2 import AgentToServer, ComponentHealth, CustomMessage
from otx.opamp.server.agent import (
    REMEMBERED_MESSAGES,
    Agent,
    Health,
    OfferStatus,
    Progress,
)
from otx.opamp.server.attributes import read_attributes
from otx.opamp.server.journal import Cell

ENOUGH_ASKS = 2
"""Requests for full state after which an incomplete answer is taken for all there is."""
LONGEST_TEXT = 4096
"""Characters of an error's text, and bytes of a custom message, that are kept in memory."""
LONGEST_HASH = 1024
RUNNING_ATTRIBUTE = "otx.config.running_hash"
"""Of the health of otx's own agent: which configuration the supervised process has."""
GOOD_ATTRIBUTE = "otx.config.good_hash"
"""In the same way which one has passed its observation."""
MOST_BYTES = {"agent_description": 1 << 18, "custom_capabilities": 1 << 16}
"""Part -> the most bytes of it that are taken."""

_PROMISED = {
    "health": AgentCapability.REPORTS_HEALTH,
    "effective_config": AgentCapability.REPORTS_EFFECTIVE_CONFIG,
}
_PARTS = (
    "health",
    "effective_config",
    "remote_config_status",
    "package_statuses",
    "custom_capabilities",
    "available_components",
    "connection_settings_status",
)


def is_bare(message: AgentToServer) -> bool:
    """Whether a message has nothing but a uid: a heartbeat that counts nothing."""
    return all(field.name == "instance_uid" for field, _ in message.ListFields())


def is_complete(agent: Agent, message: AgentToServer) -> bool:
    """Whether a report can stand for all that the agent has to say."""
    if not message.HasField("agent_description"):
        return False
    lacks = _lacks(agent, message)
    if agent.needs_full and agent.asks >= ENOUGH_ASKS:
        agent.never_says = lacks
    return lacks <= agent.never_says


def _lacks(agent: Agent, message: AgentToServer) -> frozenset[str]:
    """The parts that an agent's capabilities promise, or that it had, and a report leaves out."""
    stated = AgentCapability(message.capabilities) or agent.capabilities
    expected = {name for name, bit in _PROMISED.items() if bit in stated}
    if agent.config.progress is not Progress.UNSET:
        expected.add("remote_config_status")
    return frozenset(name for name in expected if not message.HasField(name))


def check_sizes(message: AgentToServer) -> None:
    """Bound what is kept of an agent in memory; what may be large stays on disk.

    Raises:
        Malformed: A part is larger than any agent has a reason for.
    """
    for name, most in MOST_BYTES.items():
        size = getattr(message, name).ByteSize()
        if size > most:
            raise Malformed(f"{name} has {size} bytes, more than {most}")
    for hash_ in (
        message.remote_config_status.last_remote_config_hash,
        message.connection_settings_status.last_connection_settings_hash,
        message.available_components.hash,
    ):
        if len(hash_) > LONGEST_HASH:
            raise Malformed(f"a hash has {len(hash_)} bytes, more than {LONGEST_HASH}")


def absorb(agent: Agent, message: AgentToServer, now_ns: int, *, complete: bool) -> dict[str, Cell]:
    """Take over what a report says; the columns that changed."""
    row: dict[str, Cell] = {}
    if message.capabilities and message.capabilities != agent.capabilities:
        agent.capabilities = AgentCapability(message.capabilities)
        row["capabilities"] = message.capabilities & (1 << 63) - 1
    if message.HasField("agent_description"):
        _describe(agent, message, row)
    for part in _PARTS:
        if message.HasField(part):
            _TAKE[part](agent, message, now_ns, row)
        elif complete:
            _CLEAR[part](agent, row)
    if message.HasField("health"):
        _note_start(agent, now_ns, row)
    if message.HasField("custom_message"):
        if agent.custom_messages is None:
            agent.custom_messages = deque(maxlen=REMEMBERED_MESSAGES)
        custom = CustomMessage()
        custom.CopyFrom(message.custom_message)
        custom.data = custom.data[:LONGEST_TEXT]
        agent.custom_messages.append(custom)
    return row


def take_health(agent: Agent, health: ComponentHealth, now_ns: int) -> None:
    """Take over a health tree."""
    before = agent.health
    is_same = before is not None and before.healthy == health.healthy
    agent.health = Health(
        healthy=health.healthy,
        status=health.status[:LONGEST_TEXT],
        error=health.last_error[:LONGEST_TEXT],
        start_ns=health.start_time_unix_nano,
        since_ns=before.since_ns if before is not None and is_same else now_ns,
        running=_said(health, RUNNING_ATTRIBUTE),
        good=_said(health, GOOD_ATTRIBUTE),
    )


def _said(health: ComponentHealth, key: str) -> str | None:
    for pair in health.attributes:
        if pair.key == key and pair.value.WhichOneof("value") == "string_value":
            return pair.value.string_value[: 2 * LONGEST_HASH]
    return None


def _note_start(agent: Agent, now_ns: int, row: dict[str, Cell]) -> None:
    """Count a new start, but for the first one after an offer, an order or a new status.

    Those have what is managed started anew; a loop is what starts without a reason.
    """
    start_ns = agent.health.start_ns if agent.health is not None else 0
    if not start_ns or start_ns == agent.last_start_ns:
        return
    offered_ns = agent.offer.last_ns if agent.offer is not None else 0
    asked_ns = max(offered_ns, agent.restart_sent_ns, agent.config.since_ns)
    is_asked = agent.start_heard_ns < asked_ns
    agent.last_start_ns, agent.start_heard_ns = start_ns, now_ns
    if not is_asked:
        agent.starts_ns.append(start_ns)
        row["starts"] = ",".join(map(str, agent.starts_ns))


def _describe(agent: Agent, message: AgentToServer, row: dict[str, Cell]) -> None:
    description = message.agent_description
    agent.identifying = read_attributes(description.identifying_attributes)
    agent.non_identifying = read_attributes(description.non_identifying_attributes)
    agent.relabel()
    row["description"] = description.SerializeToString()


def _take_health(agent: Agent, message: AgentToServer, now_ns: int, row: dict[str, Cell]) -> None:
    take_health(agent, message.health, now_ns)
    assert agent.health is not None  # noqa: S101 - just set
    row["health"] = message.health.SerializeToString()
    row["health_since"] = agent.health.since_ns


def _take_effective(agent: Agent, message: AgentToServer, now: int, row: dict[str, Cell]) -> None:
    agent.has_effective_config = True
    row["effective_config"] = message.effective_config.SerializeToString()


def _take_config(agent: Agent, message: AgentToServer, now_ns: int, row: dict[str, Cell]) -> None:
    said = message.remote_config_status
    agent.config = _status(
        agent.config, said.last_remote_config_hash, said.status, said.error_message, now_ns
    )
    row["config_status"] = said.SerializeToString()
    row["config_since"] = agent.config.since_ns


def _take_settings(agent: Agent, message: AgentToServer, now_ns: int, row: dict[str, Cell]) -> None:
    said = message.connection_settings_status
    agent.settings = _status(
        agent.settings, said.last_connection_settings_hash, said.status, said.error_message, now_ns
    )
    row["settings_status"] = said.SerializeToString()
    row["settings_since"] = agent.settings.since_ns


def _take_packages(agent: Agent, message: AgentToServer, now: int, row: dict[str, Cell]) -> None:
    agent.has_packages = True
    row["packages"] = message.package_statuses.SerializeToString()


def _take_custom(agent: Agent, message: AgentToServer, now: int, row: dict[str, Cell]) -> None:
    agent.custom_capabilities = tuple(message.custom_capabilities.capabilities)
    row["custom_capabilities"] = message.custom_capabilities.SerializeToString()


def _take_components(agent: Agent, message: AgentToServer, now: int, row: dict[str, Cell]) -> None:
    said = message.available_components
    if said.components:
        agent.has_components = True
        row["components"] = said.SerializeToString()
    elif said.hash != agent.components_hash:
        agent.has_components = False
        row["components"] = said.SerializeToString()
    agent.components_hash = said.hash


def _status(before: OfferStatus, hash_: bytes, number: int, error: str, now_ns: int) -> OfferStatus:
    progress = Progress(number) if 0 <= number <= Progress.FAILED else Progress.UNSET
    is_same = before.hash == hash_ and before.progress is progress
    since_ns = before.since_ns if is_same else now_ns
    return OfferStatus(hash_, progress, error[:LONGEST_TEXT], since_ns)


def _clear_health(agent: Agent, row: dict[str, Cell]) -> None:
    agent.health = None
    row["health"] = None


def _clear_effective(agent: Agent, row: dict[str, Cell]) -> None:
    agent.has_effective_config = False
    row["effective_config"] = None


def _clear_config(agent: Agent, row: dict[str, Cell]) -> None:
    agent.config = OfferStatus()
    row["config_status"] = None


def _clear_settings(agent: Agent, row: dict[str, Cell]) -> None:
    agent.settings = OfferStatus()
    row["settings_status"] = None


def _clear_packages(agent: Agent, row: dict[str, Cell]) -> None:
    agent.has_packages = False
    row["packages"] = None


def _clear_custom(agent: Agent, row: dict[str, Cell]) -> None:
    agent.custom_capabilities = ()
    row["custom_capabilities"] = None


def _clear_components(agent: Agent, row: dict[str, Cell]) -> None:
    agent.components_hash, agent.has_components = b"", False
    row["components"] = None


_TAKE = {
    "health": _take_health,
    "effective_config": _take_effective,
    "remote_config_status": _take_config,
    "package_statuses": _take_packages,
    "custom_capabilities": _take_custom,
    "available_components": _take_components,
    "connection_settings_status": _take_settings,
}
_CLEAR = {
    "health": _clear_health,
    "effective_config": _clear_effective,
    "remote_config_status": _clear_config,
    "package_statuses": _clear_packages,
    "custom_capabilities": _clear_custom,
    "available_components": _clear_components,
    "connection_settings_status": _clear_settings,
}
