"""The agent's own log lines as OTLP."""

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from otx.opamp.opamp_pb2 import AgentDescription
from otx.services.agent.own.logs import Line, logs_request


def test_lines_are_records_and_what_is_lost_is_one_before_them() -> None:
    lines = [Line(5, "ready"), Line(9, "stopped\nfor good")]
    made = ExportLogsServiceRequest.FromString(logs_request(AgentDescription(), lines, 3))
    (scope,) = made.resource_logs[0].scope_logs
    assert scope.scope.name == "otx.agent"
    told = [
        (one.time_unix_nano, one.severity_text, one.body.string_value) for one in scope.log_records
    ]
    assert told == [
        (5, "WARN", "3 lines of the agent before this one are lost"),
        (5, "INFO", "ready"),
        (9, "INFO", "stopped\nfor good"),
    ]
