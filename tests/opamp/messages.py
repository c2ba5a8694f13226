"""Messages of any content, for property tests."""

from hypothesis import strategies as st

from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent

UIDS = st.sampled_from([bytes(16), bytes(range(16)), b"short", b"", b"x" * 100])
TEXTS = st.text(max_size=12)
HASHES = st.binary(max_size=9)


@st.composite
def any_report(draw: st.DrawFn) -> AgentToServer:
    """A report with any of its parts."""
    report = AgentToServer(
        instance_uid=draw(UIDS),
        sequence_num=draw(st.integers(0, (1 << 64) - 1)),
        capabilities=draw(st.integers(0, 1 << 17)),
        flags=draw(st.integers(0, 3)),
    )
    parts = draw(st.sets(st.integers(0, 9)))
    if 0 in parts:
        pair = report.agent_description.identifying_attributes.add(key=draw(TEXTS))
        pair.value.string_value = draw(TEXTS)
    if 1 in parts:
        report.health.healthy = draw(st.booleans())
        report.health.last_error = draw(TEXTS)
        report.health.component_health_map[draw(TEXTS)].healthy = draw(st.booleans())
    if 2 in parts:
        report.effective_config.config_map.config_map[draw(TEXTS)].body = draw(st.binary())
    if 3 in parts:
        report.remote_config_status.last_remote_config_hash = draw(HASHES)
        report.remote_config_status.status = draw(st.integers(0, 5))  # type: ignore[assignment]
        report.remote_config_status.error_message = draw(TEXTS)
    if 4 in parts:
        name = draw(TEXTS)
        report.package_statuses.packages[name].name = name
        report.package_statuses.packages[name].status = draw(st.integers(0, 6))  # type: ignore[assignment]
    if 5 in parts:
        report.agent_disconnect.SetInParent()
    if 6 in parts:
        report.connection_settings_request.opamp.certificate_request.csr = draw(HASHES)
    if 7 in parts:
        report.custom_capabilities.capabilities.append(draw(TEXTS))
        report.custom_message.capability = draw(TEXTS)
    if 8 in parts:
        report.available_components.hash = draw(HASHES)
    if 9 in parts:
        report.connection_settings_status.last_connection_settings_hash = draw(HASHES)
    return report


@st.composite
def any_answer(draw: st.DrawFn) -> ServerToAgent:
    """An answer with any of its parts."""
    answer = ServerToAgent(
        instance_uid=draw(UIDS),
        flags=draw(st.integers(0, 9)),
        capabilities=draw(st.integers(0, 1 << 9)),
    )
    parts = draw(st.sets(st.integers(0, 6)))
    if 0 in parts:
        answer.error_response.type = draw(st.integers(0, 4))  # type: ignore[assignment]
        answer.error_response.error_message = draw(TEXTS)
        if draw(st.booleans()):
            wait = draw(st.integers(0, (1 << 64) - 1))
            answer.error_response.retry_info.retry_after_nanoseconds = wait
    if 1 in parts:
        answer.remote_config.config.config_map[draw(TEXTS)].body = draw(st.binary())
        answer.remote_config.config_hash = draw(HASHES)
    if 2 in parts:
        answer.connection_settings.opamp.destination_endpoint = draw(TEXTS)
        answer.connection_settings.opamp.headers.headers.add(key=draw(TEXTS), value=draw(TEXTS))
        answer.connection_settings.other_connections[draw(TEXTS)].SetInParent()
    if 3 in parts:
        answer.packages_available.packages[draw(TEXTS)].version = draw(TEXTS)
    if 4 in parts:
        answer.agent_identification.new_instance_uid = draw(UIDS)
    if 5 in parts:
        answer.command.SetInParent()
    if 6 in parts:
        answer.custom_message.type = draw(TEXTS)
    return answer
