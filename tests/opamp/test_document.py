import json
import string

from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.document import REDACTED, message_document, shown_url
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from tests.opamp.messages import any_answer, any_report

SECRET = "tops3cret"
UID = bytes(range(16))


def offer() -> ServerToAgent:
    """An answer with something secret in each place where there can be."""
    answer = ServerToAgent(instance_uid=UID, flags=0x5)
    answer.remote_config.config.config_map["a"].body = SECRET.encode()
    answer.remote_config.config_hash = b"\xab\xcd"
    settings = answer.connection_settings
    settings.opamp.destination_endpoint = f"wss://user:{SECRET}@host/p?token={SECRET}"
    settings.opamp.headers.headers.add(key="Authorization", value=SECRET)
    settings.opamp.certificate.private_key = SECRET.encode()
    settings.opamp.proxy.url = f"http://u:{SECRET}@proxy"
    settings.opamp.proxy.connect_headers.headers.add(key="X-Key", value=SECRET)
    settings.opamp.tls.ca_pem_contents = SECRET
    settings.other_connections["db"].other_settings["password"] = SECRET
    answer.packages_available.packages["p"].file.download_url = f"https://h/f?sig={SECRET}"
    answer.packages_available.packages["p"].file.headers.headers.add(key="K", value=SECRET)
    answer.custom_message.data = SECRET.encode()
    return answer


def test_nothing_secret_is_shown() -> None:
    document = json.dumps(message_document(offer()))
    assert SECRET not in document
    assert REDACTED in document


def test_all_is_shown_where_it_is_asked_for() -> None:
    document = message_document(offer(), show_secrets=True)
    assert document["remote_config"]["config"]["config_map"]["a"]["body"] == SECRET
    headers = document["connection_settings"]["opamp"]["headers"]["headers"]
    assert headers == [{"key": "Authorization", "value": SECRET}]


def test_attributes_with_secret_names_are_redacted_however_deep() -> None:
    report = AgentToServer()
    attribute = report.agent_description.non_identifying_attributes.add(key="settings")
    inner = attribute.value.kvlist_value.values.add(key="api_key")
    inner.value.string_value = SECRET
    report.agent_description.identifying_attributes.add(
        key="auth.token"
    ).value.string_value = SECRET
    assert SECRET not in json.dumps(message_document(report))


def test_bits_enums_hashes_and_uids_are_words() -> None:
    document = message_document(offer())
    assert document["flags"] == ["report_full_state", "0x4"]
    assert document["instance_uid"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert document["remote_config"]["config_hash"] == "abcd"
    report = AgentToServer()
    report.remote_config_status.status = 3  # type: ignore[assignment]
    assert message_document(report)["remote_config_status"]["status"] == "FAILED"


def test_what_its_first_value_says_is_there_in_any_case() -> None:
    report = AgentToServer()
    report.health.SetInParent()
    report.remote_config_status.SetInParent()
    document = message_document(report)
    assert document["health"]["healthy"] is False
    assert document["remote_config_status"]["status"] == "UNSET"


@given(any_report())
def test_any_report_is_a_json_document(report: AgentToServer) -> None:
    json.dumps(message_document(report))
    json.dumps(message_document(report, show_secrets=True))


@given(any_answer())
def test_any_answer_is_a_json_document(answer: ServerToAgent) -> None:
    json.dumps(message_document(answer))


@given(st.text(string.printable))
def test_any_url_is_shown_without_its_query(url: str) -> None:
    assert "?" not in shown_url(f"http://host/{url}").partition("#")[0].partition("?")[0]
    shown_url(url)
