"""The agent's own metrics."""

import os

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from otx.opamp.opamp_pb2 import AgentDescription
from otx.services.agent.own.metrics import Usage, metrics_request, usage_of


def test_a_request_says_whose_metrics_they_are() -> None:
    description = AgentDescription()
    description.identifying_attributes.add(key="service.name").value.string_value = "edge"
    description.non_identifying_attributes.add(key="process.pid").value.int_value = 7
    usage = Usage("agent", 7, 5, 1.5, 0.5, 4096, 2, 9)
    body = metrics_request(description, [usage], 99)
    (metrics,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
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
