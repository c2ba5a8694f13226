"""A destination that goes away in the middle of a run."""

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.traces import TraceSource
from otx.services.send import SendOptions, send


@pytest.fixture
def one_answer_only() -> Iterator[str]:
    """The address of a server that takes one request and is gone."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)

    def answer_once() -> None:
        with server:
            server.handle_request()

    thread = threading.Thread(target=answer_once)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    thread.join()


@pytest.fixture
def always_busy() -> Iterator[str]:
    """The address of a server that tells everybody to come again in a minute."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503)
            self.send_header("Retry-After", "60")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_duration_ends_a_run_that_is_told_to_come_again(always_busy: str) -> None:
    options = SendOptions(
        Signal.TRACES,
        resolve_endpoint(Signal.TRACES, {}, endpoint=always_busy, protocol=None),
        duration_s=0.3,
    )
    report = send(options, [TraceSource(Shape(), random.Random(1))], lambda _: None)
    assert report.failed == report.sent > 0
    assert report.elapsed_ns < 30e9, "it did not wait the minute"


def test_a_run_ends_when_its_destination_is_gone_for_good(one_answer_only: str) -> None:
    options = SendOptions(
        Signal.TRACES,
        resolve_endpoint(Signal.TRACES, {}, endpoint=one_answer_only, protocol=None),
        count=100_000,
        retry_s=0.2,
    )
    notes: list[str] = []
    report = send(options, [TraceSource(Shape(), random.Random(1))], notes.append)
    assert report.accepted == 1000
    assert (report.sent, report.failed) == (2000, 1000), "no further request was tried"
    assert notes[-1].startswith("gave up: http://127.0.0.1:")


@pytest.mark.parametrize(
    ("rate_per_s", "records"),
    [(None, 1000), (0.5, 1), (10, 10), (60, 50), (500, 50), (4000, 400), (1e6, 1000)],
)
def test_a_request_holds_what_is_due_with_room_for_whole_traces(
    rate_per_s: float | None, records: int
) -> None:
    endpoint = resolve_endpoint(Signal.TRACES, {})
    assert SendOptions(Signal.TRACES, endpoint, rate_per_s).request_records == records


def test_workers_share_rate_and_count() -> None:
    endpoint = resolve_endpoint(Signal.TRACES, {})
    shared = SendOptions(Signal.TRACES, endpoint, 300.0, 11).shared(3)
    assert [it.count for it in shared] == [4, 4, 3]
    assert {it.rate_per_s for it in shared} == {100.0}
