"""The demo's shop, seen by a receiver that is not ours."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.services.shop.runner import SERVICES, SHOPPERS, Shop

DEADLINE_S = 40
LOGS_WANTED = 20


class Collected:
    """What has arrived, and an event for when it is enough to look at."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        self.logs: Counter[bool] = Counter()
        self.enough = threading.Event()
        self._lock = threading.Lock()

    def add(self, path: str, body: bytes) -> None:
        with self._lock:
            if path == "/v1/traces":
                self._add_spans(ExportTraceServiceRequest.FromString(body))
            elif path == "/v1/logs":
                for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
                    for scope in resource.scope_logs:
                        self.logs.update(bool(record.trace_id) for record in scope.log_records)
            if self._has_a_declined_checkout() and self.logs[True] >= LOGS_WANTED:
                self.enough.set()

    def _add_spans(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            (service,) = (
                pair.value.string_value
                for pair in resource.resource.attributes
                if pair.key == "service.name"
            )
            self.spans += [
                (service, span) for scope in resource.scope_spans for span in scope.spans
            ]

    def whole_traces(self) -> dict[bytes, set[str]]:
        """The services on each trace whose root has arrived, by trace id."""
        roots = {span.trace_id for _, span in self.spans if not span.parent_span_id}
        services: dict[bytes, set[str]] = {trace_id: set() for trace_id in roots}
        for service, span in self.spans:
            if span.trace_id in services:
                services[span.trace_id].add(service)
        return services

    def _has_a_declined_checkout(self) -> bool:
        failed = {span.trace_id for _, span in self.spans if span.status.code == 2}
        return any(
            trace_id in failed and len(services) >= 5
            for trace_id, services in self.whole_traces().items()
        )


@pytest.fixture
def receiver() -> Iterator[tuple[str, Collected]]:
    collected = Collected()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            collected.add(self.path, body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", collected
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_shop_sends_traces_across_its_processes_and_leaves_none_behind(
    receiver: tuple[str, Collected], tmp_path: Path
) -> None:
    endpoint, collected = receiver
    with Shop(endpoint, tmp_path / "log") as shop:
        assert set(shop.processes) == {*SERVICES, SHOPPERS}
        assert collected.enough.wait(DEADLINE_S), (tmp_path / "log").read_text()
        assert len(set(shop.pids)) == len(SERVICES) + 1
        for name, process in shop.processes.items():
            assert Path(f"/proc/{process.pid}/comm").read_text().strip() == f"shop-{name}"
    assert all(process.returncode == 0 for process in shop.processes.values())
    assert (tmp_path / "log").read_text() == ""


def test_the_shop_ends_when_what_it_starts_with_fails(tmp_path: Path) -> None:
    shop = Shop("http://127.0.0.1:1", tmp_path / "no" / "log")
    with pytest.raises(FileNotFoundError), shop:
        pytest.fail("it cannot have started")
    assert shop.processes == {}
