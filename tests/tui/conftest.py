"""A small shop's telemetry with fixed ids and times, and a feed that serves it."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypedDict

import pytest
from textual._wait import wait_for_idle
from textual.app import App

from otx.errors import MachineError
from otx.logs.patterns import mine_patterns
from otx.logs.rates import SeverityRates, severity_rates
from otx.model.stack import Frame, ProfileStats, Stack, Thread
from otx.model.telemetry import Attributes, LogRecord, Span, SpanEvent, TraceSummary
from otx.model.units import NS_PER_S
from otx.services.profiler import ProfileSnapshot
from otx.tui.flame_look import FlameLook, missing_view
from otx.tui.open_trace import open_trace
from otx.tui.snapshot import (
    Changed,
    FlameInterest,
    Interest,
    LogsInterest,
    LogsView,
    ProcessSamples,
    RecordKind,
    SearchFault,
    Snapshot,
    Status,
    TracesInterest,
    TracesView,
    View,
)

MS = 1_000_000
NOW = 1_790_000_000_000_000_000
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
RESOURCE: Attributes = {"service.version": "1.4.0", "host.name": "node-a"}

PIDS: dict[str, Attributes] = {"payment": {"process.pid": 8812}, "cart": {"process.pid": 99}}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are shown in the local zone; here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


QUIET_ROUNDS = 5


async def wait_until_settled(min_sleep: float = 0.02, max_sleep: float = 1.0) -> None:
    """Wait as Textual does, and then until the event loop has nothing to run.

    Textual takes a process for idle that does not work for 20 ms: on a busy machine also one that
    was not given a processor.
    """
    await wait_for_idle(min_sleep, max_sleep)
    ready, quiet = vars(asyncio.get_running_loop())["_ready"], 0
    while quiet < QUIET_ROUNDS:
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot lets everything happen that its keys lead to, and notes are there when it looks."""
    for module in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{module}.wait_for_idle", wait_until_settled)
    monkeypatch.setattr(App, "NOTIFICATION_TIMEOUT", 600.0)


def clock() -> int:
    return NOW + 2_500 * MS


def span(
    number: int,
    parent: int,
    service: str,
    name: str,
    start_ms: float,
    took_ms: float,
    failed: str = "",
    events: Sequence[SpanEvent] = (),
    attributes: Attributes | None = None,
) -> Span:
    start = NOW + int(start_ms * MS)
    return Span(
        trace_id=TRACE_ID,
        span_id=f"{number:016x}",
        parent_span_id=f"{parent:016x}" if parent else "",
        name=name,
        kind="SERVER" if parent else "CLIENT",
        service=service,
        start_unix_nano=start,
        end_unix_nano=start + int(took_ms * MS),
        status="ERROR" if failed else "UNSET",
        status_message=failed,
        attributes=attributes or {"http.request.method": "POST", "server.port": 8080},
        resource={"service.name": service, **RESOURCE, **PIDS.get(service, {})},
        scope="shop.web",
        scope_version="0.52",
        events=events,
    )


def checkout_spans() -> list[Span]:
    declined = SpanEvent(
        NOW + 1_880 * MS,
        "exception",
        {"exception.type": "PaymentDeclined", "exception.message": "declined by issuer"},
    )
    rates = [span(20 + i, 4, "currency", "Convert", 180 + 22 * i, 20) for i in range(12)]
    return [
        span(1, 0, "frontend", "POST /checkout", 0, 1_940),
        span(2, 1, "cart", "GetCart", 20, 120),
        span(3, 2, "redis", "HGETALL", 60, 60),
        span(4, 1, "checkout", "PlaceOrder", 150, 1_780, "payment failed"),
        *rates,
        span(5, 4, "payment", "charge", 500, 1_400, "declined by issuer", (declined,)),
        span(
            6,
            5,
            "payment",
            "POST api.bank.example",
            540,
            1_340,
            "declined by issuer",
            attributes={
                "http.request.method": "POST",
                "http.response.status_code": 402,
                "server.address": "api.bank.example",
                "url.full": "https://api.bank.example/v2/charges?retry=2",
                "payment.provider": "acme",
            },
        ),
        span(7, 1, "email", "Send", 1_900, 30),
        span(8, 0xDEAD0001BEEF0002, "catalog", "List", 400, 90),
    ]


def logs() -> list[LogRecord]:
    def record(ms: int, number: int, service: str, body: str, span_number: int = 0) -> LogRecord:
        return LogRecord(
            time_unix_nano=NOW + ms * MS,
            severity_number=number,
            severity_text={5: "DEBUG", 9: "INFO", 13: "WARN", 17: "ERROR"}[number],
            service=service,
            body=body,
            trace_id=TRACE_ID if span_number else "",
            span_id=f"{span_number:016x}" if span_number else "",
            observed_unix_nano=NOW + ms * MS + 2_100_000,
            attributes={"order.id": 8812, "payment.provider": "acme"},
            resource={"service.name": service, **RESOURCE},
            scope="payment.svc",
        )

    return [
        record(100, 5, "cart", "cart read, items=3", 2),
        record(510, 9, "payment", "charging card, order=8812 amount=43.10 EUR", 6),
        record(900, 13, "payment", "retry 1 of 2 after 0.4 s", 6),
        record(1_200, 13, "currency", "rate cache is 61 s old"),
        record(1_870, 17, "payment", "declined by issuer, code=51", 6),
        record(1_900, 17, "checkout", "order 8812 failed:\x1b[31m declined\nby issuer", 4),
    ]


def summaries() -> list[TraceSummary]:
    def summary(number: int, ms: int, took_ms: float, spans: int, failed: int) -> TraceSummary:
        return TraceSummary(
            trace_id=TRACE_ID if number == 0 else f"{number:032x}",
            start_unix_nano=NOW - ms * MS,
            duration_ns=int(took_ms * MS),
            span_count=spans,
            service_count=min(spans, 5),
            error_count=failed,
            root_service=("frontend", "checkout", "catalog")[number % 3],
            root_name=("POST /checkout", "PlaceOrder", "GET /product/{id}")[number % 3],
            root_missing=number == 4,
        )

    return [
        summary(0, 0, 1_940, 20, 3),
        *(summary(i, 870 * i, 1_710 / i**2, 31 - i, int(i == 4) * 2) for i in range(1, 40)),
    ]


def stacks() -> dict[Stack, int]:
    def python(name: str, file: str, line: int = 0) -> Frame:
        return Frame(name, "python", f"/srv/{file}", line, file.rpartition("/")[2])

    def native(name: str, module: str = "libpython3.11.so") -> Frame:
        return Frame(name, "native", module=module)

    shop, grpc = Frame("checkout", "process"), Frame("grpc-server", "process")
    loop = python("run_forever", "asyncio/base_events.py")
    once = python("_run_once", "asyncio/base_events.py")
    place = python("PlaceOrder", "checkout/service.py", 41)
    charge = python("charge", "checkout/payment.py", 88)
    dumps = python("json.dumps", "json/__init__.py", 183)
    convert = python("convert_all", "checkout/money.py", 12)
    wait = Frame("epoll_wait", "kernel", module="kernel")
    counts: dict[Stack, int] = {
        (shop, loop, once, place, charge, dumps, native("c_make_encoder", "_json.so")): 998,
        (shop, loop, once, place, charge, dumps): 41,
        (shop, loop, once, place, charge, native("SSL_write", "libssl.so.3")): 460,
        (shop, loop, once, place, charge): 120,
        (shop, loop, once, place, convert, native("_dec_from_triple", "_decimal.so")): 590,
        (shop, loop, once, place, convert, dumps): 130,
        (shop, loop, once, wait): 511,
        (shop, loop, once): 60,
        (grpc, python("漢字の関数", "worker.py"), wait): 240,
        (grpc, native("memcpy", "libc.so.6")): 77,
    }
    few: dict[Stack, int] = {(shop, loop, once, place, native(f"f{i:02}")): 1 for i in range(30)}
    return {**counts, **few}


def rates(records: Sequence[LogRecord]) -> SeverityRates:
    """Counted here one by one, as the store counts them."""
    counted = [(one.time_unix_nano // NS_PER_S, one.severity_number, 1) for one in records]
    with_trace = sum(bool(one.trace_id) for one in records)
    end = records[-1].time_unix_nano if records else 0
    return severity_rates(counted, end, with_trace, len({one.service for one in records}))


class _Sampling(TypedDict):
    sampled_since_unix_nano: int
    processes: Sequence[ProcessSamples]


SAMPLING = _Sampling(
    sampled_since_unix_nano=NOW - 60_000 * MS, processes=(ProcessSamples(8812, 2_940, 2),)
)


class FixedFeed:
    """Serves the same telemetry at all times, narrowed by a search that is one plain word."""

    screens: tuple[str, ...] = ("traces", "logs", "flame")

    def __init__(self, status: Status | None = None, empty: bool = False) -> None:
        self.status = status or Status(
            "127.0.0.1:4317", "127.0.0.1:4318", 620, 6, 1_234, **SAMPLING
        )
        self.asked: list[Interest] = []
        self.empty = empty
        self.missing = ""
        self.counts = {} if empty else stacks()
        self.rows = [] if empty else summaries()
        self.records = [] if empty else logs()
        self.spans = [] if empty else checkout_spans()
        self.samples = sum(self.counts.values())
        self._flame = FlameLook(clock)
        self._listener: Callable[[Changed], object] = lambda changed: None

    def open(self, listener: Callable[[Changed], object]) -> None:
        self._listener = listener
        self.say()

    def close(self) -> None:
        self._listener = lambda changed: None

    def ask(self, interest: Interest) -> None:
        self.asked.append(interest)
        self.say()

    def say(self) -> None:
        """Send what there is now."""
        if self.asked:
            self._listener(Changed(Snapshot(self.status, self.view(self.asked[-1]))))

    def check_search(self, text: str, kind: RecordKind) -> SearchFault | None:
        field = text.partition(":")[0]
        if ":" in text and field not in ("service", "status"):
            return SearchFault(f"no field {field!r}", 0)
        return None

    def view(self, interest: Interest) -> View:
        if isinstance(interest, TracesInterest):
            rows = [row for row in self.rows if interest.search in row.root_service]
            trace_id = interest.trace_id or (rows[0].trace_id if rows else "")
            spans = tuple(self.spans)
            found = frozenset(
                one.span_id for one in spans if interest.search and interest.search in one.service
            )
            trace = open_trace(TRACE_ID, spans, self.records, matching=found)
            return TracesView(
                interest, rows, len(self.rows), trace if trace_id == TRACE_ID else None
            )
        if isinstance(interest, LogsInterest):
            kept = [
                one
                for one in self.records
                if one.severity_number >= interest.least_severity
                and interest.search in str(one.body)
                and interest.trace_id in ("", one.trace_id)
            ]
            if interest.template is not None:
                kept = [one for one in kept if interest.template.fits(one)]
            if interest.around is not None:
                kept = [one for one in self.records if one.service == interest.around.service]
            return LogsView(interest, kept, len(self.records), mine_patterns(kept), rates(kept))
        assert isinstance(interest, FlameInterest)
        if self.missing:
            return missing_view(interest, MachineError(self.missing, hint="run otx as root (sudo)"))
        return self._flame.look(interest, self._profile())

    def _profile(self) -> ProfileSnapshot:
        """The stacks as the profiler would have them, one function in a thread of its own."""
        threads: dict[Thread, dict[Stack, int]] = {}
        for stack, value in self.counts.items():
            is_worker = any(frame.name == "convert_all" for frame in stack)
            thread = Thread(8812, "worker-1" if is_worker else "MainThread")
            threads.setdefault(thread, {})[stack] = value
        return ProfileSnapshot(
            total=threads,
            window=threads,
            stats=ProfileStats(self.samples, lost=3, target_overhead=0.006),
            frequency_hz=99,
            pids=(8812, 8813),
            began_unix_nano=SAMPLING["sampled_since_unix_nano"],
        )


class LiveFeed(FixedFeed):
    """Serves one profile that is being taken, and no store."""

    screens = ("flame",)

    def __init__(self, **facts: object) -> None:
        super().__init__(Status(**SAMPLING))
        self.facts = facts

    def _profile(self) -> ProfileSnapshot:
        whole = super()._profile()
        stats = replace(whole.stats, own_cpu_seconds=1.3, truncated=2)
        return replace(whole, stats=stats, **self.facts)  # type: ignore[arg-type]
