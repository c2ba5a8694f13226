from hypothesis import given

from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.services.opamp_tap.comparing import differences
from tests.opamp.messages import any_answer
from tests.opamp.test_document import SECRET, offer


def test_what_must_differ_does_not_count() -> None:
    live = offer()
    live.instance_uid = bytes(16)
    live.remote_config.config_hash = b"another"
    live.connection_settings.opamp.destination_endpoint = "ws://elsewhere"
    assert differences(offer(), live) == []
    assert differences(offer(), live, has_own_hashes=False) == [
        "remote_config.config_hash differs: 616e6f74686572, recorded abcd"
    ]


def test_each_field_that_differs_is_named_without_secrets() -> None:
    live = offer()
    live.remote_config.config.config_map["a"].body = b"other" + SECRET.encode()
    live.flags = 1
    live.ClearField("custom_message")
    live.command.SetInParent()
    found = differences(offer(), live)
    assert found == [
        "command.type is there, and not on the record: Restart",
        "custom_message.data is missing",
        "flags differs: ['report_full_state'], recorded ['report_full_state', '0x4']",
        "remote_config.config.config_map.a.body differs",
    ]
    assert SECRET not in " ".join(found)


def test_a_hash_that_is_missing_counts() -> None:
    live = offer()
    live.remote_config.config_hash = b""
    assert differences(offer(), live) == ["remote_config.config_hash is missing"]


@given(any_answer(), any_answer())
def test_a_message_is_like_itself(one: ServerToAgent, other: ServerToAgent) -> None:
    assert differences(one, one) == []
    assert bool(differences(one, other)) == bool(differences(other, one))


def test_no_difference_shows_what_may_be_secret() -> None:
    live = ServerToAgent.FromString(offer().SerializeToString().replace(b"tops3cret", b"other3one"))
    found = differences(offer(), live)
    assert len(found) >= 6
    assert SECRET not in " ".join(found)
    assert "other3one" not in " ".join(found)
    one, other = AgentToServer(), AgentToServer()
    for report, value in ((one, SECRET), (other, "x")):
        pair = report.agent_description.identifying_attributes.add(key="api_key")
        pair.value.string_value = value
    assert differences(one, other) == ["agent_description.identifying_attributes.api_key differs"]
