"""A store as pieces: whole, of the signals that are wanted, bounded, and as it was at the start."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.files import understand
from otx.services.ottl_store import PIECE_RECORDS, store_pieces
from otx.store.conversion import Conversion
from otx.store.errors import StoreMissing
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.services.small_requests import gauges_request, logs_request, span_names, spans_request


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


@pytest.fixture
def log(layout: Layout) -> Iterator[LogWriter]:
    with LogWriter(layout.root) as writer:
        yield writer


def keep(log: LogWriter, *requests: Request) -> None:
    for number, request in enumerate(requests, 1):
        log.append(request.signal, request.body, number).result(60)


@pytest.mark.parametrize("is_converted", [True, False])
def test_every_signal_comes_as_far_as_it_is_wanted(
    log: LogWriter, layout: Layout, is_converted: bool
) -> None:
    metrics = gauges_request(a=1)
    keep(log, logs_request("one"), metrics, spans_request("a", "b"))
    if is_converted:
        Conversion(layout).convert()
    found = list(store_pieces(layout, tuple(Signal)))
    assert [piece.signal for piece in found] == [Signal.TRACES, Signal.METRICS, Signal.LOGS]
    assert found[1].data == metrics.body
    assert span_names(understand(found[0])) == ["a", "b"]
    (logs,) = store_pieces(layout, [Signal.LOGS])
    assert understand(logs).records == 1


def test_pieces_are_bounded_and_grouped(log: LogWriter, layout: Layout) -> None:
    first = spans_request(*["first"] * (PIECE_RECORDS - 1), service="a")
    keep(log, first, spans_request("second", "third", service="b"))
    Conversion(layout).convert()
    pieces = list(store_pieces(layout, [Signal.TRACES]))
    assert [understand(piece).records for piece in pieces] == [PIECE_RECORDS, 1]
    message = ExportTraceServiceRequest.FromString(pieces[0].data)
    services = [group.resource.attributes[0].value.string_value for group in message.resource_spans]
    assert sorted(services) == ["a", "b"]


def test_what_comes_later_is_not_there_and_what_is_converted_still_is(
    log: LogWriter, layout: Layout
) -> None:
    keep(log, spans_request("a"))
    Conversion(layout).convert()
    keep(log, spans_request("b"))
    pieces = store_pieces(layout, [Signal.TRACES])
    first = next(pieces)
    keep(log, spans_request("c"))
    Conversion(layout).convert()
    assert [span_names(understand(piece)) for piece in (first, *pieces)] == [["a"], ["b"]]
    again = [
        name for piece in store_pieces(layout, [Signal.TRACES]) for name in names_of(piece.data)
    ]
    assert sorted(again) == ["a", "b", "c"]


def names_of(body: bytes) -> list[str]:
    return span_names(Request(Signal.TRACES, body, 0))


def test_since_is_by_the_record(log: LogWriter, layout: Layout) -> None:
    keep(log, spans_request("one", "two", "three"))
    (piece,) = store_pieces(layout, [Signal.TRACES], since_unix_nano=2)
    assert names_of(piece.data) == ["two", "three"]
    assert list(store_pieces(layout, [Signal.TRACES], since_unix_nano=4)) == []


def test_a_store_that_is_not_there_is_said_at_once(layout: Layout) -> None:
    with pytest.raises(StoreMissing, match="there is no store in"):
        store_pieces(layout, tuple(Signal))
    assert not layout.root.exists()
