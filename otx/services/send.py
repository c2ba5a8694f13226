"""Sends made-up telemetry at a rate, again where it may be sent again, and says what came of it.

One request is in flight at a time, so that a latency is the destination's and not a queue's. The
pace is kept against the clock from the start: a slow answer is caught up with, a destination that
is too slow shows as a rate below the one asked for.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from otx.errors import PeerError, UsageError, missing_extra
from otx.model.signal import Signal
from otx.model.units import NS_PER_S
from otx.otlp.exporter.client import Client, Outcome, Reply
from otx.otlp.exporter.endpoint import Endpoint
from otx.otlp.exporter.retry import Backoff
from otx.otlp.wire import WIRE
from otx.services.send_report import SendReport
from otx.system.stop import StopSignal

REQUEST_RECORDS = 1_000
"""Records in a request, where nothing asks for fewer."""
_REQUESTS_PER_S = 10
"""At a low rate a request is sent this often, with what is due."""
_MESSAGE_KINDS = 5


class Source(Protocol):
    """Makes up records."""

    def next(self, end_unix_nano: int, most_records: int) -> tuple[bytes, int]:
        """Bytes of at least one and at most `most_records` records, and how many.

        The bytes of several calls, joined, are one request.
        """


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How to send.

    Attributes:
        rate_per_s: Records a second; None for as fast as it goes.
        count: Records after which to stop.
        duration_s: Time after which to stop; None with no count: when asked.
        timeout_s: For one request.
        max_request_bytes: The largest request before compression.
        retry_s: How long one request is sent again.
    """

    signal: Signal
    endpoint: Endpoint
    rate_per_s: float | None = None
    count: int | None = None
    duration_s: float | None = None
    timeout_s: float = 10.0
    max_request_bytes: int = 4 << 20
    compression: str = "none"
    retry_s: float = 60.0


def send(options: SendOptions, source: Source, note: Callable[[str], None]) -> SendReport:
    """Send until the count, the duration's end, INT or TERM; what came of it.

    Raises:
        PeerError: The destination cannot be reached at all.
    """
    report = SendReport(
        noun=WIRE[options.signal].record_noun,
        endpoint=str(options.endpoint),
        asked_rate_per_s=options.rate_per_s,
    )
    with StopSignal() as stop, _connect(options) as client:
        sender = _Sender(options, client, report, stop, note)
        started_ns = time.monotonic_ns()
        try:
            for body, records in _requests(options, source, stop, started_ns):
                sender.deliver(body, records)
                if sender.is_gone:
                    note(
                        f"gave up: {options.endpoint} has not answered for {options.retry_s:.0f} s"
                    )
                    break
        finally:
            report.elapsed_ns = time.monotonic_ns() - started_ns
    return report


def _connect(options: SendOptions) -> Client:
    if options.endpoint.protocol != "grpc":
        from otx.otlp.exporter.http_client import HttpClient  # 30 ms

        return HttpClient(options.endpoint, options.compression)
    try:
        from otx.otlp.exporter.grpc_client import GrpcClient  # 60 ms
    except ImportError as error:
        raise missing_extra(error.name or "grpc", "receive") from None
    if options.compression == "zstd":
        raise UsageError("zstd is for HTTP only", hint="--compression gzip, or --protocol http/…")
    return GrpcClient(options.endpoint, options.compression)


def _requests(
    options: SendOptions, source: Source, stop: StopSignal, started_ns: int
) -> Iterator[tuple[bytes, int]]:
    """Requests, each when it is due."""
    sent = 0
    size = _request_records(options)
    ends_ns = None if options.duration_s is None else started_ns + int(options.duration_s * 1e9)
    carry: list[tuple[bytes, int]] = []
    while not stop.is_set and (options.count is None or sent < options.count):
        if options.rate_per_s is not None:
            due_ns = started_ns + int(sent / options.rate_per_s * NS_PER_S)
            if ends_ns is not None and due_ns >= ends_ns:
                due_ns = ends_ns
            if stop.wait(max(0.0, (due_ns - time.monotonic_ns()) / 1e9)):
                return
        if ends_ns is not None and time.monotonic_ns() >= ends_ns:
            return
        left = size if options.count is None else min(size, options.count - sent)
        body, records = _fill(options, source, left, carry)
        yield body, records
        sent += records


def _request_records(options: SendOptions) -> int:
    if options.rate_per_s is None:
        return REQUEST_RECORDS
    return max(1, min(REQUEST_RECORDS, int(options.rate_per_s / _REQUESTS_PER_S)))


def _fill(
    options: SendOptions, source: Source, wanted: int, carry: list[tuple[bytes, int]]
) -> tuple[bytes, int]:
    """One request of at most so many records and `max_request_bytes`.

    Args:
        options: How to send.
        source: Where records come from.
        wanted: The most records.
        carry: Holds what did not fit from one request to the next.
    """
    parts: list[bytes] = []
    records = size = 0
    while records < wanted:
        part, count = carry.pop() if carry else source.next(time.time_ns(), wanted - records)
        if len(part) > options.max_request_bytes:
            raise UsageError(
                f"one trace has {len(part)} bytes, more than --max-request",
                hint="raise --max-request, or lower --depth",
            )
        if size + len(part) > options.max_request_bytes:
            carry.append((part, count))
            break
        parts.append(part)
        records += count
        size += len(part)
    return b"".join(parts), records


class _Sender:
    """Delivers one request at a time and keeps the report."""

    def __init__(
        self,
        options: SendOptions,
        client: Client,
        report: SendReport,
        stop: StopSignal,
        note: Callable[[str], None],
    ) -> None:
        self._options = options
        self._client = client
        self._report = report
        self._stop = stop
        self._note = note
        self._is_gone = False

    @property
    def is_gone(self) -> bool:
        """Whether the destination has stopped answering."""
        return self._is_gone

    def deliver(self, body: bytes, records: int) -> None:
        """Send a request until it has a last answer.

        When one has been retried for as long as may be and the destination was not there, the
        run ends: the next request would wait as long, and the one after that.
        """
        report = self._report
        report.sent += records
        backoff = Backoff(self._options.retry_s)
        while True:
            started_ns = time.monotonic_ns()
            reply = self._client.send(self._options.signal, body, self._options.timeout_s)
            report.latencies.add(time.monotonic_ns() - started_ns)
            if reply.outcome is Outcome.UNREACHABLE and not report.requests:
                raise self._unreachable(reply)
            if reply.message:
                self._remember(reply.message)
            if reply.outcome is Outcome.ACCEPTED:
                report.accepted += records - reply.rejected
                report.rejected += reply.rejected
                break
            if not self._may_retry(reply, backoff):
                report.failed += records
                self._is_gone = reply.outcome is Outcome.UNREACHABLE and not self._stop.is_set
                break
            report.retried += 1
        report.requests += 1

    def _may_retry(self, reply: Reply, backoff: Backoff) -> bool:
        """Wait for another try; False when there is none."""
        if reply.outcome is Outcome.REFUSED:
            return False
        wait_s = backoff.wait_s(reply.retry_after_s)
        return wait_s is not None and not self._stop.wait(wait_s)

    def _unreachable(self, reply: Reply) -> PeerError:
        hint = "is a receiver running? `otx receive` starts one; --endpoint picks another"
        if "http1.x server" in reply.message:  # gRPC's words
            hint = f"that port speaks HTTP: --endpoint http://{self._options.endpoint.target}"
        elif "a gRPC port" in reply.message:  # those of HttpClient
            hint = "that port speaks gRPC: --protocol grpc, or the port for HTTP, usually 4318"
        return PeerError(f"cannot reach {self._options.endpoint}: {reply.message}", hint=hint)

    def _remember(self, message: str) -> None:
        messages = self._report.messages
        if message not in messages:
            if len(messages) >= _MESSAGE_KINDS:
                message = "other messages"
            else:
                self._note(f"{self._options.endpoint.target} says: {message}")
        messages[message] += 1
