"""What is sent again and when, by the rules of OTLP, against servers that answer so."""

import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otx.errors import PeerError
from otx.model.signal import Signal
from otx.otlp.exporter.client import Outcome, Reply
from otx.otlp.exporter.endpoint import resolve_endpoint
from otx.services.send import connect
from otx.services.send_delivery import Delivery, send_one, unreachable
from otx.services.send_report import SendReport
from otx.system.stop import StopSignal
from tests.services.odd_servers import Answer, Said, grpc_server, http_server

Code = grpc.StatusCode
SPANS = 10
RETRIED_CODES = {
    Code.CANCELLED,
    Code.DEADLINE_EXCEEDED,
    Code.ABORTED,
    Code.OUT_OF_RANGE,
    Code.UNAVAILABLE,
    Code.DATA_LOSS,
}
RETRIED_STATUSES = {429, 502, 503, 504}


class Waits(StopSignal):
    """Remembers how long it is waited, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []

    def wait(self, timeout_s: float | None = None) -> bool:
        self.waits_s.append(timeout_s or 0.0)
        return False


def deliver(
    place: str, *, retry_s: float = 60.0, requests: int = 1
) -> tuple[SendReport, list[float]]:
    """The report of some requests, and the waits between tries."""
    endpoint = resolve_endpoint(Signal.TRACES, {}, place)
    report, waits = SendReport("spans", str(endpoint)), Waits()
    with connect(endpoint, "none") as client:
        delivery = Delivery(client, report, waits, lambda text: None, 20, retry_s)
        for _ in range(requests):
            delivery.deliver(Signal.TRACES, b"", SPANS)
    return report, waits.waits_s


def retry_info(delay_s: float) -> tuple[tuple[str, str | bytes], ...]:
    info = RetryInfo(retry_delay=Duration(seconds=int(delay_s), nanos=int(delay_s % 1 * 1e9)))
    packed = Any()
    packed.Pack(info)
    status = Status(code=8, message="busy", details=[packed])
    return (("grpc-status-details-bin", status.SerializeToString()),)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 429, 500, 501, 502, 503, 504])
def test_statuses_that_are_sent_again(status: int) -> None:
    with http_server([Answer(status), Answer()]) as (place, _):
        report, waits = deliver(f"http://{place}")
    is_retried = status in RETRIED_STATUSES
    assert (report.retried, len(waits)) == (is_retried, is_retried)
    assert report.accepted == (SPANS if is_retried else 0)
    assert report.failed == SPANS - report.accepted


@pytest.mark.parametrize("code", [it for it in Code if it is not Code.OK], ids=lambda it: it.name)
def test_codes_that_are_sent_again(code: Code) -> None:
    with grpc_server([Said(code, "why"), Said()]) as (place, _):
        report, waits = deliver(place)
    is_retried = code in RETRIED_CODES
    assert (report.retried, len(waits)) == (is_retried, is_retried)
    assert report.accepted == (SPANS if is_retried else 0)


def test_exhaustion_is_sent_again_only_where_the_server_says_when() -> None:
    script = [Said(Code.RESOURCE_EXHAUSTED, "quota", trailers=retry_info(2.5)), Said()]
    with grpc_server(script) as (place, _):
        report, waits = deliver(place)
    assert waits == [2.5]
    assert report.accepted == SPANS
    with grpc_server([Said(Code.RESOURCE_EXHAUSTED, "too large"), Said()]) as (place, _):
        report, waits = deliver(place)
    assert (report.failed, waits) == (SPANS, [])


def test_what_the_server_asks_for_is_waited() -> None:
    date = formatdate(time.time() + 100, usegmt=True)
    answers = [
        Answer(503, (("Retry-After", "7"),)),
        Answer(429, (("Retry-After", "0"),)),
        Answer(503, (("Retry-After", date),)),
        Answer(),
    ]
    with http_server(answers) as (place, _):
        report, waits = deliver(f"http://{place}", retry_s=300)
    assert waits[0] == 7.0
    assert 0.3 < waits[1] < 1.2, "0 is no time to wait for: it gets the backoff's second wait"
    assert 90 < waits[2] <= 100
    assert report.retried == 3
    with grpc_server([Said(Code.UNAVAILABLE, "busy", trailers=retry_info(1.25)), Said()]) as at:
        assert deliver(at[0])[1] == [1.25]


def test_waits_grow_and_differ_until_it_gives_up() -> None:
    with http_server([Answer(503)]) as (place, paths):
        report, waits = deliver(f"http://{place}", retry_s=20)
    assert sum(waits) <= 20
    assert waits[-1] > 3 * waits[0]
    assert len({round(wait, 6) for wait in waits}) == len(waits)
    assert report.failed == SPANS
    assert len(paths) == len(waits) + 1


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_partial_success_is_counted_told_and_never_sent_again(protocol: str) -> None:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = 3
    response.partial_success.error_message = "too old"
    body = response.SerializeToString()
    if protocol == "http":
        with http_server([Answer(body=body)]) as (place, tries):
            report, _ = deliver(f"http://{place}", requests=2)
    else:
        with grpc_server([Said(body=body)]) as (place, tries):
            report, _ = deliver(place, requests=2)
    assert len(tries) == 2
    assert (report.sent, report.accepted, report.rejected) == (20, 14, 6)
    assert report.messages == {"too old": 2}


@pytest.mark.parametrize(("said", "counted"), [(999_999, SPANS), (-5, 0)])
def test_what_cannot_be_is_not_counted_and_told(said: int, counted: int) -> None:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = said
    with http_server([Answer(body=response.SerializeToString())]) as (place, _):
        report, _ = deliver(f"http://{place}")
    assert (report.accepted, report.rejected) == (SPANS - counted, counted)
    assert report.messages == {f"{said} rejected of {SPANS} sent, which cannot be": 1}


def test_a_warning_with_success_is_told() -> None:
    response = ExportTraceServiceResponse()
    response.partial_success.error_message = "deprecated"
    with http_server([Answer(body=response.SerializeToString())]) as (place, _):
        report, _ = deliver(f"http://{place}")
    assert (report.accepted, report.messages) == (SPANS, {"deprecated": 1})


@pytest.fixture
def hangs_up_once() -> Iterator[str]:
    """HOST:PORT of a server that closes its second connection without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for number in range(3):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    if number != 1:
                        connection.sendall(
                            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        )

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_lost_connection_is_sent_again(hangs_up_once: str) -> None:
    report, waits = deliver(hangs_up_once, requests=2)
    assert (report.accepted, report.retried, len(waits)) == (2 * SPANS, 1, 1)


def test_who_was_never_there_is_an_error() -> None:
    with pytest.raises(PeerError, match=r"cannot reach 127\.0\.0\.1:1"):
        deliver("127.0.0.1:1")


@pytest.mark.parametrize(
    "message",
    [
        "nowhere.invalid has no address: Name or service not known",
        "UNAVAILABLE: DNS resolution failed for nowhere.invalid:4317: DNS server refused query",
    ],
)
def test_a_name_without_an_address_is_no_reason_to_start_a_receiver(message: str) -> None:
    error = unreachable("nowhere.invalid:4317 (grpc)", Reply(Outcome.UNREACHABLE, message=message))
    assert error.hint.startswith("is the name right?")


def test_one_request_is_retried_within_its_timeout() -> None:
    answers = [Answer(503, (("Retry-After", "0"),)), Answer()]
    with http_server(answers) as (place, paths):
        endpoint = resolve_endpoint(Signal.TRACES, {}, f"http://{place}")
        with connect(endpoint, "none") as client:
            assert send_one(client, Signal.TRACES, b"", 20).outcome.value == "accepted"
    assert len(paths) == 2
    with http_server([Answer(503, (("Retry-After", "60"),))]) as (place, paths):
        endpoint = resolve_endpoint(Signal.TRACES, {}, f"http://{place}")
        with connect(endpoint, "none") as client:
            assert send_one(client, Signal.TRACES, b"", 1).outcome.value == "retry"
    assert len(paths) == 1
