"""OpenTelemetry's Python SDK sends to the real `otx receive`, configured by its endpoint alone."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from otx.store.reader import Store
from tests.conftest import RunCli, StartReceiver

TIMEOUT_S = 60

# A program that knows nothing of otx. The exporter is chosen by what is imported.
PROGRAM = """
import logging, sys
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry._logs import LogRecord, SeverityNumber
if sys.argv[1] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

resource = Resource.create({"service.name": "foreign", "team": "blue"})
tracing = TracerProvider(resource=resource)
tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = tracing.get_tracer("interop", "1.0")
with tracer.start_as_current_span("parent") as parent:
    parent.set_attribute("answer", 42)
    parent.add_event("thought")
    try:
        with tracer.start_as_current_span("child"):
            raise ValueError("as planned")
    except ValueError:
        pass
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
logs.get_logger("interop").emit(
    LogRecord(body="hello from afar", severity_number=SeverityNumber.WARN, severity_text="WARN")
)
metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
meter = metrics.get_meter("interop", "2.0")
meter.create_counter("requests", "{request}").add(3, {"route": "/cart", "retried": False})
meter.create_up_down_counter("queue").add(-2)
meter.create_histogram("latency", "s", explicit_bucket_boundaries_advisory=[0.1, 1]).record(0.5)
for provider in (tracing, logs, metrics):
    provider.shutdown()
"""


METRICS_SQL = """
    SELECT name, type, unit, service, value_int, sum, buckets, temporality, monotonic,
           scope_version, attr(attributes, 'route') AS route, attributes,
           time > start_time AS lasted, attr(resource, 'team') AS team
    FROM metrics ORDER BY name"""
_SHARED = {
    "service": "foreign",
    "temporality": "CUMULATIVE",
    "scope_version": "2.0",
    "lasted": True,
    "team": "blue",
}
METRICS = [
    {
        "name": "latency",
        "type": "histogram",
        "unit": "s",
        "value_int": None,
        "sum": 0.5,
        "buckets": [
            {"lower": None, "upper": 0.1, "count": 0},
            {"lower": 0.1, "upper": 1.0, "count": 1},
            {"lower": 1.0, "upper": None, "count": 0},
        ],
        "monotonic": None,
        "route": None,
        "attributes": {},
        **_SHARED,
    },
    {
        "name": "queue",
        "type": "sum",
        "unit": "",
        "value_int": -2,
        "sum": None,
        "buckets": None,
        "monotonic": False,
        "route": None,
        "attributes": {},
        **_SHARED,
    },
    {
        "name": "requests",
        "type": "sum",
        "unit": "{request}",
        "value_int": 3,
        "sum": None,
        "buckets": None,
        "monotonic": True,
        "route": "/cart",
        "attributes": {"route": "/cart", "retried": False},
        **_SHARED,
    },
]


@pytest.mark.parametrize("compression", ["", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_its_traces_logs_and_metrics_arrive(
    start_receiver: StartReceiver,
    cli_variables: dict[str, str],
    run_cli: RunCli,
    tmp_path: Path,
    protocol: str,
    compression: str,
) -> None:
    receiver = start_receiver()
    address = receiver.grpc if protocol == "grpc" else receiver.http
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}"}
    if compression:
        variables["OTEL_EXPORTER_OTLP_COMPRESSION"] = compression
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, protocol],
        env={**cli_variables, **variables},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    receiver.stop()
    assert receiver.said[-1] == (
        "received traces 2 spans in 1 request; metrics 3 data points in 1 request; "
        "logs 1 log record in 1 request"
    )
    check_store(tmp_path / "store")
    done = run_cli("query", METRICS_SQL, "--format", "json", "--store", str(tmp_path / "store"))
    assert json.loads(done.stdout) == METRICS, done.stderr


def check_store(store: Path) -> None:
    with closing(Store(store)) as reader:
        (trace,) = reader.traces()
        spans = {span.name: span for span in reader.trace(trace.trace_id)}
        (record,) = reader.logs()
    parent, child = spans["parent"], spans["child"]
    assert child.parent_span_id == parent.span_id
    assert parent.service == "foreign"
    assert parent.resource["team"] == "blue"
    assert parent.attributes["answer"] == 42
    assert [event.name for event in parent.events] == ["thought"]
    assert (child.status, child.status_message) == ("ERROR", "ValueError: as planned")
    assert (record.body, record.severity_text, record.service) == (
        "hello from afar",
        "WARN",
        "foreign",
    )
