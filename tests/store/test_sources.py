"""What is read for a question: less than everything, and never less than the answer."""

from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store.reader import Store
from otx.store.search import parse_search
from otx.store.sources import Sources, Wanted
from tests.store.conftest import START_UNIX_NANO, LogRequest, SpanRequest
from tests.store.segments import converted, indexed

TRACES = 12
SPANS = 30


@pytest.fixture
def store(store_dir: Path, span_request: SpanRequest, log_request: LogRequest) -> Store:
    """Indexed segments of traces 1 to 12, one without indexes, and a tail with one more trace."""
    for first in range(1, TRACES, 3):
        requests = (span_request("a", SPANS, trace=first + n) for n in range(3))
        conversion = converted(store_dir, *requests)
    indexed(converted(store_dir, log_request("one", "two", trace=3), signal=Signal.LOGS))
    indexed(conversion)
    converted(store_dir, span_request("late", SPANS, trace=TRACES + 1))
    return Store(store_dir)


@pytest.mark.parametrize(
    ("text", "traces"),
    [
        ("@order.id:7", TRACES + 1),
        ("@order.id:7 @http.route:/cart", TRACES + 1),
        ("@service.name:shop", TRACES + 1),
        (f"@order.id:{SPANS}", 0),
        ("@order.id:7 @order.id:8", 0),
        ("-@order.id:7", TRACES + 1),
        ("@order.id:2*", TRACES + 1),
        ("@order.id:>28", TRACES + 1),
        ("@nothing:1", 0),
    ],
)
def test_a_search_finds_in_indexed_and_in_other_segments(
    store: Store, text: str, traces: int
) -> None:
    found = store.traces(parse_search(text))
    assert len(found) == traces
    assert all(one.span_count == SPANS for one in found)


def test_a_trace_is_found_by_id_and_by_prefix(store: Store) -> None:
    for number in (1, 5, TRACES + 1):
        assert len(store.trace(f"{number:032x}")) == SPANS
    assert store.trace(f"{TRACES + 2:032x}") == []
    assert len(store.logs(trace_id=f"{3:032x}")) == 2
    assert store.logs(parse_search("@service.name:none"), trace_id=f"{3:032x}") == []
    matching = store.matching_spans(parse_search("@order.id:7"), f"{5:032x}")
    assert matching == {f"{8:016x}"}


def test_only_what_may_hold_the_answer_is_read(store: Store) -> None:
    manifest = store.refresh().manifest
    spans = manifest.of_kind("spans")
    sources = Sources(store.layout)
    one = sources.sql(manifest, Wanted(traces=(f"{1:032x}",)))
    assert spans[0].name in one
    assert "BETWEEN" in one
    assert spans[-1].name in one  # it has no index
    assert not any(segment.name in one for segment in spans[1:-1])
    late = sources.sql(manifest, Wanted(since_unix_nano=spans[-1].min_unix_nano))
    assert [segment.name in late for segment in spans] == [False] * (len(spans) - 1) + [True]
    everything = sources.sql(manifest, Wanted())
    assert all(segment.name in everything for segment in spans)


@pytest.mark.parametrize("room", [0, 100, 1 << 20])
def test_keys_in_memory_change_no_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr("otx.store.sources._MANY_KEYS", 2)
    monkeypatch.setattr("otx.store.sources._KEPT_BYTES", room)
    manifest = store.refresh().manifest
    sources, others = Sources(store.layout), Sources(store.layout)
    ids = [f"{number:032x}" for number in (1, 2, 99)]
    for wanted in (Wanted(traces=ids), Wanted(traces=ids[2:])):
        blocks = sources.most_rows(manifest, wanted)
        monkeypatch.setattr("otx.store.sources._MANY_KEYS", 100)
        assert others.most_rows(manifest, wanted) == blocks
        monkeypatch.setattr("otx.store.sources._MANY_KEYS", 2)
    kept = [one for kinds in sources._indexes.values() for one in kinds.values() if one.has_keys]
    assert sum(one.key_bytes for one in kept) <= room
    assert bool(kept) == (room > 0)


def test_the_newest_traces_are_the_newest_of_all_segments(store: Store) -> None:
    numbers = [int(one.trace_id, 16) for one in store.traces(limit=4)]
    assert numbers == [TRACES + 1, TRACES, TRACES - 1, TRACES - 2]


def test_a_time_and_a_value_go_together(store: Store) -> None:
    since = START_UNIX_NANO + TRACES * 1_000_000_000
    found = store.traces(parse_search("@order.id:7"), since_unix_nano=since)
    assert [int(one.trace_id, 16) for one in found] == [TRACES + 1, TRACES]


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"\xff" * 4000])
def test_a_damaged_index_is_told_once_and_costs_no_answer(store: Store, damage: bytes) -> None:
    told: list[str] = []
    reader = Store(store.layout.root, told.append)
    expected = [store.traces(parse_search("@order.id:7")), store.trace(f"{1:032x}")]
    for index in store.layout.segments.glob("*.by-*"):
        whole = index.read_bytes()
        index.write_bytes(damage + whole[len(damage) : -8])
    for _ in range(2):
        assert [reader.traces(parse_search("@order.id:7")), reader.trace(f"{1:032x}")] == expected
    assert len(told) == len(set(told)) >= 8
    assert all("is damaged" in text and "is read whole" in text for text in told)
