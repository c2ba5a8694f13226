"""The agent's own log lines as OTLP log records.

What the supervised process writes is not among them: a Collector that is both supervised and the
destination, and prints what it receives, would otherwise hear itself for ever.
"""

from collections.abc import Sequence
from typing import NamedTuple

from otx.opamp.opamp_pb2 import AgentDescription
from otx.services.agent.own.resource import fill_resource, fill_scope

_INFO, _WARN = 9, 13


class Line(NamedTuple):
    """What the agent said, secrets taken out, and when."""

    time_unix_ns: int
    text: str


def logs_request(description: AgentDescription, lines: Sequence[Line], lost: int) -> bytes:
    """These lines as one OTLP request; `lost` lines before them are told by a record."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
        ExportLogsServiceRequest,  # for agents that are asked only
    )

    made = ExportLogsServiceRequest()
    resource = made.resource_logs.add()
    fill_resource(resource.resource, description)
    scope = resource.scope_logs.add()
    fill_scope(scope.scope)
    if lost and lines:
        record = scope.log_records.add(severity_number=_WARN, severity_text="WARN")
        record.time_unix_nano = record.observed_time_unix_nano = lines[0].time_unix_ns
        record.body.string_value = f"{lost} lines of the agent before this one are lost"
        record.attributes.add(key="otx.lost").value.int_value = lost
    for line in lines:
        record = scope.log_records.add(severity_number=_INFO, severity_text="INFO")
        record.time_unix_nano = record.observed_time_unix_nano = line.time_unix_ns
        record.body.string_value = line.text
    return made.SerializeToString()
