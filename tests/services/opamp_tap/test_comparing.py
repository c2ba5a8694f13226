from hypothesis import given

from otx.opamp.opamp_pb2 import ServerToAgent
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
