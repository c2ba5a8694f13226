"""What is written from the model is read back the same, by otx's own file reader and store."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from otx.model.telemetry import AttributeValue, LogRecord, Span, SpanEvent, SpanLink
from otx.otlp.encode import to_json
from otx.otlp.files import read_file
from otx.otlp.records import _any_value, logs_request, traces_request
from otx.store.reader import Store
from otx.store.wal import LogWriter

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
VALUES: dict[str, AttributeValue] = {
    "text": "ü\n",
    "number": -(1 << 62),
    "share": 0.25,
    "yes": True,
    "raw": b"\x00\xff",
    "list": ["a", 1, [False]],
    "map": {"inner": {"deep": "x"}},
    "empty list": [],
    "empty map": {},
    "nothing": None,
}
RESOURCE: dict[str, AttributeValue] = {"service.name": "shop", "process.pid": 8812}
SPAN = Span(
    TRACE,
    "00f067aa0ba902b7",
    "",
    "POST /checkout",
    "SERVER",
    "shop",
    1_790_000_000_000_000_001,
    1_790_000_001_000_000_002,
    status="ERROR",
    status_message="declined",
    trace_state="a=1",
    attributes=VALUES,
    resource=RESOURCE,
    scope="shop.web",
    scope_version="1.2",
    events=(SpanEvent(1_790_000_000_500_000_000, "exception", {"exception.type": "Declined"}),),
    links=(SpanLink(TRACE, "53995c3f42cd8ad8", {"why": "retry"}, "b=2", 0x301),),
)
RECORD = LogRecord(
    1_790_000_000_000_000_003,
    17,
    "ERROR",
    "shop",
    "declined by issuer",
    TRACE,
    SPAN.span_id,
    "payment.declined",
    1_790_000_000_000_000_009,
    VALUES,
    RESOURCE,
    "shop.web",
    flags=1,
)


def kept(messages: Iterable[Message], folder: Path) -> Store:
    """A store of what a file of these messages as JSON lines holds."""
    file = folder / "kept.jsonl"
    file.write_bytes(b"\n".join(map(to_json, messages)))
    with LogWriter(folder / "store") as log:
        for number, request in enumerate(read_file(file)):
            log.append(request.signal, request.body, number + 1).result(60)
    return Store(folder / "store")


def test_spans_come_back_as_they_were(tmp_path: Path) -> None:
    child = replace(SPAN, span_id="1" * 16, parent_span_id=SPAN.span_id, kind="CLIENT")
    child = replace(child, flags=0x301, status="UNSET", status_message="", events=(), links=())
    elsewhere = replace(child, span_id="2" * 16, resource={"service.name": "bank"}, service="bank")
    spans = [SPAN, child, elsewhere]
    with_store = kept([traces_request(spans)], tmp_path)
    assert with_store.trace(TRACE) == spans


def test_log_records_come_back_as_they_were(tmp_path: Path) -> None:
    structured = replace(RECORD, body={"order": 8812, "items": ["a"]}, time_unix_nano=10**18)
    loose = replace(RECORD, trace_id="", span_id="", event_name="", severity_number=0, scope="")
    records = [structured, replace(loose, time_unix_nano=10**18 + 1), RECORD]
    assert kept(map(logs_request, [[one] for one in records]), tmp_path).logs() == records


def test_what_shares_a_resource_and_a_scope_is_grouped() -> None:
    other = replace(SPAN, scope_version="2")
    request = traces_request([SPAN, other, SPAN])
    groups = [len(g.scope_spans[0].spans) for g in getattr(request, "resource_spans")]  # noqa: B009
    assert groups == [2, 1]


SCALARS: st.SearchStrategy[AttributeValue] = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)


def read_back(value: object) -> AttributeValue:
    """What a message of `AnyValue` holds, by its own definition."""
    name = value.WhichOneof("value")  # type: ignore[attr-defined]
    if name is None:
        return None
    found = getattr(value, name)
    if name == "array_value":
        return [read_back(one) for one in found.values]
    if name == "kvlist_value":
        return {pair.key: read_back(pair.value) for pair in found.values}
    scalar: AttributeValue = found
    return scalar


@given(st.recursive(SCALARS, lambda below: st.lists(below) | st.dictionaries(st.text("ab"), below)))
def test_every_value_has_its_field(value: AttributeValue) -> None:
    found = read_back(_any_value(value))
    assert found == value
    assert type(found) is type(value)
