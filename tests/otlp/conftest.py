"""Requests to send, and an intake that keeps what it is given."""

import ctypes
import gc
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.otlp.decode import Request
from otx.otlp.native import NAME, load
from otx.otlp.refusal import Reason, Refusal


def _check_room() -> None:
    raise OSError("full")


class MemoryIntake:
    """Keeps requests in memory; can be told to be full, to fail, or to hold acknowledgements."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.refusals: list[Refusal] = []
        self.notices: list[str] = []
        self.is_full = False
        self.fault: Exception | None = None
        self.holds = False
        self.held: list[Future[None]] = []
        self.arrived = threading.Event()

    def accept(self, request: Request) -> "Future[None]":
        if self.is_full:
            try:
                _check_room()
            except OSError:
                raise Refusal(Reason.BUSY, "the log is full") from None
        self.requests.append(request)
        kept: Future[None] = Future()
        if self.holds:
            self.held.append(kept)
        elif self.fault is not None:
            kept.set_exception(self.fault)
        else:
            kept.set_result(None)
        self.arrived.set()
        return kept

    def refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def noticed(self, warning: str) -> None:
        self.notices.append(warning)


@contextmanager
def collector_off() -> Iterator[None]:
    """What nothing refers to goes at once; what refers to itself stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture
def intake() -> MemoryIntake:
    return MemoryIntake()


@pytest.fixture
def three_spans() -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(3):
        span = scope.spans.add(trace_id=b"t" * 16, span_id=bytes([number + 1]) * 8)
        span.name, span.start_time_unix_nano, span.end_time_unix_nano = f"span {number}", 1, 2
    return request.SerializeToString()


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The library of `native/` as its source is now."""
    out = tmp_path_factory.mktemp("native")
    source = Path(__file__).parents[2] / "native"
    subprocess.run(["make", "--silent", "-C", source, f"OUT={out}"], check=True)
    built = load(out / NAME)
    assert built is not None
    return built
