"""The OpenTelemetry set-up of one shop process, by the SDK and its standard variables."""

import logging
import os
import socket

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otx import __version__


class Telemetry:
    """What a shop process measures itself with; `close` sends what is still held."""

    def __init__(self, service: str) -> None:
        resource = Resource.create(
            {
                "service.name": service,
                "service.namespace": "shop",
                "service.version": __version__,
                "process.pid": os.getpid(),
                "host.name": socket.gethostname(),
            }
        )
        self._spans = TracerProvider(resource=resource)
        self._spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._logs = LoggerProvider(resource=resource)
        self._logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
        self._metrics = MeterProvider(
            resource=resource,
            metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())],
        )
        self.tracer: trace.Tracer = self._spans.get_tracer(f"shop.{service}", __version__)
        self.logger = logging.getLogger(f"shop.{service}")
        self.logger.setLevel(logging.DEBUG)
        self.logger.propagate = False
        self.logger.addHandler(LoggingHandler(logger_provider=self._logs))
        self.request_duration: metrics.Histogram = self._metrics.get_meter(
            f"shop.{service}", __version__
        ).create_histogram(
            "http.server.request.duration", unit="s", description="Duration of HTTP requests."
        )

    def close(self) -> None:
        """Send what is held and stop."""
        self._spans.shutdown()
        self._logs.shutdown()
        self._metrics.shutdown()
