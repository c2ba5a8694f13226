"""The server's rules of the protocol; numbers are those of docs/opamp-protocol.md."""

import pytest

from otx.errors import UsageError
from otx.opamp.capabilities import AgentCapability, AgentFlag, ServerCapability
from otx.opamp.effect import UsedTwice
from otx.opamp.opamp_pb2 import (
    AgentDisconnect,
    AgentToServer,
    AvailableComponents,
    ComponentDetails,
    ComponentHealth,
    CustomCapabilities,
    CustomMessage,
    PackageStatuses,
    RemoteConfigStatus,
    ServerErrorResponseType,
)
from otx.opamp.server.agent import Progress
from otx.opamp.server.fleet import MOST_AGENTS_OF_A_LINK, UNCONFIRMED_NS
from otx.opamp.server.operator import Operator
from otx.opamp.server.selector import parse_selector
from tests.opamp.server.world import (
    SECOND,
    USUAL,
    Speaker,
    World,
    asks_full,
    config_status,
)


@pytest.fixture
def world() -> World:
    return World()


def test_each_report_is_answered_once_and_to_its_sender(world: World) -> None:
    speaker = Speaker(world)
    for answer in (speaker.full(), speaker.report(), speaker.again(), speaker.report()):
        assert answer.instance_uid == speaker.uid


def test_an_answer_can_be_sent_once_only(world: World) -> None:
    message = AgentToServer(instance_uid=bytes(range(16)))
    reply = world.fleet.receive(world.link(), message, world.now_ns)
    reply.answer.take()
    with pytest.raises(UsedTwice):
        reply.answer.take()


def test_the_first_answer_states_capabilities_with_defined_bits_only(world: World) -> None:
    answer = Speaker(world).full()
    assert answer.capabilities & ServerCapability.ACCEPTS_STATUS
    assert answer.capabilities & ~sum(ServerCapability) == 0
    assert not answer.capabilities & ServerCapability.ACCEPTS_CONNECTION_SETTINGS_REQUEST


@pytest.mark.parametrize("uid", [b"", b"12345", b"x" * 17, b"01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_a_uid_of_another_size_is_a_bad_request_and_nothing_else(world: World, uid: bytes) -> None:
    reply = world.fleet.receive(world.link(), AgentToServer(instance_uid=uid), world.now_ns)
    answer = reply.answer.take()
    assert answer.error_response.type == (
        ServerErrorResponseType.ServerErrorResponseType_BadRequest
    )
    assert f"{len(uid)} bytes" in answer.error_response.error_message
    answer.ClearField("error_response")
    answer.ClearField("instance_uid")
    assert not answer.ListFields()
    assert not world.fleet.agents


def test_a_compressed_report_of_an_unknown_agent_asks_for_full_state(world: World) -> None:
    speaker = Speaker(world)
    assert asks_full(speaker.report())
    assert not asks_full(speaker.full())
    assert not asks_full(speaker.report())


def test_a_gap_asks_for_full_state_until_it_is_in(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    speaker.number += 1
    assert asks_full(speaker.report())
    assert asks_full(speaker.report())
    assert not asks_full(speaker.full())


def test_a_gap_before_a_complete_report_asks_for_nothing(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    speaker.number += 5
    assert not asks_full(speaker.full())


def test_the_need_of_full_state_survives_the_connection(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    speaker.number += 1
    assert asks_full(speaker.report())
    world.fleet.lost(speaker.link, world.now_ns)
    speaker.link = world.link()
    assert asks_full(speaker.report())
    assert world.journal.agents[speaker.uid]["needs_full"] == 1


def test_a_new_process_that_hits_the_expected_number_is_asked_all_the_same(world: World) -> None:
    first = Speaker(world, number=-1)
    first.full()
    world.fleet.lost(first.link, world.now_ns)
    second = Speaker(world, number=0)  # its report 0 was lost
    assert asks_full(second.report())


def test_a_reconnect_of_a_process_with_a_large_number_costs_no_full_report(world: World) -> None:
    speaker = Speaker(world, number=1 << 31)
    speaker.full()
    world.fleet.lost(speaker.link, world.now_ns)
    speaker.link = world.link()
    assert not asks_full(speaker.report())


def test_over_http_only_the_first_numbers_are_distrusted(world: World) -> None:
    speaker = Speaker(world, link=world.poll_link(1), number=-1)
    speaker.full()
    speaker.link = world.poll_link(2)
    assert asks_full(speaker.report())
    assert not asks_full(speaker.full())
    speaker.number = 20
    speaker.full()
    speaker.link = world.poll_link(3)
    assert not asks_full(speaker.report())


def test_a_heartbeat_with_nothing_but_a_uid_is_no_gap(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    bare = AgentToServer(instance_uid=speaker.uid)
    answer = world.fleet.receive(speaker.link, bare, world.now_ns).answer.take()
    assert not asks_full(answer)
    assert answer.instance_uid == speaker.uid
    assert not asks_full(speaker.report())


def test_capabilities_of_zero_state_nothing(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    speaker.report(capabilities=0)
    assert speaker.agent.capabilities == USUAL
    speaker.report(capabilities=AgentCapability.REPORTS_STATUS)
    assert speaker.agent.capabilities == AgentCapability.REPORTS_STATUS


def test_an_agent_that_never_has_more_to_say_is_asked_twice(world: World) -> None:
    speaker = Speaker(world)
    description = speaker.description()
    assert asks_full(speaker.report(agent_description=description))
    assert asks_full(speaker.report(agent_description=description))
    assert not asks_full(speaker.report(agent_description=description))
    speaker.number += 1
    assert asks_full(speaker.report())
    assert not asks_full(speaker.report(agent_description=description)), "that is all it says"


def test_a_complete_report_replaces_what_it_leaves_out(world: World) -> None:
    speaker = Speaker(world)
    speaker.full(package_statuses=PackageStatuses(error_message="x"))
    assert world.journal.agents[speaker.uid]["packages"]
    speaker.full()
    assert not speaker.agent.has_packages
    assert world.journal.agents[speaker.uid]["packages"] is None


def test_a_compressed_report_leaves_the_rest_as_it_was(world: World) -> None:
    speaker = Speaker(world, env="prod")
    speaker.full()
    speaker.report(health=ComponentHealth(healthy=False, last_error="port in use"))
    agent = speaker.agent
    assert agent.labels["env"] == "prod"
    assert agent.has_effective_config
    assert agent.health is not None
    assert agent.health.error == "port in use"


def test_an_agent_is_offered_what_it_is_assigned_and_does_not_have(world: World) -> None:
    speaker = Speaker(world, env="prod")
    speaker.full()
    push = world.push("env=prod")
    assert world.fleet.due == {speaker.uid}
    pushed = speaker.is_pushed()
    assert pushed is not None
    assert pushed.remote_config.config_hash == push.config_hash
    assert pushed.remote_config.config.config_map[""].body == b"a: 1"
    assert speaker.is_pushed() is None
    answer = speaker.says(Progress.APPLYING, push.config_hash)
    assert not answer.HasField("remote_config")
    assert not speaker.says(Progress.APPLIED, push.config_hash).HasField("remote_config")
    assert not speaker.report().HasField("remote_config")


def test_a_report_with_another_hash_is_answered_with_the_offer(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    for _ in range(3):
        answer = speaker.says(Progress.UNSET, b"")
        assert answer.remote_config.config_hash == push.config_hash


def test_a_heartbeat_just_after_an_offer_does_not_repeat_it(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    assert speaker.report().HasField("remote_config")
    assert not speaker.report().HasField("remote_config")
    world.wait(11)
    assert speaker.report().remote_config.config_hash == push.config_hash


def test_an_agent_that_is_away_gets_it_when_it_returns(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    world.fleet.lost(speaker.link, world.now_ns)
    push = world.push()
    assert world.fleet.due == set()
    speaker.link = world.link()
    assert speaker.report().remote_config.config_hash == push.config_hash


def test_who_does_not_accept_configurations_is_offered_none(world: World) -> None:
    speaker = Speaker(world, capabilities=USUAL & ~AgentCapability.ACCEPTS_REMOTE_CONFIG)
    speaker.full()
    world.push()
    assert not speaker.report().HasField("remote_config")
    assert not speaker.full().HasField("remote_config")


def test_nothing_is_offered_while_the_state_is_not_known(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    world.push()
    speaker.number += 1
    assert not speaker.report().HasField("remote_config")


def test_what_failed_is_never_offered_again(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    good = world.push(body="a: 1")
    speaker.says(Progress.APPLIED, good.config_hash)
    bad = world.push(body="b: 2")
    speaker.report()
    speaker.says(Progress.FAILED, bad.config_hash, "no such receiver")
    back = speaker.says(Progress.APPLIED, good.config_hash)  # it says that it went back
    assert not back.HasField("remote_config")
    for _ in range(5):
        world.wait(60)
        assert not speaker.report().HasField("remote_config")
        assert not speaker.full(
            remote_config_status=config_status(Progress.APPLIED, good.config_hash)
        ).HasField("remote_config")
    assert speaker.agent.failures[bad.config_hash].reason == "no such receiver"
    assert world.journal.failures[speaker.uid, bad.config_hash] == "no such receiver"


def test_going_back_without_a_word_counts_as_failure(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    good = world.push(body="a: 1")
    speaker.says(Progress.APPLIED, good.config_hash)
    bad = world.push(body="b: 2")
    speaker.report()
    speaker.says(Progress.APPLYING, bad.config_hash)
    assert not speaker.says(Progress.APPLIED, good.config_hash).HasField("remote_config")
    assert "went back" in speaker.agent.failures[bad.config_hash].reason


def test_an_agent_that_ignores_an_offer_is_not_offered_it_without_end(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    offers = [speaker.says(Progress.UNSET, b"").HasField("remote_config") for _ in range(20)]
    assert 1 < sum(offers) <= 6
    assert not any(offers[6:])
    assert "5 times" in speaker.agent.failures[push.config_hash].reason


def test_a_retry_of_the_same_content_is_another_configuration(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    bad = world.push()
    speaker.says(Progress.FAILED, bad.config_hash, "disk full")
    assert not speaker.report().HasField("remote_config")
    again = world.push(is_retry=True)
    assert again.config_hash != bad.config_hash
    assert speaker.report().remote_config.config_hash == again.config_hash


def test_applied_after_failed_takes_the_failure_back(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    speaker.says(Progress.FAILED, push.config_hash, "port in use")
    speaker.says(Progress.APPLIED, push.config_hash)
    assert not speaker.agent.failures
    assert world.journal.failures[speaker.uid, push.config_hash] == ""


def test_a_silent_agent_is_offered_a_configuration_once_a_connection(world: World) -> None:
    speaker = Speaker(world, capabilities=USUAL & ~AgentCapability.REPORTS_REMOTE_CONFIG)
    speaker.full()
    world.push()
    assert speaker.report().HasField("remote_config")
    world.wait(100)
    assert not speaker.report().HasField("remote_config")
    world.fleet.lost(speaker.link, world.now_ns)
    speaker.link = world.link()
    assert speaker.report().HasField("remote_config")


def test_a_restart_travels_alone_and_after_the_offer(world: World) -> None:
    speaker = Speaker(world, capabilities=USUAL | AgentCapability.ACCEPTS_RESTART_COMMAND)
    speaker.full()
    world.push()
    Operator(world.fleet).restart(parse_selector(""), "me", world.now_ns)
    first, second = speaker.is_pushed(), speaker.is_pushed()
    assert first is not None
    assert second is not None
    assert first.HasField("remote_config")
    assert not first.HasField("command")
    assert {field.name for field, _ in second.ListFields()} == {
        "instance_uid",
        "capabilities",
        "command",
    }
    assert speaker.is_pushed() is None


def test_a_restart_is_confirmed_by_a_newer_start_time(world: World) -> None:
    speaker = Speaker(world, capabilities=USUAL | AgentCapability.ACCEPTS_RESTART_COMMAND)
    speaker.full()
    Operator(world.fleet).restart(parse_selector(""), "me", world.now_ns)
    speaker.is_pushed()
    speaker.report(health=ComponentHealth(healthy=True, start_time_unix_nano=world.now_ns + SECOND))
    assert world.journal.said("restarted") == ["1000 ms after the command"]


def test_over_http_a_restart_is_the_whole_answer_to_a_poll(world: World) -> None:
    speaker = Speaker(
        world,
        capabilities=USUAL | AgentCapability.ACCEPTS_RESTART_COMMAND,
        link=world.poll_link(),
    )
    speaker.full()
    world.push()
    Operator(world.fleet).restart(parse_selector(""), "me", world.now_ns)
    first, second = speaker.report(), speaker.report()
    assert first.HasField("remote_config")
    assert not first.HasField("command")
    assert second.HasField("command")
    assert {field.name for field, _ in second.ListFields()} == {
        "instance_uid",
        "capabilities",
        "command",
    }


def test_no_restart_for_who_does_not_accept_it(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    done = Operator(world.fleet).restart(parse_selector(""), "me", world.now_ns)
    assert done["unable"] == [speaker.agent.text]
    assert speaker.is_pushed() is None


def test_the_second_live_agent_with_a_uid_gets_another(world: World) -> None:
    first, second = Speaker(world), Speaker(world)
    first.full()
    second.number = 77
    answer = second.full()
    given = answer.agent_identification.new_instance_uid
    assert len(given) == 16
    assert answer.instance_uid == second.uid
    assert not first.report().HasField("agent_identification")
    assert len(world.fleet.agents) == 2
    # Even one that goes on with its old uid is kept apart.
    again = second.report(health=ComponentHealth(healthy=False))
    assert again.agent_identification.new_instance_uid == given
    assert first.agent.health is not None
    assert first.agent.health.healthy
    second.uid = given
    obeyed = second.report()
    assert not obeyed.HasField("agent_identification")
    assert not asks_full(obeyed)
    assert world.fleet.agents[given].is_confirmed


def test_a_process_that_comes_back_while_its_old_connection_hangs_keeps_its_uid(
    world: World,
) -> None:
    speaker = Speaker(world)
    speaker.full()
    old, speaker.link = speaker.link, world.link()
    speaker.number += 1
    message = AgentToServer(
        instance_uid=speaker.uid, sequence_num=speaker.number, capabilities=USUAL
    )
    reply = world.fleet.receive(speaker.link, message, world.now_ns)
    assert not reply.answer.take().HasField("agent_identification")
    assert reply.closes == (old.number,)
    world.fleet.lost(old, world.now_ns)
    assert speaker.agent.link == speaker.link.number


def test_an_agent_that_was_silent_for_long_gives_its_uid_to_a_newcomer(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    world.wait(91)
    speaker.link, speaker.number = world.link(), 5
    assert not speaker.full().HasField("agent_identification")


def test_two_series_of_numbers_over_http_are_two_agents(world: World) -> None:
    first = Speaker(world, link=world.poll_link(1), number=1000)
    second = Speaker(world, link=world.poll_link(2), number=5000)
    answers = []
    for _ in range(3):
        answers += [first.full(), second.full()]
    given = {answer.agent_identification.new_instance_uid for answer in answers} - {b""}
    assert len(given) == 1
    assert len(world.fleet.agents) == 2


def test_a_repeated_report_over_http_is_answered_and_is_no_second_agent(world: World) -> None:
    speaker = Speaker(world, link=world.poll_link())
    speaker.full()
    for _ in range(10):
        speaker.report()
        assert speaker.again().instance_uid == speaker.uid
    assert len(world.fleet.agents) == 1


def test_who_asks_for_a_uid_gets_one(world: World) -> None:
    speaker = Speaker(world)
    answer = speaker.full(flags=AgentFlag.REQUEST_INSTANCE_UID)
    given = answer.agent_identification.new_instance_uid
    assert list(world.fleet.agents) == [given]
    speaker.uid = given
    assert not speaker.report().HasField("agent_identification")


def test_the_uid_of_zeros_is_nobodys(world: World) -> None:
    speaker = Speaker(world, uid=bytes(16))
    assert speaker.full().HasField("agent_identification")


def test_a_uid_that_was_given_and_never_used_is_forgotten(world: World) -> None:
    speaker = Speaker(world, link=world.poll_link())
    speaker.full(flags=AgentFlag.REQUEST_INSTANCE_UID)
    world.wait(UNCONFIRMED_NS / SECOND + 1)
    assert not world.fleet.agents
    assert not world.journal.agents


def test_when_a_connection_dies_all_its_agents_are_gone_and_their_state_stays(
    world: World,
) -> None:
    link = world.link()
    speakers = [Speaker(world, f"agent{number}", link=link) for number in range(3)]
    for speaker in speakers:
        speaker.full()
    world.fleet.lost(link, world.now_ns)
    for speaker in speakers:
        assert speaker.agent.presence(world.now_ns, world.fleet.patience) == "gone"
        assert speaker.agent.name == speaker.name


def test_a_connection_has_room_for_so_many_agents(world: World) -> None:
    link = world.link()
    for number in range(MOST_AGENTS_OF_A_LINK):
        Speaker(world, f"agent{number}", link=link).full()
    answer = Speaker(world, "one more", link=link).full()
    assert answer.HasField("error_response")
    assert len(world.fleet.agents) == MOST_AGENTS_OF_A_LINK


def test_goodbye_is_gone(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    push = world.push()
    answer = speaker.report(agent_disconnect=AgentDisconnect())
    assert not answer.HasField("remote_config")
    assert speaker.agent.presence(world.now_ns, world.fleet.patience) == "gone"
    world.fleet.lost(speaker.link, world.now_ns)
    speaker.link = world.link()
    assert speaker.report().remote_config.config_hash == push.config_hash


def test_silence_over_http_is_stale_and_then_gone(world: World) -> None:
    speaker = Speaker(world, link=world.poll_link())
    speaker.full()
    states = []
    for seconds in (0, 89, 2, 900):
        world.wait(seconds)
        states.append(speaker.agent.presence(world.now_ns, world.fleet.patience))
    assert states == ["connected", "connected", "stale", "gone"]


def test_silence_over_websocket_means_something_only_with_an_interval_of_ours(
    world: World,
) -> None:
    speaker = Speaker(world)
    speaker.full()
    world.wait(10_000)
    assert speaker.agent.presence(world.now_ns, world.fleet.patience) == "connected"
    speaker.agent.interval_s = 30
    assert speaker.agent.presence(world.now_ns, world.fleet.patience) == "stale"


def test_components_are_asked_for_by_hash(world: World) -> None:
    speaker = Speaker(world, capabilities=USUAL | AgentCapability.REPORTS_AVAILABLE_COMPONENTS)
    hash_only = AvailableComponents(hash=b"one")
    assert speaker.full(available_components=hash_only).flags == 2
    assert speaker.report().flags == 2
    whole = AvailableComponents(hash=b"one", components={"receivers": ComponentDetails()})
    assert speaker.report(available_components=whole).flags == 0
    assert speaker.report(available_components=hash_only).flags == 0
    assert speaker.report(available_components=AvailableComponents(hash=b"two")).flags == 2


def test_custom_messages_are_kept_and_bounded(world: World) -> None:
    speaker = Speaker(world)
    speaker.full()
    for number in range(40):
        speaker.report(custom_message=CustomMessage(capability="io.x", type=str(number)))
    messages = speaker.agent.custom_messages
    assert messages is not None
    assert [one.type for one in messages] == [str(number) for number in range(24, 40)]


def test_odd_numbers_of_enums_and_bits_are_taken(world: World) -> None:
    speaker = Speaker(world)
    answer = speaker.full(
        capabilities=USUAL | 1 << 63,
        remote_config_status=RemoteConfigStatus.FromString(b"\x10\x11"),
    )
    assert not answer.HasField("error_response")
    assert speaker.agent.config.progress is Progress.UNSET
    speaker.number = (1 << 64) - 2
    assert not speaker.full().HasField("error_response")


def test_what_is_kept_of_an_agent_is_bounded(world: World) -> None:
    speaker = Speaker(world, note="x" * 300_000)
    answer = speaker.full()
    assert "agent_description has" in answer.error_response.error_message
    assert not world.fleet.agents
    speaker = Speaker(world)
    speaker.full()
    assert speaker.says(Progress.APPLIED, b"h" * 2_000).HasField("error_response")
    speaker.report(custom_message=CustomMessage(data=b"x" * 1_000_000))
    messages = speaker.agent.custom_messages
    assert messages is not None
    assert len(messages[0].data) < 10_000


def test_whoever_makes_up_uids_does_not_fill_the_memory(world: World) -> None:
    world.fleet.most_known = 5
    for number in range(5):
        assert not Speaker(world, f"agent{number}").full().HasField("error_response")
    answer = Speaker(world, "one more").full()
    assert answer.error_response.HasField("retry_info")
    assert len(world.fleet.agents) == 5
    assert not Speaker(world, "agent1", number=7).full().HasField("error_response")


def test_an_agent_that_is_gone_for_a_month_is_forgotten(world: World) -> None:
    gone, there = Speaker(world, "gone"), Speaker(world, "there")
    gone.full()
    there.full()
    world.fleet.lost(gone.link, world.now_ns)
    world.wait(29 * 86_400)
    assert len(world.fleet.agents) == 2
    world.wait(2 * 86_400)
    assert list(world.fleet.agents) == [there.uid]


def test_failures_of_configurations_that_were_not_made_here_are_not_collected(
    world: World,
) -> None:
    speaker = Speaker(world)
    speaker.full()
    before = world.journal.length
    for number in range(100):
        speaker.says(Progress.FAILED, number.to_bytes(32, "big"), "no")
    assert not speaker.agent.failures
    assert not world.journal.failures
    assert world.journal.length == before + 100, "only the agent's own row"


def test_a_custom_message_goes_to_who_has_the_capability(world: World) -> None:
    speaker = Speaker(world)
    speaker.full(custom_capabilities=CustomCapabilities(capabilities=["io.x"]))
    operator = Operator(world.fleet)
    with pytest.raises(UsageError, match=r"has io\.x"):
        operator.send(speaker.agent, "io.y", "t", b"", "me", world.now_ns)
    for number in range(2):
        operator.send(speaker.agent, "io.x", str(number), b"1", "me", world.now_ns)
    first, second = speaker.is_pushed(), speaker.report()
    assert first is not None
    assert [one.custom_message.type for one in (first, second)] == ["0", "1"]
    assert first.custom_capabilities.capabilities == ["io.x"]
    assert speaker.is_pushed() is None
    for _ in range(16):
        operator.send(speaker.agent, "io.x", "t", b"", "me", world.now_ns)
    with pytest.raises(UsageError, match="16 messages wait"):
        operator.send(speaker.agent, "io.x", "t", b"", "me", world.now_ns)
