"""Whatever agents say: each answer keeps the rules of the protocol."""

from hypothesis import given, settings
from hypothesis import strategies as st

from otx.opamp.capabilities import AgentCapability, ServerCapability
from otx.opamp.opamp_pb2 import (
    AgentDescription,
    AgentDisconnect,
    AgentToServer,
    AnyValue,
    ComponentHealth,
    ConnectionSettingsStatus,
    EffectiveConfig,
    KeyValue,
    RemoteConfigStatus,
    ServerToAgent,
)
from otx.opamp.server.agent import Agent
from otx.opamp.server.operator import Operator
from otx.opamp.server.pushes import parse_stages
from otx.opamp.server.selector import parse_selector
from otx.opamp.server.settings_wish import read_settings
from tests.opamp.server.world import Speaker, World

UIDS = [bytes([number]) * 16 for number in range(3)] + [b"", b"short"]
hashes = st.sampled_from([b"", b"foreign", *(bytes([number]) for number in range(3))])
statuses = st.builds(
    RemoteConfigStatus,
    last_remote_config_hash=hashes,
    status=st.sampled_from(["UNSET", "APPLIED", "APPLYING", "FAILED"]).map(
        lambda word: f"RemoteConfigStatuses_{word}"
    ),
    error_message=st.sampled_from(["", "no"]),
)
settings_statuses = st.builds(
    ConnectionSettingsStatus,
    last_connection_settings_hash=hashes,
    status=st.sampled_from(["UNSET", "APPLIED", "APPLYING", "FAILED"]).map(
        lambda word: f"ConnectionSettingsStatuses_{word}"
    ),
)
descriptions = st.sampled_from(["prod", "test"]).map(
    lambda env: AgentDescription(
        non_identifying_attributes=[KeyValue(key="env", value=AnyValue(string_value=env))]
    )
)
bits = st.one_of(
    st.integers(0, (1 << 64) - 1), st.sampled_from([0, 0xFFFF, 0x1807, 0x1C07, 0x9D07])
)
messages = st.builds(
    AgentToServer,
    instance_uid=st.sampled_from(UIDS),
    sequence_num=st.one_of(st.integers(0, 9), st.integers(0, (1 << 64) - 1)),
    capabilities=bits,
    flags=st.sampled_from([0, 0, 0, 1, 1 << 63]),
    agent_description=st.none() | descriptions,
    health=st.none() | st.builds(ComponentHealth, healthy=st.booleans()),
    effective_config=st.none() | st.just(EffectiveConfig()),
    remote_config_status=st.none() | statuses,
    connection_settings_status=st.none() | settings_statuses,
    agent_disconnect=st.sampled_from([None, None, None, AgentDisconnect()]),
)
steps = st.lists(
    st.tuples(messages, st.integers(0, 3), st.sampled_from([0, 0, 1, 40, 400])), max_size=25
)


def world_with_offers() -> World:
    """A fleet in which everything is assigned to everybody."""
    world = World()
    Speaker(world, "first", env="prod").full()
    world.push("env=prod", body="a: 1")
    world.push("", body="b: 1", stages=parse_stages("1"))
    offers, _ = read_settings({"opamp": {}}, "ws://server/v1/opamp", str)
    world.fleet.settings.begin(parse_selector(""), offers, None, "me", "", world.now_ns)
    return world


@settings(max_examples=150)
@given(steps, st.lists(st.sampled_from(["env=prod", ""]), max_size=3))
def test_each_answer_keeps_the_rules(
    said: list[tuple[AgentToServer, int, int]], restarts: list[str]
) -> None:
    world = world_with_offers()
    links = [world.link(), world.link(), world.poll_link(1), world.poll_link(2)]
    for number, (message, link, seconds) in enumerate(said):
        world.wait(seconds)
        if number < len(restarts):
            Operator(world.fleet).restart(parse_selector(restarts[number]), "me", world.now_ns)
        reply = world.fleet.receive(links[link], message, world.now_ns)
        answer = reply.answer.take()
        assert answer.instance_uid == message.instance_uid
        agent = world.fleet.agents[reply.uid] if reply.uid is not None else None
        check(answer, agent)
        if agent is not None and (
            pushed := world.fleet.push_message(links[link], agent.uid, world.now_ns)
        ):
            check(pushed.take(), agent)
    for link in range(2):
        world.fleet.lost(links[link], world.now_ns)
    assert all(agent.link is None for agent in world.fleet.agents.values() if agent.name == "?")


def check(answer: ServerToAgent, agent: Agent | None) -> None:
    names = {field.name for field, _ in answer.ListFields()}
    if "error_response" in names:
        assert names <= {"instance_uid", "error_response"}
        return
    assert agent is not None
    assert answer.capabilities & ServerCapability.ACCEPTS_STATUS
    assert not answer.capabilities & ~sum(ServerCapability)
    if "command" in names:
        assert names == {"instance_uid", "capabilities", "command"}
        assert agent.can(AgentCapability.ACCEPTS_RESTART_COMMAND)
    if "remote_config" in names:
        assert agent.can(AgentCapability.ACCEPTS_REMOTE_CONFIG)
        assert not agent.needs_full
        assert answer.remote_config.config_hash not in agent.failures
        assert answer.remote_config.config_hash != agent.config.hash
    if "connection_settings" in names:
        assert agent.can(AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS)
        assert answer.connection_settings.opamp.destination_endpoint
        assert answer.connection_settings.opamp.heartbeat_interval_seconds
        assert answer.connection_settings.hash != agent.settings.hash
