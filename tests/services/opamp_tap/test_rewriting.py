from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import ServerToAgent
from otx.services.opamp_tap.rewriting import Rewriter
from tests.services.opamp_tap.tapping import UID, report

NEW = bytes([7]) * 16


def rewriter(keeps_uids: bool = False) -> Rewriter:
    return Rewriter(lambda: NEW, keeps_uids, first_sequence=lambda: 1000)


def test_uids_and_numbers_are_new_and_gaps_stay() -> None:
    one = rewriter()
    first = report(5)
    pair = first.agent_description.identifying_attributes.add(key="service.instance.id")
    pair.value.string_value = uid_text(UID)
    sent = one.report(first)
    assert (sent.instance_uid, sent.sequence_num) == (NEW, 1000)
    assert sent.agent_description.identifying_attributes[1].value.string_value == uid_text(NEW)
    assert one.report(report(8)).sequence_num == 1003
    assert one.report(report(4)).sequence_num == 999
    assert first.instance_uid == UID


def test_uids_can_be_kept() -> None:
    assert rewriter(keeps_uids=True).report(report(1)).instance_uid == UID


def test_hashes_of_the_live_server_take_the_place_of_recorded_ones() -> None:
    one = rewriter()
    recorded, live = ServerToAgent(), ServerToAgent()
    recorded.remote_config.config_hash, live.remote_config.config_hash = b"old", b"new"
    recorded.connection_settings.hash, live.connection_settings.hash = b"old set", b"new set"
    one.learn(recorded, live)
    status = report(1)
    status.remote_config_status.last_remote_config_hash = b"old"
    status.connection_settings_status.last_connection_settings_hash = b"old set"
    sent = one.report(status)
    assert sent.remote_config_status.last_remote_config_hash == b"new"
    assert sent.connection_settings_status.last_connection_settings_hash == b"new set"
    status.remote_config_status.last_remote_config_hash = b"other"
    assert one.report(status).remote_config_status.last_remote_config_hash == b"other"


def test_a_uid_that_the_live_server_gives_is_used() -> None:
    one = rewriter()
    recorded, live = ServerToAgent(), ServerToAgent()
    recorded.agent_identification.new_instance_uid = bytes(16)
    live.agent_identification.new_instance_uid = b"x" * 16
    one.learn(recorded, live)
    assert one.report(report(1, bytes(16))).instance_uid == b"x" * 16
