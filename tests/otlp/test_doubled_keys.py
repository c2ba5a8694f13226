"""Records that have an attribute key twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.otlp.doubled_keys import MAX_KEYS, MAX_LOOKED_AT, doubled_key_cautions
from otx.otlp.wire import WIRE, Generated, count_records, records_by_scope


def request_of(signal: Signal, *records: str) -> Generated:
    """Of each record the keys of its attributes, spaces between."""
    request: Generated = WIRE[signal].request_class()
    group = getattr(request, WIRE[signal].resources_field).add()
    scope = getattr(group, WIRE[signal].scopes_field).add()
    for keys in records:
        if signal is Signal.TRACES:
            holder = scope.spans.add(span_id=b"\x4b" * 8, name="GET /")
        elif signal is Signal.LOGS:
            holder = scope.log_records.add(time_unix_nano=7)
        else:
            holder = scope.metrics.add(name="size").histogram.data_points.add()
        for key in keys.split():
            holder.attributes.add(key=key)
    return request


def told(signal: Signal, request: Generated) -> list[str]:
    groups = records_by_scope(signal, request)
    cautions = doubled_key_cautions(signal, groups, count_records(signal, request))
    return [caution.text for caution in cautions]


@pytest.mark.parametrize(
    ("signal", "noun", "first"),
    [
        (Signal.TRACES, "spans", "span 4b4b4b4b4b4b4b4b 'GET /'"),
        (Signal.LOGS, "log records", "the log record at 7"),
        (Signal.METRICS, "data points", "metric 'size'"),
    ],
)
def test_the_first_is_named_with_its_key(signal: Signal, noun: str, first: str) -> None:
    assert told(signal, request_of(signal, "a b", "b c c", "", "a a")) == [
        f"2 of 4 {noun} have an attribute key twice (first: 'c' of {first}): readers take either"
    ]
    assert told(signal, request_of(signal, "a b", "c", "")) == []


def test_a_log_record_is_known_by_its_text() -> None:
    request = request_of(Signal.LOGS, "a a")
    record = request.resource_logs[0].scope_logs[0].log_records[0]
    record.body.string_value = "order failed" + "!" * 100
    assert "log record 'order failed" in told(Signal.LOGS, request)[0]
    assert "…'" in told(Signal.LOGS, request)[0]


def test_of_a_metric_the_first_data_point_is_looked_at() -> None:
    request = request_of(Signal.METRICS, "a a", "b")
    metrics = request.resource_metrics[0].scope_metrics[0].metrics
    metrics.add()
    metrics.add().gauge.SetInParent()
    metrics[1].histogram.data_points.add()
    text = told(Signal.METRICS, request)[0]
    assert text.startswith("1 of 3 data points have an attribute key twice")


@given(st.integers(0, 300))
def test_a_sender_that_always_does_it_is_always_told(spans: int) -> None:
    texts = told(Signal.TRACES, request_of(Signal.TRACES, *["k k"] * spans))
    assert len(texts) == (spans > 0)
    if spans > MAX_LOOKED_AT:
        assert f"spans looked at, of {spans}, have" in texts[0]


@pytest.mark.parametrize("signal", list(Signal))
def test_it_is_told_with_the_request(signal: Signal) -> None:
    is_looked_at = signal is not Signal.PROFILES
    request = request_of(signal, "a a") if is_looked_at else WIRE[signal].request_class()
    cautions = decode_request(signal, request.SerializeToString(), "protobuf").cautions
    assert any("key twice" in caution.kind for caution in cautions) == is_looked_at


def test_of_countless_attributes_the_first_are_looked_at() -> None:
    keys = " ".join(map(str, range(MAX_KEYS)))
    assert told(Signal.TRACES, request_of(Signal.TRACES, f"{keys} 0")) == []
    assert "first: '0' of span" in told(Signal.TRACES, request_of(Signal.TRACES, f"0 {keys}"))[0]
