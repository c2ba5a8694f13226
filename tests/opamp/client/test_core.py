"""The agent's core: what it sends when, on both transports, and what it makes of messages."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from otx.opamp.capabilities import AgentCapability, ServerCapability, ServerFlag
from otx.opamp.client.core import FULL_AT_ONCE, Client, ClientOptions, Effects
from otx.opamp.client.effects import (
    ConfigOffered,
    CustomArrived,
    Leave,
    NewIdentity,
    Remark,
    RestartOrder,
    Send,
    SettingsOffer,
    TelemetryOffer,
)
from otx.opamp.instance_uid import InstanceUid
from otx.opamp.opamp_pb2 import (
    AgentDescription,
    AgentToServer,
    AvailableComponents,
    ComponentHealth,
    CustomMessage,
    EffectiveConfig,
    RemoteConfigStatus,
    RemoteConfigStatuses,
    ServerToAgent,
)
from otx.opamp.opamp_pb2 import ServerErrorResponseType as ErrorType

UID = InstanceUid(bytes(range(16)))
OTHER = InstanceUid(bytes(16))
S = 1_000_000_000
NOW = 1_000 * S
APPLYING = RemoteConfigStatuses.RemoteConfigStatuses_APPLYING
APPLIED = RemoteConfigStatuses.RemoteConfigStatuses_APPLIED
FAILED = RemoteConfigStatuses.RemoteConfigStatuses_FAILED
ALL = AgentCapability(0xFFFF)
PARTS: list[Any] = [
    "agent_description", "health", "effective_config", "remote_config_status",
    "custom_capabilities", "available_components",
]  # fmt: skip


def client(bits: AgentCapability = ALL, **options: Any) -> Client:
    made = Client(UID, ClientOptions(capabilities=bits, first_sequence=700, **options))
    made.set_description(description("a"))
    made.set_health(ComponentHealth(healthy=True, start_time_unix_nano=5))
    made.set_effective_config(config("a: 1"))
    made.set_remote_config_status(status(b"h", APPLIED))
    made.set_custom_capabilities(["io.example.x"])
    made.set_components(components())
    return made


def description(name: str) -> AgentDescription:
    made = AgentDescription()
    for key in ("service.name", "service.version"):
        made.identifying_attributes.add(key=key).value.string_value = name
    return made


def config(text: str) -> EffectiveConfig:
    made = EffectiveConfig()
    made.config_map.config_map[""].body = text.encode()
    return made


def status(config_hash: bytes, value: RemoteConfigStatuses, why: str = "") -> RemoteConfigStatus:
    return RemoteConfigStatus(last_remote_config_hash=config_hash, status=value, error_message=why)


def components() -> AvailableComponents:
    made = AvailableComponents(hash=b"c")
    made.components["receivers"].metadata.add(key="k").value.string_value = "v"
    return made


def sent(effects: Effects) -> list[AgentToServer]:
    taken = [one.take() for one in effects]
    return [one.message for one in taken if isinstance(one, Send)]


def one_sent(effects: Effects) -> AgentToServer:
    (message,) = sent(effects)
    return message


def kinds(effects: Effects) -> list[type]:
    return [type(one.take()) for one in effects]


def answer(**fields: Any) -> ServerToAgent:
    return ServerToAgent(instance_uid=UID, capabilities=0x7F, **fields)


def parts_of(message: AgentToServer) -> list[str]:
    return [name for name in PARTS if message.HasField(name)]


# Reports.


def test_the_first_message_of_a_process_says_everything() -> None:
    message = one_sent(client().connected(NOW))
    assert (message.instance_uid, message.sequence_num) == (UID, 700)
    assert message.capabilities == int(ALL)
    assert parts_of(message) == PARTS
    assert not message.available_components.components
    assert message.available_components.hash == b"c"


def test_a_later_connection_says_what_changed_only() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.lost()
    agent.set_health(ComponentHealth(healthy=False, last_error="gone"))
    message = one_sent(agent.connected(NOW + S))
    assert (message.sequence_num, parts_of(message)) == (701, ["health"])
    assert (message.instance_uid, message.capabilities) == (UID, int(ALL))


def test_another_server_is_told_everything() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.lost()
    assert parts_of(one_sent(agent.connected(NOW + S, is_other_server=True))) == PARTS


def test_what_was_not_answered_is_said_again_in_its_present_state() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.set_health(ComponentHealth(healthy=False, last_error="one"))
    sent(agent.tick(NOW))
    agent.lost()
    agent.set_health(ComponentHealth(healthy=False, last_error="two"))
    message = one_sent(agent.connected(NOW + S))
    assert parts_of(message) == ["health"]
    assert message.health.last_error == "two"


def test_what_was_not_answered_is_said_again_also_when_nothing_changed_since() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.set_health(ComponentHealth(healthy=False, last_error="one"))
    sent(agent.tick(NOW))
    agent.lost()
    assert one_sent(agent.connected(NOW + S)).health.last_error == "one"


def test_five_changes_while_the_connection_is_down_are_one_report() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.lost()
    for turn in range(5):
        agent.set_health(ComponentHealth(healthy=False, last_error=str(turn)))
        assert agent.tick(NOW) == []
    assert one_sent(agent.connected(NOW + S)).health.last_error == "4"


def test_nothing_is_sent_because_a_message_came() -> None:
    agent = client()
    agent.connected(NOW)
    assert agent.received(answer(), NOW) == []
    assert agent.received(answer(), NOW + S) == []


def test_the_same_state_again_is_no_change() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.set_health(
        ComponentHealth(healthy=True, start_time_unix_nano=5, status_time_unix_nano=99)
    )
    agent.set_effective_config(config("a: 1"))
    assert agent.tick(NOW) == []


def test_one_attribute_changed_means_the_whole_description() -> None:
    agent = client()
    agent.connected(NOW)
    agent.set_description(description("b"))
    message = one_sent(agent.tick(NOW))
    assert parts_of(message) == ["agent_description"]
    assert len(message.agent_description.identifying_attributes) == 2


def test_parts_without_their_bit_are_never_sent() -> None:
    message = one_sent(client(AgentCapability.REPORTS_STATUS).connected(NOW))
    assert parts_of(message) == ["agent_description", "custom_capabilities"]


def test_a_server_that_takes_no_effective_config_gets_none_until_it_does() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(ServerToAgent(instance_uid=UID, capabilities=0x1), NOW)
    agent.set_effective_config(config("a: 2"))
    assert agent.tick(NOW) == []
    both = int(ServerCapability.ACCEPTS_STATUS | ServerCapability.ACCEPTS_EFFECTIVE_CONFIG)
    message = one_sent(agent.received(ServerToAgent(instance_uid=UID, capabilities=both), NOW))
    assert message.effective_config == config("a: 2")


def test_a_server_that_never_says_what_it_can_is_told_everything() -> None:
    agent = client()
    agent.connected(NOW)
    offer = ServerToAgent(instance_uid=UID)
    offer.remote_config.config_hash = b"x"
    assert kinds(agent.received(offer, NOW)) == [ConfigOffered]
    agent.set_effective_config(config("a: 2"))
    assert parts_of(one_sent(agent.tick(NOW))) == ["effective_config"]


def test_full_state_is_sent_once_for_each_request() -> None:
    agent = client()
    agent.connected(NOW)
    wish = answer(flags=int(ServerFlag.REPORT_FULL_STATE))
    assert parts_of(one_sent(agent.received(wish, NOW))) == PARTS
    assert agent.received(answer(), NOW) == []


def test_the_whole_catalogue_is_sent_where_it_is_asked_for() -> None:
    agent = client()
    agent.connected(NOW)
    wish = answer(flags=int(ServerFlag.REPORT_AVAILABLE_COMPONENTS))
    message = one_sent(agent.received(wish, NOW))
    assert parts_of(message) == ["available_components"]
    assert message.available_components == components()
    again = one_sent(agent.received(answer(flags=int(ServerFlag.REPORT_FULL_STATE)), NOW))
    assert not again.available_components.components


def test_a_server_that_always_asks_for_full_state_does_not_get_it_always() -> None:
    agent = client()
    agent.connected(NOW)
    wish = answer(flags=int(ServerFlag.REPORT_FULL_STATE))
    answers = [sent(agent.received(wish, NOW + turn)) for turn in range(20)]
    assert [len(one) for one in answers] == [1] * FULL_AT_ONCE + [0] * (20 - FULL_AT_ONCE)
    due = agent.next_deadline()
    assert due is not None
    assert due <= NOW + 10 * S
    assert parts_of(one_sent(agent.tick(due))) == PARTS


def test_a_state_that_flaps_is_merged_not_queued() -> None:
    agent = client()
    agent.connected(NOW)
    count = 0
    for turn in range(1000):
        agent.set_health(ComponentHealth(healthy=bool(turn % 2), last_error=str(turn)))
        count += len(sent(agent.tick(NOW + turn)))
    assert count < 25
    due = agent.next_deadline()
    assert due is not None
    assert one_sent(agent.tick(due)).health.last_error == "999"


# FAILED.


def test_a_failure_is_told_before_the_state_that_came_after_it() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.set_remote_config_status(status(b"bad", FAILED, "why"))
    agent.set_remote_config_status(status(b"good", APPLYING))
    agent.set_remote_config_status(status(b"good", APPLIED))
    first, second = one_sent(agent.tick(NOW)), one_sent(agent.tick(NOW))
    assert first.remote_config_status == status(b"bad", FAILED, "why")
    assert second.remote_config_status == status(b"good", APPLIED)
    assert second.sequence_num == first.sequence_num + 1


def test_a_failure_that_may_have_been_lost_is_told_again() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    agent.set_remote_config_status(status(b"bad", FAILED))
    sent(agent.tick(NOW))
    agent.lost()
    agent.set_remote_config_status(status(b"good", APPLIED))
    agent.connected(NOW + S)
    message = one_sent(agent.tick(NOW + S))
    assert message.remote_config_status == status(b"good", APPLIED)


def test_failures_that_wait_are_few() -> None:
    agent = client()
    for turn in range(1000):
        agent.set_remote_config_status(status(str(turn).encode(), FAILED))
    told = [one_sent(agent.connected(NOW))]
    while more := sent(agent.tick(NOW)):
        told += more
    hashes = [one.remote_config_status.last_remote_config_hash for one in told]
    assert hashes == [str(turn).encode() for turn in range(991, 1000)]


# Heartbeats and polls.


def test_a_heartbeat_is_due_an_interval_after_the_last_message() -> None:
    agent = client()
    agent.connected(NOW)
    agent.received(answer(), NOW)
    assert agent.next_deadline() == NOW + 30 * S
    assert agent.tick(NOW + 30 * S - 1) == []
    message = one_sent(agent.tick(NOW + 30 * S))
    assert (message.sequence_num, message.capabilities, parts_of(message)) == (701, int(ALL), [])
    assert agent.next_deadline() == NOW + 60 * S


def test_without_its_bit_there_is_no_heartbeat() -> None:
    agent = client(ALL & ~AgentCapability.REPORTS_HEARTBEAT)
    agent.connected(NOW)
    assert agent.next_deadline() is None
    assert agent.tick(NOW + 10_000 * S) == []


def test_the_interval_of_settings_waits_until_they_are_accepted() -> None:
    agent = client()
    agent.connected(NOW)
    offer = answer()
    offer.connection_settings.hash = b"1"
    offer.connection_settings.opamp.heartbeat_interval_seconds = 5
    agent.received(offer, NOW)
    assert agent.next_deadline() == NOW + 30 * S
    assert agent.beat_every(5) == ""
    assert agent.next_deadline() == NOW + 5 * S
    assert "too seldom" in agent.beat_every(1 << 63)


def test_the_servers_interval_counts_and_0_switches_off() -> None:
    agent = client(ALL & ~AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS)
    agent.connected(NOW)
    offer = answer()
    offer.connection_settings.hash = b"1"
    offer.connection_settings.opamp.heartbeat_interval_seconds = 5
    agent.received(offer, NOW)
    assert agent.next_deadline() == NOW + 5 * S
    offer.connection_settings.hash = b"2"
    offer.connection_settings.opamp.heartbeat_interval_seconds = 0
    agent.received(offer, NOW)
    assert agent.next_deadline() is None


def test_a_poll_of_0_is_ignored() -> None:
    agent = client(ALL & ~AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS, half_duplex=True)
    agent.connected(NOW)
    offer = answer()
    offer.connection_settings.opamp.destination_endpoint = "http://h"
    assert Remark in kinds(agent.received(offer, NOW))
    assert agent.next_deadline() == NOW + 30 * S


def test_no_heartbeat_while_there_is_no_connection() -> None:
    agent = client()
    agent.connected(NOW)
    agent.lost()
    assert agent.next_deadline() is None
    assert agent.tick(NOW + 100 * S) == []


def test_over_http_a_message_waits_for_the_answer_to_the_last() -> None:
    agent = client(half_duplex=True)
    one_sent(agent.connected(NOW))
    agent.set_health(ComponentHealth(healthy=False))
    assert agent.tick(NOW) == []
    assert agent.next_deadline() is None
    assert parts_of(one_sent(agent.received(answer(), NOW))) == ["health"]


def test_over_http_an_idle_agent_polls_without_the_heartbeat_bit() -> None:
    agent = client(ALL & ~AgentCapability.REPORTS_HEARTBEAT, half_duplex=True)
    agent.connected(NOW)
    agent.received(answer(), NOW)
    assert agent.tick(NOW + 30 * S - 1) == []
    assert parts_of(one_sent(agent.tick(NOW + 30 * S))) == []
    assert agent.tick(NOW + 90 * S) == []


# What the server says.


def test_a_message_for_another_agent_changes_nothing() -> None:
    agent = client()
    agent.connected(NOW)
    offer = ServerToAgent(instance_uid=OTHER, flags=int(ServerFlag.REPORT_FULL_STATE))
    offer.remote_config.config_hash = b"x"
    assert kinds(agent.received(offer, NOW)) == [Remark]


def test_a_new_uid_is_used_from_the_next_message_on() -> None:
    agent = client(asks_for_uid=True)
    first = one_sent(agent.connected(NOW))
    assert first.flags == 1
    assigned = answer()
    assigned.agent_identification.new_instance_uid = OTHER
    effects = agent.received(assigned, NOW)
    assert kinds(effects) == [NewIdentity]  # the description may follow it before more is said
    message = one_sent(agent.tick(NOW))
    assert (message.instance_uid, message.flags) == (OTHER, 0)
    assert parts_of(message) == PARTS
    assert agent.received(answer(), NOW) == []  # still addressed to the former one


@pytest.mark.parametrize("uid", [b"short", b"0" * 26])
def test_a_uid_of_another_length_is_not_taken(uid: bytes) -> None:
    agent = client()
    agent.connected(NOW)
    assigned = answer()
    assigned.agent_identification.new_instance_uid = uid
    assert kinds(agent.received(assigned, NOW)) == [Remark]
    assert agent.uid == UID


def test_a_command_excludes_everything_else() -> None:
    agent = client()
    agent.connected(NOW)
    message = answer(flags=int(ServerFlag.REPORT_FULL_STATE))
    message.command.SetInParent()
    message.remote_config.config_hash = b"x"
    assert kinds(agent.received(message, NOW)) == [RestartOrder]


def test_a_command_that_is_not_taken_takes_the_rest_with_it() -> None:
    agent = client(ALL & ~AgentCapability.ACCEPTS_RESTART_COMMAND)
    agent.connected(NOW)
    message = answer()
    message.command.SetInParent()
    message.remote_config.config_hash = b"x"
    assert kinds(agent.received(message, NOW)) == [Remark]


def test_unavailable_says_goodbye_and_names_the_time() -> None:
    agent = client()
    agent.connected(NOW)
    message = answer()
    message.error_response.type = ErrorType.ServerErrorResponseType_Unavailable
    message.error_response.retry_info.retry_after_nanoseconds = 7 * S
    message.remote_config.config_hash = b"x"
    goodbye, leave = (one.take() for one in agent.received(message, NOW))
    assert isinstance(goodbye, Send)
    assert goodbye.message.HasField("agent_disconnect")
    assert isinstance(leave, Leave)
    assert leave.wait_ns == 7 * S
    agent.lost()
    assert one_sent(agent.connected(NOW + 7 * S)).sequence_num == 702


def test_unavailable_without_a_time_names_none() -> None:
    agent = client(half_duplex=True)
    agent.connected(NOW)
    message = answer()
    message.error_response.type = ErrorType.ServerErrorResponseType_Unavailable
    (leave,) = (one.take() for one in agent.received(message, NOW))
    assert isinstance(leave, Leave)
    assert leave.wait_ns is None


def test_a_bad_request_is_not_sent_again() -> None:
    agent = client()
    agent.connected(NOW)
    message = answer()
    message.error_response.type = ErrorType.ServerErrorResponseType_BadRequest
    assert kinds(agent.received(message, NOW)) == [Remark]
    agent.lost()
    assert parts_of(one_sent(agent.connected(NOW + S))) == []


def test_what_the_agents_bits_exclude_is_ignored_and_said_once() -> None:
    agent = client(AgentCapability.REPORTS_STATUS)
    agent.connected(NOW)
    offer = answer()
    offer.remote_config.config_hash = b"x"
    offer.packages_available.all_packages_hash = b"p"
    offer.connection_settings.hash = b"s"
    offer.connection_settings.own_metrics.destination_endpoint = "http://h"
    offer.connection_settings.other_connections["x"].destination_endpoint = "h"
    assert kinds(agent.received(offer, NOW)) == [Remark] * 4
    offer.connection_settings.hash = b"t"
    assert agent.received(offer, NOW) == []


def test_offers_become_effects() -> None:
    agent = client()
    agent.connected(NOW)
    offer = answer()
    offer.remote_config.config_hash = b"x"
    offer.remote_config.config.config_map["k"].body = b"b"
    offer.connection_settings.hash = b"s"
    offer.connection_settings.opamp.destination_endpoint = "ws://h"
    offer.connection_settings.opamp.heartbeat_interval_seconds = 30
    offer.connection_settings.own_traces.destination_endpoint = "http://h"
    offer.custom_message.capability = "io.example.x"
    taken = [one.take() for one in agent.received(offer, NOW)]
    assert [type(one) for one in taken] == [
        ConfigOffered, SettingsOffer, TelemetryOffer, CustomArrived,
    ]  # fmt: skip
    (config_offered, *_) = taken
    assert isinstance(config_offered, ConfigOffered)
    assert config_offered.envelope.take().config.config_map["k"].body == b"b"
    offer.ClearField("remote_config")
    offer.ClearField("custom_message")
    assert agent.received(offer, NOW) == []  # settings of the same hash


def test_a_config_without_hash_cannot_be_reported_and_is_not_taken() -> None:
    agent = client()
    agent.connected(NOW)
    offer = answer()
    offer.remote_config.config.config_map[""].body = b"b"
    assert kinds(agent.received(offer, NOW)) == [Remark]


# Limits.


def test_a_part_that_makes_a_message_too_large_is_left_out_and_said() -> None:
    agent = client(limit=1000)
    agent.set_effective_config(config("x" * 1000))
    effects = agent.connected(NOW)
    remark, send = (one.take() for one in effects)
    assert isinstance(remark, Remark)
    assert isinstance(send, Send)
    assert send.message.ByteSize() < 1000
    assert "effective_config" not in parts_of(send.message)
    assert agent.tick(NOW) == []
    agent.set_effective_config(config("small"))
    assert parts_of(one_sent(agent.tick(NOW))) == ["effective_config"]


def test_413_withholds_the_bulkiest_part_and_says_the_rest_again() -> None:
    agent = client(half_duplex=True)
    agent.connected(NOW)
    agent.too_large()
    agent.lost()
    message = one_sent(agent.connected(NOW + S))
    assert parts_of(message) == [name for name in PARTS if name != "effective_config"]
    assert message.sequence_num == 701


def test_a_refused_message_is_not_sent_again() -> None:
    agent = client(half_duplex=True)
    agent.connected(NOW)
    agent.dropped()
    agent.lost()
    message = one_sent(agent.connected(NOW + S))
    assert (parts_of(message), message.sequence_num) == ([], 701)


def test_custom_messages_go_one_by_one_and_do_not_pile_up() -> None:
    agent = client()
    agent.connected(NOW)
    taken = [agent.send_custom(CustomMessage(capability="c", type=str(it))) for it in range(20)]
    assert taken == [True] * 16 + [False] * 4
    types = [one_sent(agent.tick(NOW)).custom_message.type for _ in range(16)]
    assert types == [str(it) for it in range(16)]
    assert agent.tick(NOW) == []


def test_a_certificate_is_asked_for_once_a_connection_of_a_server_that_answers() -> None:
    agent = client()
    agent.request_certificate(b"csr")
    assert not one_sent(agent.connected(NOW)).HasField("connection_settings_request")
    request = one_sent(agent.received(answer(), NOW)).connection_settings_request
    assert request.opamp.certificate_request.csr == b"csr"
    assert agent.received(answer(), NOW) == []
    agent.lost()
    agent.connected(NOW + S)
    assert one_sent(agent.received(answer(), NOW + S)).HasField("connection_settings_request")
    agent.certificate_came()
    agent.lost()
    agent.connected(NOW + 2 * S)
    assert agent.received(answer(), NOW + 2 * S) == []


def test_a_certificate_is_not_asked_for_where_nobody_answers_or_it_was_refused() -> None:
    agent = client()
    agent.request_certificate(b"csr")
    agent.connected(NOW)
    assert agent.received(ServerToAgent(instance_uid=UID, capabilities=0x1), NOW) == []
    assert one_sent(agent.received(answer(), NOW)).HasField("connection_settings_request")
    refusal = answer()
    refusal.error_response.type = ErrorType.ServerErrorResponseType_BadRequest
    agent.received(refusal, NOW)
    agent.lost()
    agent.connected(NOW + S)
    assert agent.received(answer(), NOW + S) == []


def test_the_last_message_says_goodbye() -> None:
    agent = client()
    agent.connected(NOW)
    message = one_sent(agent.stop())
    assert message.HasField("agent_disconnect")
    assert message.sequence_num == 701
    assert agent.stop() == []


def test_over_http_a_goodbye_waits_for_the_answer_to_the_request_before_it() -> None:
    agent = client(half_duplex=True)
    agent.connected(NOW)
    assert agent.stop() == []
    assert agent.tick(NOW + 60 * S) == []
    assert one_sent(agent.received(answer(), NOW)).HasField("agent_disconnect")
    assert not agent.is_connected


def test_a_goodbye_that_waited_comes_after_an_answer_of_no_use_as_well() -> None:
    agent = client(half_duplex=True)
    agent.connected(NOW)
    assert agent.stop() == []
    assert one_sent(agent.malformed() + agent.stop()).HasField("agent_disconnect")


def test_a_goodbye_that_was_never_sent_does_not_silence_the_next_connection() -> None:
    agent = client(half_duplex=True)
    agent.connected(NOW)
    agent.stop()
    agent.lost()
    assert not one_sent(agent.connected(NOW + S)).HasField("agent_disconnect")


# Any order of events.


class AnySession(RuleBasedStateMachine):
    """A server that may lose messages, forget, and ask; what it knows must not become wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.messages: list[AgentToServer] = []
        self.known: dict[str, Any] = {}
        self.truth: dict[str, Any] = {}
        self.must_tell: set[bytes] = set()
        self.told_failed: set[bytes] = set()
        self.half_duplex = False
        self.expected = 0
        self.last_heard = -1
        self.needs_full = False

    @initialize(half_duplex=st.booleans(), first=st.integers(0, 2**32 - 1))
    def begin(self, half_duplex: bool, first: int) -> None:
        self.half_duplex = half_duplex
        options = ClientOptions(ALL, first, half_duplex=half_duplex)
        self.client = Client(UID, options)
        self.expected = first
        self.do("agent_description", description("a"), self.client.set_description)
        self.do("health", ComponentHealth(healthy=True), self.client.set_health)

    def do(self, name: str, value: Any, setter: Callable[[Any], None]) -> None:
        setter(value)
        self.truth[name] = value
        self.arrive(self.client.tick(self.now))

    def arrive(self, effects: Effects) -> None:
        for message in sent(effects):
            assert message.sequence_num == self.expected
            self.expected += 1
            self.messages.append(message)

    def hear(self, message: AgentToServer) -> None:
        """What a server does by the specification: a gap means that it needs full state."""
        is_full = message.HasField("agent_description")
        self.needs_full = not is_full and (
            self.needs_full or message.sequence_num != self.last_heard + 1
        )
        self.last_heard = message.sequence_num
        for name in PARTS:
            if message.HasField(name):
                self.known[name] = getattr(message, name)
        if message.remote_config_status.status == FAILED:
            self.told_failed.add(message.remote_config_status.last_remote_config_hash)

    @rule(text=st.text(max_size=3))
    def change_health(self, text: str) -> None:
        self.do("health", ComponentHealth(last_error=text), self.client.set_health)

    @rule(text=st.sampled_from(["a: 1", "a: 2"]))
    def change_config(self, text: str) -> None:
        self.do("effective_config", config(text), self.client.set_effective_config)

    @rule(number=st.integers(0, 3), value=st.sampled_from([APPLYING, APPLIED, FAILED]))
    def change_status(self, number: int, value: RemoteConfigStatuses) -> None:
        config_hash = bytes([number])
        before = self.truth.get("remote_config_status")
        if before and before.status == FAILED and before.last_remote_config_hash != config_hash:
            self.must_tell.add(before.last_remote_config_hash)
        self.must_tell.discard(config_hash)  # a newer status of the same one is as good
        self.do(
            "remote_config_status", status(config_hash, value), self.client.set_remote_config_status
        )

    @precondition(lambda self: not self.client.is_connected)
    @rule(other=st.booleans())
    def connect(self, other: bool) -> None:
        self.now += S
        before = len(self.messages)
        self.arrive(self.client.connected(self.now, is_other_server=other))
        assert len(self.messages) == before + 1

    @precondition(lambda self: self.client.is_connected and self.messages)
    @rule(flags=st.sampled_from([0, 0, 0, 1, 3]))
    def answer(self, flags: int) -> None:
        message = self.messages.pop(0)
        self.hear(message)
        self.arrive(self.client.received(answer(flags=flags), self.now))

    @precondition(lambda self: self.client.is_connected)
    @rule(arrives=st.integers(0, 3))
    def lose(self, arrives: int) -> None:
        for message in self.messages[:arrives]:
            self.hear(message)
        self.messages.clear()
        self.client.lost()

    @rule(seconds=st.integers(0, 40))
    def wait(self, seconds: int) -> None:
        self.now += seconds * S
        self.arrive(self.client.tick(self.now))

    @precondition(lambda self: self.client.is_connected and not self.half_duplex)
    @rule()
    def push(self) -> None:
        offer = answer()
        offer.remote_config.config_hash = b"x"
        effects = self.client.received(offer, self.now)
        assert ConfigOffered in [type(one.take()) for one in effects[:1]]
        self.arrive(effects[1:])

    @invariant()
    def never_two_requests_at_a_time(self) -> None:
        if self.half_duplex:
            assert len(self.messages) <= 1

    @rule()
    def settle(self) -> None:
        """Let time pass and every message be answered: then what the server knows is true."""
        if not self.client.is_connected:
            self.connect(False)
        idle = 0
        while idle < 2:
            while self.messages:
                self.hear(self.messages.pop(0))
                wish = int(self.needs_full)
                self.arrive(self.client.received(answer(flags=wish), self.now))
            self.now += S
            before = len(self.messages)
            self.arrive(self.client.tick(self.now))
            idle = idle + 1 if len(self.messages) == before and not self.needs_full else 0
        assert {name: self.known.get(name) for name in self.truth} == self.truth
        assert self.must_tell <= self.told_failed

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.settle()


TestAnySession = AnySession.TestCase


def test_a_command_of_an_unknown_type_is_ignored() -> None:
    agent = client()
    agent.connected(NOW)
    order = answer()
    order.command.type = 99  # type: ignore[assignment]
    assert RestartOrder not in kinds(agent.received(order, NOW))
    order.command.type = 0  # type: ignore[assignment]
    assert RestartOrder in kinds(agent.received(order, NOW))
