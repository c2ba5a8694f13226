"""Small requests with names that tests can ask for."""

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.otlp.decode import Request, decode_request


def spans_request(*names: str, service: str = "shop") -> Request:
    """A span for each name, numbered ids, of one service."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = service
    spans = group.scope_spans.add().spans
    for number, name in enumerate(names, 1):
        ids = {"trace_id": number.to_bytes(16), "span_id": number.to_bytes(8)}
        spans.add(name=name, start_time_unix_nano=number, end_time_unix_nano=number, **ids)
    return decode_request(Signal.TRACES, request.SerializeToString(), "protobuf")


def span_names(request: Request) -> list[str]:
    """The names of a request's spans."""
    message = ExportTraceServiceRequest.FromString(request.body)
    return [
        span.name
        for group in message.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def logs_request(*bodies: str) -> Request:
    """A log record for each body."""
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for body in bodies:
        records.add(time_unix_nano=1).body.string_value = body
    return decode_request(Signal.LOGS, request.SerializeToString(), "protobuf")


def gauges_request(**points: int) -> Request:
    """A gauge for each name, with so many data points."""
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    for name, count in points.items():
        gauge = metrics.add(name=name).gauge
        for value in range(count):
            gauge.data_points.add(as_int=value)
    return decode_request(Signal.METRICS, request.SerializeToString(), "protobuf")
