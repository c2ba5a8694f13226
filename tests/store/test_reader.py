"""What a store answers, from a log's tail and from segments alike."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.oddity import Oddity
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.reader import Store
from otx.store.search import parse_search
from otx.store.tail import LogTails
from otx.store.wal import LogWriter

START_UNIX_NANO = 1_790_000_000_000_000_000
SpanRequest = Callable[..., bytes]
LogRequest = Callable[..., bytes]
TRACE = "0" * 24 + "%08x"


@pytest.fixture(params=["tail", "segments", "both"])
def store(
    request: pytest.FixtureRequest,
    store_dir: Path,
    span_request: SpanRequest,
    log_request: LogRequest,
) -> Iterator[Store]:
    """Three traces of two services and four log records, kept in each of the ways."""
    kept = [
        (Signal.TRACES, span_request("cart", 3, trace=1, service="cart")),
        (Signal.TRACES, span_request("pay", 2, trace=2, service="Payment", errors=1)),
        (Signal.LOGS, log_request("one", "deadline exceeded", severity=9)),
        (Signal.TRACES, span_request("old", 1, trace=3, service="cart")),
        (Signal.LOGS, log_request("three", "four", severity=17, trace=2)),
    ]
    with LogWriter(store_dir) as log:
        for number, (kind, body) in enumerate(kept):
            log.append(kind, body, number + 1).result(60)
            if request.param == "segments" or (request.param == "both" and number == 2):
                Conversion(Layout(store_dir)).convert()
        yield Store(store_dir)


def found(store: Store, expression: str) -> list[int]:
    return [int(one.trace_id, 16) for one in store.traces(parse_search(expression))]


def test_traces_are_listed_newest_first(store: Store) -> None:
    traces = store.traces()
    assert [trace.trace_id for trace in traces] == [TRACE % n for n in (3, 2, 1)]
    pay = traces[1]
    assert (pay.span_count, pay.service_count, pay.error_count) == (2, 1, 1)
    assert (pay.root_service, pay.root_name, pay.root_missing) == ("Payment", "pay-0", False)
    assert pay.duration_ns == 5_000_000
    assert [t.trace_id for t in store.traces(limit=1)] == [TRACE % 3]
    later = store.traces(since_unix_nano=pay.start_unix_nano)
    assert [trace.trace_id for trace in later] == [TRACE % n for n in (3, 2)]


@pytest.mark.parametrize(
    ("expression", "traces"),
    [
        ("service:cart", [3, 1]),
        ("service:payment", [2]),
        ("status:error", [2]),
        ("-status:error service:payment", [2]),
        ("status:error name:pay-1", []),
        ("kind:server", [3, 2, 1]),
        ("name:*-1", [2, 1]),
        ("name:CART", [1]),
        ("cart-2", [1]),
        ("@order.id:2", [1]),
        ("@order.id:>=1", [2, 1]),
        ("@order.id:*", [3, 2, 1]),
        ("@service.name:Payment", [2]),
        ("@http.route:/c*", [3, 2, 1]),
        ("@missing:x", []),
        ("-@missing:x", [3, 2, 1]),
        ("duration:>4ms", [3, 2, 1]),
        ("duration:>6ms", []),
        ('"no such phrase"', []),
        (f"trace:{TRACE % 2}", [2]),
        ("100%_", []),
    ],
)
def test_traces_are_searched(store: Store, expression: str, traces: list[int]) -> None:
    assert found(store, expression) == traces


def test_the_spans_of_a_trace_that_match_are_named(store: Store) -> None:
    def matching(expression: str) -> set[str]:
        return set(store.matching_spans(parse_search(expression), TRACE % 1))

    assert matching("cart-1") == {f"{2:016x}"}
    assert len(matching("service:cart")) == 3
    assert matching("status:error") == set()


def test_a_trace_is_found_by_its_id_or_the_start_of_it(store: Store) -> None:
    spans = store.trace(TRACE % 1)
    assert [span.name for span in spans] == ["cart-0", "cart-1", "cart-2"]
    assert spans[0].attributes == {"order.id": 0, "http.route": "/cart"}
    assert spans[0].resource == {"service.name": "cart"}
    assert spans[1].parent_span_id == spans[0].span_id
    assert (spans[0].kind, spans[0].status) == ("SERVER", "UNSET")
    assert store.trace((TRACE % 1)[:32].upper()) == spans
    assert store.trace("f" * 32) == []
    with pytest.raises(UsageError, match="begins 3 traces"):
        store.trace("0" * 8)
    for bad in ("1234567", "no hex at all", ""):
        with pytest.raises(UsageError, match="no trace id"):
            store.trace(bad)


def test_logs_are_newest_last(store: Store) -> None:
    bodies = [record.body for record in store.logs()]
    assert sorted(map(str, bodies)) == ["deadline exceeded", "four", "one", "three"]
    assert [r.time_unix_nano for r in store.logs()] == sorted(
        r.time_unix_nano for r in store.logs()
    )
    assert [r.body for r in store.logs(parse_search('"deadline exc"'))] == ["deadline exceeded"]
    assert {r.body for r in store.logs(parse_search("severity:>=warn"))} == {"three", "four"}
    assert {r.body for r in store.logs(parse_search("severity:<=warn"))} == {
        "one",
        "deadline exceeded",
    }
    assert {r.body for r in store.logs(trace_id=TRACE % 2)} == {"three", "four"}
    assert len(store.logs(limit=2)) == 2


def test_neighbours_of_a_log_record_are_of_its_service(store: Store) -> None:
    around = [one.body for one in store.logs_around("", START_UNIX_NANO, 1)]
    assert set(around[:2]) == {"one", "three"}
    assert set(around[2:]) < {"deadline exceeded", "four"}
    assert len(around) == 3
    assert store.logs_around("none such", START_UNIX_NANO, 10) == []


def test_log_rates_count_by_second_and_severity(store: Store) -> None:
    second = START_UNIX_NANO // 1_000_000_000
    rates = store.log_rates(parse_search(""), START_UNIX_NANO)
    assert sorted(rates.by_second) == [
        (second, 9, 1),
        (second, 17, 1),
        (second + 1, 9, 1),
        (second + 1, 17, 1),
    ]
    assert (rates.with_trace, rates.services) == (2, 1)
    later = store.log_rates(parse_search("severity:>=error"), START_UNIX_NANO + 1)
    assert later.by_second == [(second + 1, 17, 1)]
    assert store.log_rates(parse_search(""), START_UNIX_NANO, trace_id=TRACE % 2).with_trace == 2


def test_services_and_totals(store: Store) -> None:
    summaries = {one.name: one for one in store.services()}
    assert set(summaries) == {"Payment", "cart"}
    assert (summaries["cart"].spans, summaries["cart"].entries) == (4, 2)
    assert (summaries["Payment"].errors, summaries["Payment"].entry_errors) == (1, 1)
    assert summaries["cart"].p50_ns == 5_000_000
    totals = store.totals()
    assert (totals.spans, totals.logs, store.trace_count()) == (6, 4, 3)


def test_a_service_that_nothing_enters_is_measured_by_all_its_spans(
    store_dir: Path, span_request: SpanRequest
) -> None:
    request = ExportTraceServiceRequest.FromString(span_request("inner", 4, service="worker"))
    del request.resource_spans[0].scope_spans[0].spans[0]  # the one that enters
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("a", 2), 1).result(60)
        log.append(Signal.TRACES, request.SerializeToString(), 1).result(60)
    shop, worker = Store(store_dir).services()
    assert (shop.name, shop.entries, shop.p99_ns) == ("shop", 1, 5_000_000)
    assert (worker.name, worker.spans, worker.entries) == ("worker", 3, 0)
    assert (worker.p50_ns, worker.p99_ns) == (4_998_000, 4_999_000)


def test_a_store_comes_to_life(store_dir: Path, span_request: SpanRequest) -> None:
    store = Store(store_dir)
    assert not store.is_there()
    assert (store.traces(), store.logs(), store.services()) == ([], [], [])
    before = store.version()
    assert store.version() == before
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("a"), 1).result(60)
        after = store.version()
        assert after != before
        assert len(store.traces()) == 1
        assert store.version() == after
    Conversion(Layout(store_dir)).convert()
    assert store.version() != after
    assert len(store.traces()) == 1


def test_a_reader_decodes_only_so_much_and_says_what_it_hides(
    store_dir: Path, span_request: SpanRequest
) -> None:
    with LogWriter(store_dir) as log:
        for number in range(10):
            log.append(Signal.TRACES, span_request(f"r{number}"), number + 1).result(60)
    size = len(span_request("r0"))
    tails = LogTails(Layout(store_dir), tail_bytes=3 * size)
    tails.follow()
    facts = tails.facts
    assert 3 <= facts.requests <= 4
    assert len(tails.table("spans")) == facts.requests
    assert facts.hidden_bytes + facts.requests * (size + 20) == facts.bytes
    assert facts.oldest_unix_nano == 1
    conversion = Conversion(Layout(store_dir))
    conversion.convert(5 * size)
    tails.follow()
    assert tails.facts.bytes < facts.bytes
    while conversion.convert():
        pass
    tails.follow()
    assert tails.facts.bytes == tails.facts.hidden_bytes == len(tails.table("spans")) == 0


@pytest.mark.parametrize("spans_a_trace", [1, 1_500])
def test_the_newest_traces_of_many_are_the_newest_of_all(
    store_dir: Path, span_request: SpanRequest, spans_a_trace: int
) -> None:
    """More spans than are looked at first; with long traces the first look is not enough."""
    traces = 4_500 // spans_a_trace
    with LogWriter(store_dir) as log:
        for trace in range(1, traces + 1):
            log.append(Signal.TRACES, span_request("s", spans_a_trace, trace=trace), 1)
    listed = Store(store_dir).traces(limit=10)
    newest = range(traces, max(traces - 10, 0), -1)
    assert [one.trace_id for one in listed] == [TRACE % trace for trace in newest]
    assert {one.span_count for one in listed} == {spans_a_trace}


@pytest.fixture(params=["tail", "segments"])
def odd_store(request: pytest.FixtureRequest, store_dir: Path, span_request: SpanRequest) -> Store:
    """A sound trace, and spans that break the rules: newer, and more than are looked at first."""
    odd = ExportTraceServiceRequest()
    spans = odd.resource_spans.add().scope_spans.add().spans
    for number in range(1_100):
        spans.add(name="zero", trace_id=bytes(16), span_id=b"s" * 8, end_time_unix_nano=2**63)
        spans.add(name="short", trace_id=b"t" * 8, span_id=bytes([number % 255 + 1]) * 8)
        spans[-1].start_time_unix_nano, spans[-1].end_time_unix_nano = 2**64 - 1, 2**64 - 1
    spans.add(name="none", start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**63 - 3)
    spans.add(name="open", trace_id=b"o" * 16, span_id=b"o" * 8, start_time_unix_nano=1)
    for _ in range(2):
        spans[-1].attributes.add(key="k").value.string_value = "v"
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("sound", 2), 1).result(60)
        log.append(Signal.TRACES, odd.SerializeToString(), 2).result(60)
    if request.param == "segments":
        Conversion(Layout(store_dir)).convert()
    return Store(store_dir)


def test_spans_without_a_trace_id_belong_to_no_trace(odd_store: Store) -> None:
    traces = [TRACE % 1, b"o".hex() * 16]
    assert [trace.trace_id for trace in odd_store.traces()] == traces
    assert found(odd_store, "name:zero") == []
    assert [one.trace_id for one in odd_store.traces(parse_search("name:open"))] == traces[1:]
    assert odd_store.trace("0" * 32) == odd_store.trace(b"t".hex() * 8) == []
    assert (odd_store.totals().spans, odd_store.trace_count()) == (2_204, 2)
    assert {one.name: one.spans for one in odd_store.services()} == {"": 2_202, "shop": 2}


def test_a_time_before_all_times_leaves_nothing_out(odd_store: Store) -> None:
    assert odd_store.traces(since_unix_nano=-1) == odd_store.traces()


def test_a_log_record_with_an_id_that_is_none_belongs_to_no_span(store_dir: Path) -> None:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for size in (16, 8, 3, 0):
        records.add(trace_id=bytes(size), span_id=bytes(size // 2))
    records.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    with LogWriter(store_dir) as log:
        log.append(Signal.LOGS, request.SerializeToString(), 1).result(60)
    ids = {(record.trace_id, record.span_id) for record in Store(store_dir).logs()}
    assert ids == {("", ""), ("74" * 16, "73" * 8)}


def test_odd_spans_can_be_asked_for(odd_store: Store) -> None:
    counted = odd_store.query("SELECT oddity, count(*) FROM span_oddities GROUP BY ALL").rows()
    assert dict(counted) == {
        Oddity.NO_TRACE_ID: 2_201,
        Oddity.NO_SPAN_ID: 1,
        Oddity.NO_START: 1_100,
        Oddity.NO_END: 1,
        Oddity.ENDS_EARLY: 1,
        Oddity.BEYOND_TIME: 2_201,
        Oddity.DOUBLED_KEY: 1,
    }
    last = odd_store.query(
        "SELECT start_time, duration_ns, count(*) FROM spans WHERE name = 'short' GROUP BY ALL"
    )
    assert list(last.rows()) == [("2262-04-11T23:47:16.854775806Z", 0, 1_100)]
    without_id = odd_store.query("SELECT DISTINCT trace_id FROM spans WHERE name = 'none'")
    assert list(without_id.rows()) == [("",)]
