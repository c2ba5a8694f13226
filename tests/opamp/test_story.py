from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.framing import frame
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    RemoteConfigStatuses,
    ServerErrorResponseType,
    ServerToAgent,
)
from otx.opamp.story import Storyteller
from tests.opamp.messages import any_answer, any_report
from tests.opamp.test_document import SECRET, offer

UID = bytes(range(16))
APPLYING = RemoteConfigStatuses.RemoteConfigStatuses_APPLYING
APPLIED = RemoteConfigStatuses.RemoteConfigStatuses_APPLIED
FAILED = RemoteConfigStatuses.RemoteConfigStatuses_FAILED


def full(number: int = 1) -> AgentToServer:
    report = AgentToServer(instance_uid=UID, sequence_num=number, capabilities=0x807)
    for key, value in (("service.name", "shop"), ("service.version", "1.0")):
        report.agent_description.identifying_attributes.add(key=key).value.string_value = value
    report.health.healthy = True
    report.effective_config.config_map.config_map[""].body = b"a: 1\nb: 2\nc: 3\n"
    return report


def test_the_first_report_says_who_it_is_and_how_it_is() -> None:
    assert Storyteller().report(full()) == [
        "is shop 1.0",
        "healthy",
        "effective config: 1 object, 3 lines",
        "can reports_status accepts_remote_config reports_effective_config reports_health",
    ]


def test_after_it_only_what_changed_is_told() -> None:
    teller = Storyteller()
    teller.report(full())
    report = full(2)
    report.agent_description.identifying_attributes[1].value.string_value = "1.1"
    report.health.healthy = False
    report.health.last_error = "exporter\nis down"
    report.effective_config.config_map.config_map[""].body = b"a: 1\nb: 4\nc: 3\n"
    report.capabilities |= 0x1000
    assert teller.report(report) == [
        "description: service.version 1.0 → 1.1",
        "health healthy → unhealthy: exporter⏎is down",
        "effective config: 1 line changed",
        "capabilities +reports_remote_config",
    ]
    assert teller.report(AgentToServer(instance_uid=UID, capabilities=0x1807)) == ["heartbeat"]


def test_agents_are_kept_apart() -> None:
    teller = Storyteller()
    teller.report(full())
    other = full()
    other.instance_uid = bytes(16)
    assert teller.report(other)[0] == "is shop 1.0"


def test_a_configuration_is_followed_by_its_hash() -> None:
    teller = Storyteller()
    answer = ServerToAgent(instance_uid=UID)
    answer.remote_config.config.config_map["a"].body = b"x"
    answer.remote_config.config.config_map["b"].body = b"y"
    answer.remote_config.config_hash = bytes.fromhex("3f9c1a2b77")
    assert teller.answer(answer, UID) == ["offers remote config 3f9c1a2b… (2 objects)"]
    assert teller.answer(answer, UID) == ["offers remote config 3f9c1a2b… (2 objects) again"]
    report = AgentToServer(instance_uid=UID)
    report.remote_config_status.last_remote_config_hash = answer.remote_config.config_hash
    report.remote_config_status.status = APPLYING
    assert teller.report(report) == ["status APPLYING 3f9c1a2b…"]
    report.remote_config_status.status = FAILED
    report.remote_config_status.error_message = "no such receiver"
    assert teller.report(report) == ["status FAILED 3f9c1a2b…: no such receiver"]
    assert teller.report(report) == ["status FAILED 3f9c1a2b…: no such receiver, unchanged"]


def test_health_of_components_is_told_by_path() -> None:
    teller = Storyteller()
    report = AgentToServer(instance_uid=UID)
    report.health.healthy = True
    inner = report.health.component_health_map["pipeline:traces"]
    inner.healthy = True
    inner.component_health_map["otlp"].healthy = True
    teller.report(report)
    inner.component_health_map["otlp"].healthy = False
    inner.component_health_map["otlp"].last_error = "refused"
    assert teller.report(report) == ["health pipeline:traces/otlp healthy → unhealthy: refused"]
    del inner.component_health_map["otlp"]
    assert teller.report(report) == ["health pipeline:traces/otlp gone"]


def test_errors_and_commands_of_a_server() -> None:
    teller = Storyteller()
    answer = ServerToAgent(instance_uid=UID)
    answer.error_response.type = ServerErrorResponseType.ServerErrorResponseType_Unavailable
    answer.error_response.retry_info.retry_after_nanoseconds = 30_000_000_000
    assert teller.answer(answer, UID) == ["error Unavailable, retry after 30.0 s"]
    command = ServerToAgent(instance_uid=UID, flags=1)
    command.command.SetInParent()
    assert teller.answer(command, UID) == ["command Restart", "flags report_full_state"]
    assert teller.answer(ServerToAgent(instance_uid=UID), UID) == ["ok"]


def test_an_agent_with_a_new_uid_is_the_same() -> None:
    teller = Storyteller()
    teller.report(full())
    answer = ServerToAgent(instance_uid=UID)
    answer.agent_identification.new_instance_uid = bytes(16)
    said = teller.answer(answer, UID)
    assert said == ["gives the uid 00000000-0000-0000-0000-000000000000"]
    again = full(2)
    again.instance_uid = bytes(16)
    assert teller.report(again)[0] == "description again, unchanged"


def test_nothing_secret_is_told() -> None:
    teller = Storyteller()
    assert SECRET not in " ".join(teller.answer(offer(), UID))
    report = full()
    report.effective_config.config_map.config_map[""].body = SECRET.encode()
    report.agent_description.identifying_attributes.add(key="api_key").value.string_value = SECRET
    assert SECRET not in " ".join(teller.report(report) + teller.report(report))


def test_text_of_the_other_side_cannot_drive_the_terminal() -> None:
    report = AgentToServer(instance_uid=UID)
    report.health.last_error = "\x1b[2J\r\n" + "x" * 5000
    (said,) = Storyteller().report(report)
    assert said.isprintable()
    assert len(said) < 300


def test_only_so_many_agents_are_remembered() -> None:
    teller = Storyteller(agents=2)
    for number in range(3):
        report = full()
        report.instance_uid = bytes([number]) * 16
        teller.report(report)
    first = full()
    first.instance_uid = bytes(16)
    assert teller.report(first)[0] == "is shop 1.0"


def test_fields_that_nobody_knows_are_named() -> None:
    report = AgentToServer.FromString(frame(AgentToServer())[1:] + b"\xfa\x01\x01x")
    assert Storyteller().report(report) == ["unknown fields 31"]


@given(st.lists(st.one_of(any_report(), any_answer()), max_size=4))
def test_any_messages_can_be_told(messages: list[AgentToServer | ServerToAgent]) -> None:
    teller = Storyteller()
    for message in messages:
        if isinstance(message, AgentToServer):
            said = teller.report(message)
        else:
            said = teller.answer(message, message.instance_uid)
        assert said
        assert all(phrase.isprintable() for phrase in said)
