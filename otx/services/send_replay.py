"""Sends again what was recorded: a file, a pipe or a store, at once or at its own pace.

Where nothing is to be rewritten, the bytes are those of the recording; only what is larger than a
request may be is cut into several. A pace or new times need to
know when the recording began and ended, so it is read twice then, and a pipe is kept for it.
"""

import heapq
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.model.units import NS_PER_S, format_size
from otx.otlp.decode import Request
from otx.otlp.exporter.client import Client
from otx.otlp.rewrite import Rewriting, rewritten, time_range
from otx.otlp.split import split_request
from otx.services.ottl_input import open_input
from otx.services.send import Progress
from otx.services.send_delivery import Delivery
from otx.services.send_report import SendReport
from otx.system.stop import StopSignal


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What to send again, and how.

    Attributes:
        source: A file, a store's directory, or `-`.
        speed: How many times as fast as it was recorded; None for as fast as it goes.
        retime: Whether times are moved so that the newest is now, or when its turn comes.
        rewrite_ids: Whether ids are replaced, one for one.
        retry_s: How long one request is sent again.
        max_request_bytes: Requests that are larger are sent as several.
    """

    source: str
    speed: float | None = None
    retime: bool = False
    rewrite_ids: bool = False
    retry_s: float = 60.0
    max_request_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Way:
    """How one signal is sent.

    Attributes:
        endpoint: What messages call it.
        connect: Makes its client.
    """

    endpoint: str
    connect: Callable[[], Client]
    timeout_s: float


@dataclass(slots=True)
class _Pace:
    """When each request is due; with no speed at once."""

    first_unix_nano: int
    speed: float | None
    started_ns: int = field(default_factory=time.monotonic_ns)

    def wait_s(self, latest_unix_nano: int) -> float:
        """Seconds until what was finished at a time of the recording is due."""
        if self.speed is None:
            return 0.0
        after_ns = (latest_unix_nano - self.first_unix_nano) / self.speed
        return max(0.0, (self.started_ns + after_ns - time.monotonic_ns()) / NS_PER_S)


def replay(
    environment: Environment,
    options: ReplayOptions,
    way_of: Callable[[Signal], Way],
    note: Callable[[str], None],
    progress: Progress | None = None,
) -> SendReport:
    """Send a recording until its end, INT or TERM; what came of it.

    Args:
        environment: Where files, stdin and the clock are.
        options: What and how.
        way_of: How a signal is sent; asked once for each that is there.
        note: Told what the destination says.
        progress: Called again and again with what gives the report so far.

    Raises:
        UsageError: There is nothing, or a part of it is no OTLP.
        StoreMissing: The store is none.
        PeerError: The destination cannot be reached at all.
    """
    with ExitStack() as opened, StopSignal() as stop:
        source = _readable_twice(environment, options, opened)
        span = _whole_range(environment, source) if options.speed or options.retime else None
        begin, end = span or (0, 0)
        lasts_ns = int((end - begin) / options.speed) if options.speed else 0
        rewriting = _rewriting(options, environment.clock() + lasts_ns - end)
        pace = _Pace(begin, options.speed)
        whole = SendReport(noun="records", endpoint="")
        reached: dict[Signal, Delivery] = {}
        for request in _requests(environment, source):
            if not _is_due(request, pace, stop):
                break
            if request.signal not in reached:
                way = way_of(request.signal)
                whole.endpoint = whole.endpoint or way.endpoint
                client = opened.enter_context(way.connect())
                reached[request.signal] = Delivery(
                    client, whole, stop, note, way.timeout_s, options.retry_s
                )
            delivery = reached[request.signal]
            body = rewritten(request.signal, request.body, rewriting)
            request = replace(request, body=body)
            _deliver(delivery, request, options.max_request_bytes, whole, note)
            whole.elapsed_ns = time.monotonic_ns() - pace.started_ns
            if progress is not None:
                progress(lambda: whole)
            if delivery.is_gone:
                note(f"gave up: {whole.endpoint} has not answered for {options.retry_s:.0f} s")
                break
        whole.stopped_by = stop.number
        if not reached and not stop.is_set:
            raise UsageError(f"{options.source} holds nothing to send")
    return whole


def _deliver(
    delivery: Delivery,
    request: Request,
    limit: int,
    report: SendReport,
    note: Callable[[str], None],
) -> None:
    """Deliver a request, as several where it is too large for one."""
    if len(request.body) <= limit:
        delivery.deliver(request.signal, request.body, request.records)
        return
    for part in split_request(request.signal, request.body, limit):
        if part.body is None:
            if not report.too_large:
                what = "a profile" if request.signal is Signal.PROFILES else "one record"
                size = format_size(part.size)
                note(f"left out: {what} makes a request of {size}, more than --max-request")
            report.too_large += part.records
        elif not delivery.is_gone:
            delivery.deliver(request.signal, part.body, part.records)


def _rewriting(options: ReplayOptions, shift_ns: int) -> Rewriting:
    keys = (os.urandom(16), os.urandom(8)) if options.rewrite_ids else (b"", b"")
    return Rewriting(shift_ns if options.retime else 0, *keys)


def _is_due(request: Request, pace: _Pace, stop: StopSignal) -> bool:
    """Wait until a request is due; False where the run is to end instead."""
    span = time_range(request.signal, request.body) if pace.speed else None
    return not stop.wait(pace.wait_s(span[1]) if span else 0)


def _readable_twice(environment: Environment, options: ReplayOptions, opened: ExitStack) -> str:
    """The source; stdin becomes a file where it has to be read twice."""
    if options.source != "-" or not (options.speed or options.retime):
        return options.source
    # Deleted by the stack, which outlives this function.
    kept = opened.enter_context(NamedTemporaryFile(prefix="otx-replay-stdin-"))  # noqa: SIM115
    shutil.copyfileobj(environment.stdin, kept)
    kept.flush()
    return kept.name


def _whole_range(environment: Environment, source: str) -> tuple[int, int] | None:
    ranges = [
        found
        for request in _requests(environment, source)
        if (found := time_range(request.signal, request.body))
    ]
    if not ranges:
        return None
    # A request is due when its latest record is; the first one at once.
    return min(latest for _, latest in ranges), max(latest for _, latest in ranges)


def _requests(environment: Environment, source: str) -> Iterator[Request]:
    """What is there; of a store all signals by time, each request by its latest record.

    Raises:
        UsageError: As `replay`.
    """
    if source == "-" or not (environment.cwd / Path(source)).is_dir():
        found = open_input(environment, source, None, None)
    else:
        by_signal = [open_input(environment, None, source, None, [signal]) for signal in Signal]
        found = heapq.merge(*by_signal, key=_latest)
    return found


def _latest(request: Request) -> int:
    found = time_range(request.signal, request.body)
    return found[1] if found else 0
