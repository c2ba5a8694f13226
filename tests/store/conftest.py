"""Requests to keep, and stores to keep them in."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

START_UNIX_NANO = 1_790_000_000_000_000_000

SpanRequest = Callable[..., bytes]
LogRequest = Callable[..., bytes]


@pytest.fixture
def store_dir(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def span_request() -> SpanRequest:
    """A request of spans named `PREFIX-0`, `PREFIX-1`, … in one trace."""

    def make(
        prefix: str, count: int = 1, trace: int = 1, service: str = "shop", errors: int = 0
    ) -> bytes:
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

    return make


@pytest.fixture
def log_request() -> LogRequest:
    """A request of log records with the given bodies, a second apart."""

    def make(*bodies: str, severity: int = 9, trace: int = 0) -> bytes:
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

    return make


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
