"""OpenTelemetry's Python SDK sends to the real `otx receive`, configured by its endpoint alone."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from otx.store.reader import Store
from tests.conftest import RunCli, StartReceiver
from tests.interop.buckets import filled

TIMEOUT_S = 60

# A program that knows nothing of otx. The exporter is chosen by what is imported.
PROGRAM = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.metrics import Observation
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
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
far = SpanContext(0x11, 0x22, is_remote=True, trace_flags=TraceFlags(1))
link = Link(far, {"why": "caused"})
with tracer.start_as_current_span("parent", kind=SpanKind.SERVER, links=[link]) as parent:
    parent.set_attribute("answer", 42)
    parent.set_attribute("texts", ["Grüße", "世界"])
    parent.add_event("thought")
    try:
        with tracer.start_as_current_span("child"):
            raise ValueError("as planned")
    except ValueError:
        pass
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
logger = logs.get_logger("interop")
with trace.use_span(parent):
    logger.emit(
        LogRecord(body="hello from afar", severity_number=SeverityNumber.WARN, severity_text="WARN")
    )
body = {"text": "t", "whole": 1, "double": 2.5, "no": False, "list": [1, "two"], "none": None}
logger.emit(LogRecord(body=body, event_name="cart.emptied", attributes={"raw": bytes([0, 255])}))
exponential = View(instrument_name="size", aggregation=ExponentialBucketHistogramAggregation(10))
reader = PeriodicExportingMetricReader(OTLPMetricExporter())
metrics = MeterProvider([reader], resource, views=[exponential])
meter = metrics.get_meter("interop", "2.0")
meter.create_counter("requests", "{request}").add(3, {"route": "/cart", "retried": False})
meter.create_up_down_counter("queue").add(-2)
meter.create_observable_gauge("load", [lambda _: [Observation(0.25, {"core": 1})]])
latency = meter.create_histogram("latency", "s", explicit_bucket_boundaries_advisory=[0.1, 1])
with trace.use_span(parent):
    latency.record(0.5)
size = meter.create_histogram("size", "By")
for count in (1, 2, 4, 4):
    size.record(count)
for provider in (tracing, logs, metrics):
    provider.shutdown()
"""


METRICS_SQL = """
    SELECT name, type, unit, service, value, value_int, sum, buckets, temporality, monotonic,
           scope_version, [one.trace_id != '' FOR one IN exemplars] AS exemplars,
           attr(attributes, 'route') AS route, attributes,
           time > start_time AS lasted, attr(resource, 'team') AS team
    FROM metrics ORDER BY name"""
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("value", "value_int", "sum", "buckets", "monotonic", "route")),
    "unit": "",
    "service": "foreign",
    "temporality": "CUMULATIVE",
    "scope_version": "2.0",
    "exemplars": [],
    "attributes": {},
    "lasted": True,
    "team": "blue",
}
METRICS: list[dict[str, Any]] = [
    {
        **NOTHING,
        "name": "latency",
        "type": "histogram",
        "unit": "s",
        "sum": 0.5,
        "buckets": [(0.1, 1.0, 1)],
        "exemplars": [True],  # it was measured within a span
    },
    {
        **NOTHING,
        "name": "load",
        "type": "gauge",
        "value": 0.25,
        "temporality": None,
        "attributes": {"core": 1},
        "lasted": None,
    },
    {
        **NOTHING,
        "name": "queue",
        "type": "sum",
        "value": -2.0,
        "value_int": -2,
        "monotonic": False,
    },
    {
        **NOTHING,
        "name": "requests",
        "type": "sum",
        "unit": "{request}",
        "value": 3.0,
        "value_int": 3,
        "monotonic": True,
        "route": "/cart",
        "attributes": {"route": "/cart", "retried": False},
    },
    {
        **NOTHING,
        "name": "size",
        "type": "exponential_histogram",
        "unit": "By",
        "sum": 11.0,
        # A bucket of scale 2 is 2 ** (1/4) wide (OpenTelemetry, data model of metrics).
        "buckets": [(2**-0.25, 1.0, 1), (2**0.75, 2.0, 1), (2**1.75, 4.0, 2)],
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
        "received traces 2 spans in 1 request; metrics 5 data points in 1 request; "
        "logs 2 log records in 1 request"
    )
    check_store(tmp_path / "store")
    done = run_cli("query", METRICS_SQL, "--format", "json", "--store", str(tmp_path / "store"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [{**row, "buckets": filled(row["buckets"])} for row in found] == METRICS


def check_store(store: Path) -> None:
    with closing(Store(store)) as reader:
        (trace,) = reader.traces()
        spans = {span.name: span for span in reader.trace(trace.trace_id)}
        records = {record.severity_text: record for record in reader.logs()}
    parent, child = spans["parent"], spans["child"]
    assert child.parent_span_id == parent.span_id
    assert parent.service == "foreign"
    assert parent.resource["team"] == "blue"
    assert parent.attributes["answer"] == 42
    assert [event.name for event in parent.events] == ["thought"]
    assert (child.status, child.status_message) == ("ERROR", "ValueError: as planned")
    assert parent.kind == "SERVER"
    assert parent.attributes["texts"] == ["Grüße", "世界"]
    assert [(one.trace_id, one.attributes) for one in parent.links] == [
        ("11".rjust(32, "0"), {"why": "caused"})
    ]
    warning, event = records["WARN"], records[""]
    assert (warning.body, warning.service) == ("hello from afar", "foreign")
    assert (warning.trace_id, warning.span_id) == (parent.trace_id, parent.span_id)
    assert event.body == {
        **{"text": "t", "whole": 1, "double": 2.5, "no": False},
        **{"list": [1, "two"], "none": None},
    }
    assert (event.event_name, event.trace_id) == ("cart.emptied", "")
    assert event.attributes["raw"] == b"\x00\xff"
