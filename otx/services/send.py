"""Sends telemetry at a rate, again where it may be sent again, and says what came of it.

Each worker has one request in flight, so that a latency is the destination's and not a queue's. The
pace is kept against the clock from the start: a slow answer is caught up with, a destination that
is too slow shows as a rate below the one asked for.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from otx.errors import PeerError, UsageError, missing_extra
from otx.model.signal import Signal
from otx.model.units import NS_PER_S
from otx.otlp.exporter.client import Client
from otx.otlp.exporter.endpoint import Endpoint
from otx.otlp.synthetic.source import Source
from otx.otlp.wire import WIRE
from otx.services.send_delivery import Delivery
from otx.services.send_report import SendReport
from otx.system.stop import StopSignal

REQUEST_RECORDS = 1_000
"""Records in a request, where nothing asks for fewer."""
_REQUESTS_PER_S = 10
"""At a low rate a request is sent this often, with what is due."""
_ROOM_RECORDS = 50
"""A request holds as many where that is no more than a second's: there is room for whole traces."""
_LOOK_S = 0.1
"""How often the progress is looked at."""
Progress = Callable[[Callable[[], SendReport]], None]


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

    @property
    def request_records(self) -> int:
        """Records of a full request at this rate."""
        if self.rate_per_s is None:
            return REQUEST_RECORDS
        due = max(self.rate_per_s / _REQUESTS_PER_S, min(self.rate_per_s, _ROOM_RECORDS))
        return max(1, min(REQUEST_RECORDS, int(due)))

    def shared(self, workers: int) -> "list[SendOptions]":
        """What each of some workers is to do; together it is this."""
        rate = None if self.rate_per_s is None else self.rate_per_s / workers
        counts: list[int | None] = [None] * workers
        if self.count is not None:
            most, over = divmod(self.count, workers)
            counts = [most + (number < over) for number in range(workers)]
        return [replace(self, rate_per_s=rate, count=count) for count in counts]


def send(
    options: SendOptions,
    sources: Sequence[Source],
    note: Callable[[str], None],
    progress: Progress | None = None,
) -> SendReport:
    """Send until the count, the duration's end, INT or TERM; what came of it.

    Args:
        options: How.
        sources: Where records come from; as many workers send at a time.
        note: Told what the destination says.
        progress: Called again and again with what gives the report so far.

    Raises:
        PeerError: The destination cannot be reached at all.
    """
    with StopSignal() as stop:
        started_ns = time.monotonic_ns()
        workers = [
            _Worker(one, source, stop, note, started_ns)
            for one, source in zip(options.shared(len(sources)), sources, strict=True)
        ]

        def so_far() -> SendReport:
            return _merged(options, [worker.report for worker in workers], started_ns)

        for worker in workers:
            worker.thread.start()
        for worker in workers:
            while worker.thread.is_alive():
                if progress is not None:
                    progress(so_far)
                worker.thread.join(_LOOK_S)
        report = so_far()
        report.stopped_by = stop.number
    for error in filter(None, (worker.error for worker in workers)):
        # One of many that does not get through is part of what came of it all.
        if not isinstance(error, PeerError) or not report.requests:
            raise error
        note(error.message)
    return report


def empty_report(options: SendOptions) -> SendReport:
    """The report of a run that sent nothing yet."""
    return SendReport(
        noun=WIRE[options.signal].record_noun,
        endpoint=str(options.endpoint),
        asked_rate_per_s=options.rate_per_s,
    )


def connect(endpoint: Endpoint, compression: str) -> Client:
    """A client for an endpoint; the connection itself comes with the first request.

    Raises:
        UsageError: The protocol does not have that compression, or a certificate cannot be used.
        MachineError: gRPC is not installed.
    """
    if endpoint.protocol != "grpc":
        from otx.otlp.exporter.http_client import HttpClient  # 30 ms

        return HttpClient(endpoint, compression)
    if compression == "zstd":
        raise UsageError("zstd is for HTTP only", hint="--compression gzip, or --protocol http/…")
    try:
        from otx.otlp.exporter.grpc_client import GrpcClient  # 60 ms
    except ImportError as error:
        raise missing_extra(error.name or "grpc", "receive") from None
    return GrpcClient(endpoint, compression)


class _Worker:
    """Sends from one source over one connection, on a thread of its own."""

    def __init__(
        self,
        options: SendOptions,
        source: Source,
        stop: StopSignal,
        note: Callable[[str], None],
        started_ns: int,
    ) -> None:
        self.report = empty_report(options)
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, name="sender")
        self._options = options
        self._source = source
        self._stop = stop
        self._note = note
        self._started_ns = started_ns
        self._client = connect(options.endpoint, options.compression)

    def _run(self) -> None:
        try:
            with self._client:
                self._send_all()
        except Exception as error:  # raised again by the main thread, for all workers
            self.error = error
            self._stop.ask()

    def _send_all(self) -> None:
        options = self._options
        ends_ns = _end_ns(options, self._started_ns)
        delivery = Delivery(
            self._client,
            self.report,
            self._stop,
            self._note,
            options.timeout_s,
            options.retry_s,
            ends_ns,
        )
        for body, records in _requests(options, self._source, self._stop, self._started_ns):
            delivery.deliver(options.signal, body, records)
            if delivery.is_gone:
                lasting = f"{options.endpoint} has not answered for {options.retry_s:.0f} s"
                self._note(f"gave up: {lasting}")
                self._stop.ask()
                return


def _merged(options: SendOptions, reports: Sequence[SendReport], started_ns: int) -> SendReport:
    whole = empty_report(options)
    for report in reports:
        whole.add(report)
    whole.elapsed_ns = time.monotonic_ns() - started_ns
    return whole


def _requests(
    options: SendOptions, source: Source, stop: StopSignal, started_ns: int
) -> Iterator[tuple[bytes, int]]:
    """Requests, each when it is due."""
    sent = 0
    size = options.request_records
    ends_ns = _end_ns(options, started_ns)
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


def _end_ns(options: SendOptions, started_ns: int) -> int | None:
    """When the run ends, by the monotonic clock; None where only the count ends it."""
    return None if options.duration_s is None else started_ns + int(options.duration_s * NS_PER_S)


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
    parts: list[bytes] = [source.head]
    records, size = 0, len(source.head)
    while records < wanted:
        part, count = carry.pop() if carry else source.next(time.time_ns(), wanted - records)
        if len(source.head) + len(part) > options.max_request_bytes:
            raise UsageError(
                f"{count} {WIRE[options.signal].record_noun} that belong together have "
                f"{len(source.head) + len(part)} bytes, more than --max-request",
                hint="raise --max-request, or lower --depth",
            )
        if size + len(part) > options.max_request_bytes:
            carry.append((part, count))
            break
        parts.append(part)
        records += count
        size += len(part)
    return b"".join(parts) if len(parts) > 2 or source.head else parts[1], records
