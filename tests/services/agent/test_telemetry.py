"""The agent's own metrics."""

import os
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from otx.errors import UsageError
from otx.opamp.opamp_pb2 import AgentDescription, ServerToAgent, TelemetryConnectionSettings
from otx.services.agent.telemetry import Usage, request, target_of, usage_of
from tests.services.agent.http_receiver import http_receiver
from tests.services.agent.scripted import begun, real_agent, scripted_server, until


def test_a_request_says_whose_metrics_they_are() -> None:
    description = AgentDescription()
    description.identifying_attributes.add(key="service.name").value.string_value = "edge"
    description.non_identifying_attributes.add(key="process.pid").value.int_value = 7
    usage = Usage("agent", 7, 5, 1.5, 0.5, 4096, 2, 9)
    (metrics,) = request(description, [usage], 99).resource_metrics
    attributes = {one.key: one.value for one in metrics.resource.attributes}
    assert attributes["service.name"].string_value == "edge"
    assert attributes["process.pid"].int_value == 7
    found = {one.name: one.sum for one in metrics.scope_metrics[0].metrics}
    assert found["process.cpu.time"].is_monotonic
    assert [it.as_double for it in found["process.cpu.time"].data_points] == [1.5, 0.5]
    (memory,) = found["process.memory.usage"].data_points
    assert (memory.as_int, memory.start_time_unix_nano, memory.time_unix_nano) == (4096, 5, 99)


def test_what_a_process_has_used_is_read_from_the_kernel() -> None:
    usage = usage_of(os.getpid(), "agent", 1)
    assert usage is not None
    assert usage.memory_bytes > 1 << 20
    assert usage.files > 2
    assert usage_of(2**22 + 1, "supervised", 1) is None


def test_offers_that_cannot_be_used_are_refused() -> None:
    assert target_of(TelemetryConnectionSettings(), allows_insecure=False) is None
    with pytest.raises(UsageError, match="no http"):
        target_of(TelemetryConnectionSettings(destination_endpoint="h:1"), allows_insecure=False)
    offer = TelemetryConnectionSettings(destination_endpoint="https://h/v1/metrics")
    offer.tls.insecure_skip_verify = True
    with pytest.raises(UsageError, match="not verify"):
        target_of(offer, allows_insecure=False)
    assert target_of(offer, allows_insecure=True) is not None


async def test_own_metrics_arrive_where_they_were_offered_and_go_on(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        with http_receiver() as (url, bodies):
            await begun(script, agent)
            message = ServerToAgent(instance_uid=script.messages[-1].instance_uid)
            message.connection_settings.hash = b"m"
            message.connection_settings.own_metrics.destination_endpoint = url
            await script.send(message)
            await until(lambda: len(bodies) == 1, "metrics arrive")
            agent.kill()
            agent.start()
            await until(lambda: len(bodies) == 2, "and again after a restart")
    (resource,) = ExportMetricsServiceRequest.FromString(bodies[0]).resource_metrics
    identity = {it.key: it.value.string_value for it in resource.resource.attributes}
    described = script.messages[0].agent_description.identifying_attributes
    assert {it.key: it.value.string_value for it in described}.items() <= identity.items()
