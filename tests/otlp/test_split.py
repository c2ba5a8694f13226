"""Parts of a request: none too large, and together the request."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.otlp.split import Part, split_request
from otx.otlp.wire import WIRE, count_records
from tests.otlp import split_messages
from tests.otlp.messages import spans
from tests.otlp.profile_messages import PROFILE_REQUESTS
from tests.otlp.test_metric_columns import METRIC_REQUESTS

LIMITS = st.integers(60, 600)


@st.composite
def trace_requests(draw: st.DrawFn) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for number in range(draw(st.integers(0, 3))):
        group = request.resource_spans.add(schema_url=f"r{number}")
        for _ in range(draw(st.integers(0, 2))):
            scope = group.scope_spans.add(schema_url=draw(st.text(max_size=3)))
            scope.scope.name = "s"
            scope.spans.extend(draw(st.lists(spans(), max_size=4)))
    return request


def parsed(signal: Signal, body: bytes) -> Any:
    return WIRE[signal].request_class.FromString(body)


def records_of(message: Any) -> Iterator[bytes]:
    """Every record behind all that surrounds it."""
    for resource in _list(message, 1):
        for scope in _list(resource, 2):
            around = [resource.resource, resource.schema_url, scope.scope, scope.schema_url]
            for record in _list(scope, 2):
                yield from _points_of(around, record)


def _list(message: Any, number: int) -> Any:
    return getattr(message, message.DESCRIPTOR.fields_by_number[number].name)


def _points_of(around: list[Any], record: Any) -> Iterator[bytes]:
    kind = record.WhichOneof("data") if record.DESCRIPTOR.name == "Metric" else None
    if kind is None:
        yield repr([*map(str, around), record.SerializeToString(deterministic=True)]).encode()
        return
    for point in getattr(record, kind).data_points:
        alone = type(record)()
        alone.CopyFrom(record)
        data = getattr(alone, kind)
        del data.data_points[:]
        data.data_points.append(point)
        yield repr([*map(str, around), alone.SerializeToString(deterministic=True)]).encode()


def check(signal: Signal, body: bytes, limit: int) -> list[Part]:
    parts = list(split_request(signal, body, limit))
    whole = parsed(signal, body)
    assert sum(part.records for part in parts) == count_records(signal, whole)
    bodies = [part.body for part in parts if part.body is not None]
    assert all(len(one) <= limit for one in bodies)
    assert all(part.size == len(part.body) for part in parts if part.body is not None)
    assert all(part.size > limit for part in parts if part.body is None)
    for part in parts:
        if part.body is not None:
            assert part.records == count_records(signal, parsed(signal, part.body))
    found = [one for part in bodies for one in records_of(parsed(signal, part))]
    expected = list(records_of(whole))
    if len(bodies) == len(parts):
        assert found == expected
    else:
        assert set(found) <= set(expected)
    return parts


@given(trace_requests(), LIMITS)
@settings(max_examples=40)
def test_spans(request: ExportTraceServiceRequest, limit: int) -> None:
    check(Signal.TRACES, request.SerializeToString(), limit)


@given(METRIC_REQUESTS, LIMITS, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_data_points_of_metrics_that_came_in_pieces(
    request: Any, limit: int, chance: random.Random
) -> None:
    check(Signal.METRICS, request.SerializeToString(), limit)
    check(Signal.METRICS, split_messages.split(request, chance), limit)


@given(PROFILE_REQUESTS, st.integers(200, 3000))
@settings(max_examples=40)
def test_profiles_with_their_dictionary(request: Any, limit: int) -> None:
    for part in check(Signal.PROFILES, request.SerializeToString(), limit):
        if part.body is not None and request.HasField("dictionary"):
            assert parsed(Signal.PROFILES, part.body).dictionary == request.dictionary


@given(trace_requests())
@settings(max_examples=20)
def test_what_is_small_enough_is_the_very_bytes(request: ExportTraceServiceRequest) -> None:
    body = request.SerializeToString()
    records = count_records(Signal.TRACES, request)
    assert list(split_request(Signal.TRACES, body, len(body))) == [Part(body, records, len(body))]


def test_what_is_not_known_stays() -> None:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for number in range(20):
        scope.log_records.add(severity_number=1).body.string_value = f"{number:020}"
    unknown = b"\xa2\x06\x03abc" + b"\xab\x06\x08\x01\xac\x06"  # a field, and a group
    body = request.SerializeToString() + unknown
    parts = list(split_request(Signal.LOGS, body, 200))
    assert len(parts) > 2
    assert all(part.body is not None and part.body.startswith(unknown) for part in parts)


def test_one_record_that_is_too_large_is_told_and_the_others_go() -> None:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for size in (10, 5000, 20):
        scope.log_records.add().body.string_value = "x" * size
    parts = list(split_request(Signal.LOGS, request.SerializeToString(), 1000))
    assert sorted((part.body is None, part.records) for part in parts) == [(False, 2), (True, 1)]
    (told,) = (part for part in parts if part.body is None)
    assert 5000 < told.size < 5100


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\x05\x12", b"\xff" * 12, b"\x0b", b"\x0c\x00"])
def test_what_is_no_protobuf_is_said(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|number is longer|group"):
        list(split_request(Signal.TRACES, body, 0))
