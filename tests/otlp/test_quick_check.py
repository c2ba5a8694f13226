"""A quick yes is what the official parser would have said; a doubt is left to it."""

import ctypes
import random
import time
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from otx.model.signal import Signal
from otx.otlp import quick_check as quick
from otx.otlp.any_value import varint
from otx.otlp.decode import Request, decode_request, parse_request
from otx.otlp.density import UNSUSPECTED_BYTES
from otx.otlp.quick_check import quick_check
from otx.otlp.refusal import Refusal
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import make_source
from tests.otlp.messages import spans
from tests.otlp.split_messages import split

NOW = 1_790_000_000_000_000_000


@pytest.fixture(autouse=True)
def library(native: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "library", lambda: native)


@cache
def generated(signal: Signal, records: int, seed: int = 1) -> bytes:
    """A request as `otx send` makes it, of at least so many records."""
    source = make_source(signal, Shape(), random.Random(seed), 2_000, 4 << 20)
    body = source.head
    while records > 0:
        more, count = source.next(NOW, min(records, 2_000))
        body, records = body + more, records - count
    return body


def parsed(signal: Signal, body: bytes) -> Request | None:
    """What the official parser makes of a request; None where it is refused."""
    try:
        return parse_request(signal, body)
    except Refusal:
        return None


def agrees(signal: Signal, body: bytes) -> bool:
    """Whether there is a quick yes, which must then be what the parser says."""
    sound = quick_check(signal, body)
    if sound is None:
        return False
    expected = parsed(signal, body)
    assert expected is not None
    assert (sound.records, sound.cautions) == (expected.records, expected.cautions)
    return True


def sound_span() -> Span:
    span = Span(trace_id=b"t" * 16, span_id=b"s" * 8, name="GET /", start_time_unix_nano=NOW)
    span.end_time_unix_nano = NOW + 1
    span.attributes.add(key="http.route").value.string_value = "/cart"
    span.attributes.add(key="http.response.status_code").value.int_value = -200
    span.attributes.add(key="ratio").value.double_value = 0.5
    span.attributes.add(key="cached").value.bool_value = True
    span.attributes.add(key="a long text").value.string_value = "ä" * 400
    span.attributes.add(key="none")
    span.attributes.add(key="list").value.array_value.values.add(int_value=1)
    span.events.add(name="retry", time_unix_nano=NOW)
    return span


def request_of(*of_one_scope: Span) -> ExportTraceServiceRequest:
    group = ResourceSpans(scope_spans=[ScopeSpans(spans=of_one_scope)])
    group.resource.attributes.add(key="service.name").value.string_value = "cart"
    return ExportTraceServiceRequest(resource_spans=[group])


@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize("records", [1, 200])
def test_what_senders_write_is_beyond_doubt(signal: Signal, records: int) -> None:
    body = generated(signal, records)
    assert agrees(signal, body)
    assert decode_request(signal, body, "protobuf") == parse_request(signal, body)


@pytest.mark.parametrize("signal", list(Signal))
def test_a_request_without_anything_is_beyond_doubt(signal: Signal) -> None:
    assert agrees(signal, b"")


@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize(
    "body", [b"\x00\x01", b"\x0b\x0c", b"\xf8\x03\x01", b"\x8a\x00\x00", b"\x0a"]
)
def test_fields_that_otlp_does_not_have_are_left_to_the_parser(signal: Signal, body: bytes) -> None:
    """Field 0, a group, field 63, a tag that is longer than it need be, half a field."""
    assert quick_check(signal, body) is None


def test_every_kind_of_value_is_beyond_doubt() -> None:
    assert agrees(Signal.TRACES, request_of(sound_span()).SerializeToString())


def test_what_the_resource_is_told_is_told() -> None:
    request = request_of(sound_span())
    request.resource_spans[0].resource.attributes[0].value.string_value = ""
    request.resource_spans.add().resource.attributes.add(key="service.name")
    sound = quick_check(Signal.TRACES, request.SerializeToString())
    assert sound is not None
    assert [it.kind for it in sound.cautions] == ["requests with an empty service.name"]
    assert agrees(Signal.TRACES, request.SerializeToString())


ODD: dict[str, Callable[[Span], object]] = {
    "no trace id": lambda span: span.ClearField("trace_id"),
    "a trace id of zeros": lambda span: setattr(span, "trace_id", bytes(16)),
    "a short span id": lambda span: setattr(span, "span_id", b"short"),
    "no span id": lambda span: span.ClearField("span_id"),
    "no end": lambda span: span.ClearField("end_time_unix_nano"),
    "an end before the start": lambda span: setattr(span, "end_time_unix_nano", NOW - 1),
    "an end beyond all columns": lambda span: setattr(span, "end_time_unix_nano", 2**63),
    "times in seconds": lambda span: setattr(span, "start_time_unix_nano", NOW // 10**9),
    "a key twice": lambda span: span.attributes.append(KeyValue(key="http.route")),
    "an empty key twice": lambda span: span.attributes.extend([KeyValue(), KeyValue()]),
}


@pytest.mark.parametrize("what", ODD)
def test_what_its_sender_is_told_of_is_left_to_the_parser(what: str) -> None:
    span = sound_span()
    ODD[what](span)
    body = request_of(span).SerializeToString()
    assert quick_check(Signal.TRACES, body) is None
    assert decode_request(Signal.TRACES, body, "protobuf").cautions


def test_times_in_seconds_of_logs_and_data_points_are_left_to_the_parser() -> None:
    logs = ExportLogsServiceRequest()
    record = logs.resource_logs.add().scope_logs.add().log_records.add(body={"string_value": "x"})
    assert agrees(Signal.LOGS, logs.SerializeToString())
    record.time_unix_nano = NOW // 10**9
    assert quick_check(Signal.LOGS, logs.SerializeToString()) is None
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    point = metric.gauge.data_points.add(as_int=1, time_unix_nano=NOW)
    assert agrees(Signal.METRICS, metrics.SerializeToString())
    point.time_unix_nano = NOW // 10**6
    assert quick_check(Signal.METRICS, metrics.SerializeToString()) is None


@pytest.mark.parametrize(
    "text", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
)
@pytest.mark.parametrize("before", [b"", b"more than eight bytes"])
def test_text_that_is_no_utf8_is_left_to_the_parser(text: bytes, before: bytes) -> None:
    span = sound_span()
    span.name = "?" * len(before + text)
    body = request_of(span).SerializeToString().replace(span.name.encode(), before + text)
    assert quick_check(Signal.TRACES, body) is None
    assert parsed(Signal.TRACES, body) is None


@given(st.text())
def test_every_text_is_one(text: str) -> None:
    span = sound_span()
    span.name = text
    assert agrees(Signal.TRACES, request_of(span).SerializeToString())


def test_values_may_nest_as_deep_as_real_ones_and_no_deeper() -> None:
    for levels, is_quick in ((20, True), (45, False), (200, False)):
        span = sound_span()
        body = b""
        for _ in range(levels):
            content = b"\x0a" + varint(len(body)) + body
            body = b"\x2a" + varint(len(content)) + content
        deep = b"\x0a\x01k\x12" + varint(len(body)) + body
        whole = request_of(span).SerializeToString()
        group = b"\x0a" + varint(len(deep)) + deep  # a resource's attribute
        resource = b"\x0a" + varint(len(group)) + group
        request = whole + b"\x0a" + varint(len(resource)) + resource
        assert agrees(Signal.TRACES, request) is is_quick


def test_what_is_too_dense_is_left_to_the_parser() -> None:
    empty = b"\x12\x00" * UNSUSPECTED_BYTES  # spans of a scope
    scope = b"\x12" + varint(len(empty)) + empty
    body = b"\x0a" + varint(len(scope)) + scope
    assert quick_check(Signal.TRACES, body) is None
    assert parsed(Signal.TRACES, body) is None
    many = b"\x0a\x00" * UNSUSPECTED_BYTES
    began_s = time.process_time()
    assert quick_check(Signal.TRACES, many) is None
    assert time.process_time() - began_s < 1
    assert parsed(Signal.TRACES, many) is None


def test_without_a_library_all_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "library", lambda: None)
    body = request_of(sound_span()).SerializeToString()
    assert quick_check(Signal.TRACES, body) is None
    assert decode_request(Signal.TRACES, body, "protobuf") == parse_request(Signal.TRACES, body)


@given(st.lists(spans(), max_size=3), st.randoms(use_true_random=False))
def test_random_spans_in_pieces_are_what_the_parser_says(
    some: list[Span], chance: random.Random
) -> None:
    request = request_of(*some)
    agrees(Signal.TRACES, request.SerializeToString())
    agrees(Signal.TRACES, split(request, chance))


@given(st.sampled_from(Signal), st.integers(0, 5), st.randoms(use_true_random=False))
def test_spoilt_bytes_are_what_the_parser_says(
    signal: Signal, seed: int, chance: random.Random
) -> None:
    body = bytearray(generated(signal, chance.choice([1, 3]), seed))
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(body))
        end = min(len(body), at + chance.randrange(1, 12))
        change = chance.randrange(4)
        if change == 0:
            body[at] = chance.randrange(256)
        elif change == 1:
            body[at] ^= 1 << chance.randrange(8)
        elif change == 2:
            del body[at:end]
        else:
            body[at:at] = body[at:end]
        if not body:
            return
    agrees(signal, bytes(body))


@given(st.sampled_from(Signal), st.binary(max_size=40))
def test_any_bytes_are_what_the_parser_says(signal: Signal, body: bytes) -> None:
    agrees(signal, body)


def test_messages_have_room_in_the_table() -> None:
    for signal in Signal:
        plan = quick._plan_of(signal)
        assert len(plan.table) <= 64 * 32 * 8
        assert plan.records and plan.groups
