"""All three signals of a real agent, sent to where its server offers."""

from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.opamp.opamp_pb2 import ServerToAgent
from tests.services.agent.http_receiver import http_receiver
from tests.services.agent.scripted import (
    APPLIED,
    GOOD,
    begun,
    hash_of,
    real_agent,
    scripted_server,
    until,
)


def lines_in(bodies: list[bytes]) -> list[str]:
    requests = [ExportLogsServiceRequest.FromString(one) for one in bodies]
    scopes = [scope for one in requests for scope in one.resource_logs[0].scope_logs]
    return [record.body.string_value for scope in scopes for record in scope.log_records]


def spans_in(bodies: list[bytes]) -> list[Span]:
    requests = [ExportTraceServiceRequest.FromString(one) for one in bodies]
    scopes = [scope for one in requests for scope in one.resource_spans[0].scope_spans]
    return [span for scope in scopes for span in scope.spans]


async def test_own_metrics_arrive_where_they_were_offered_and_go_on(tmp_path: Path) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        with http_receiver(200) as (url, bodies):
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


async def test_logs_and_traces_arrive_where_they_were_offered(tmp_path: Path) -> None:
    with http_receiver(200) as (logs_url, logs), http_receiver(200) as (traces_url, traces):
        async with scripted_server() as script, real_agent(tmp_path, script) as agent:
            await begun(script, agent)
            message = ServerToAgent(instance_uid=script.messages[-1].instance_uid)
            message.connection_settings.hash = b"m"
            message.connection_settings.own_logs.destination_endpoint = logs_url
            message.connection_settings.own_traces.destination_endpoint = traces_url
            await script.send(message)
            await script.push(GOOD)
            await script.until_status(hash_of(GOOD), APPLIED)
            await until(lambda: len(spans_in(traces)) >= 3, "the spans of a configuration")
            # What was said before there was anywhere to say it to.
            await until(lambda: any("ready uid=" in one for one in lines_in(logs)), "lines")
    names = {one.name for one in spans_in(traces)}
    assert {"apply configuration", "validate and start", "verify health"} <= names
    assert not any(one.status.message for one in spans_in(traces))
