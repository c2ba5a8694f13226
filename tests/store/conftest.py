"""Requests to keep, and stores to keep them in."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

START_UNIX_NANO = 1_790_000_000_000_000_000

SpanRequest = Callable[..., bytes]
LogRequest = Callable[..., bytes]


def metric_request(*names: str, service: str = "shop") -> bytes:
    """A request of gauges with the given names, each with one data point."""
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.add(key="service.name").value.string_value = service
    scope = group.scope_metrics.add()
    for number, name in enumerate(names):
        metric = scope.metrics.add(name=name)
        metric.gauge.data_points.add(time_unix_nano=START_UNIX_NANO + number, as_int=number)
    return request.SerializeToString()


def profile_request(*functions: str, stack_index: int | None = None) -> bytes:
    """A request of one profile with a sample in each of the given functions, called by `main`."""
    request = ExportProfilesServiceRequest()
    tables = request.dictionary
    tables.string_table.extend(["", "cpu", "count", "main", *functions])
    for table in (tables.function_table, tables.location_table, tables.stack_table):
        table.add()
    for string in range(3, 4 + len(functions)):
        tables.function_table.add(name_strindex=string)
        tables.location_table.add().lines.add(function_index=string - 2)
    profile = request.resource_profiles.add().scope_profiles.add().profiles.add()
    profile.time_unix_nano = START_UNIX_NANO
    profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 1, 2
    for number in range(len(functions)):
        tables.stack_table.add(location_indices=[number + 2, 1])
        index = number + 1 if stack_index is None else stack_index
        profile.samples.add(stack_index=index, values=[1])
    return request.SerializeToString()


@pytest.fixture
def store_dir(tmp_path: Path) -> Path:
    return tmp_path / "store"


def span_request_of(
    prefix: str, count: int = 1, trace: int = 1, service: str = "shop", errors: int = 0
) -> bytes:
    """A request of spans named `PREFIX-0`, `PREFIX-1`, … in one trace."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    name = group.resource.attributes.add(key="service.name")
    name.value.string_value = service
    scope = group.scope_spans.add()
    for number in range(count):
        span = scope.spans.add(
            trace_id=trace.to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            parent_span_id=b"" if number == 0 else (1).to_bytes(8, "big"),
            name=f"{prefix}-{number}",
            kind=2 if number == 0 else 1,
            start_time_unix_nano=START_UNIX_NANO + trace * 1_000_000_000 + number * 1_000,
            end_time_unix_nano=START_UNIX_NANO + trace * 1_000_000_000 + 5_000_000,
        )
        if number < errors:
            span.status.code = Status.STATUS_CODE_ERROR
        span.attributes.add(key="order.id").value.int_value = number
        span.attributes.add(key="http.route").value.string_value = "/cart"
    return request.SerializeToString()


@pytest.fixture
def span_request() -> SpanRequest:
    """Makes such a request."""
    return span_request_of


def log_request_of(*bodies: str, severity: int = 9, trace: int = 0) -> bytes:
    """A request of log records with the given bodies, a second apart."""
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for number, body in enumerate(bodies):
        record = scope.log_records.add(
            time_unix_nano=START_UNIX_NANO + number * 1_000_000_000,
            severity_number=severity,
            trace_id=trace.to_bytes(16, "big") if trace else b"",
        )
        record.body.string_value = body
    return request.SerializeToString()


@pytest.fixture
def log_request() -> LogRequest:
    """Makes such a request."""
    return log_request_of


RunPython = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def run_python() -> Iterator[RunPython]:
    """Starts a Python program as a process of its own; ends it with the test, whatever happens."""
    started: list[subprocess.Popen[bytes]] = []

    def run(program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
