"""What a sender does wrong in all that it sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.otlp.sender_habits import elsewhere_cautions, habit_cautions
from otx.otlp.wire import WIRE, Generated

NOW_S = 1_790_000_000
INDEXED = AnyValue(string_value_strindex=7)


def request_of(signal: Signal, time: int = NOW_S * 10**9, resource: str = "a b") -> Generated:
    """A request with one record, of a resource with some keys (spaces between)."""
    request: Generated = WIRE[signal].request_class()
    group = getattr(request, WIRE[signal].resources_field).add()
    for key in resource.split():
        group.resource.attributes.add(key=key)
    scope = getattr(group, WIRE[signal].scopes_field).add()
    if signal is Signal.TRACES:
        scope.spans.add(start_time_unix_nano=time)
    elif signal is Signal.LOGS:
        scope.log_records.add(time_unix_nano=time)
    else:
        scope.metrics.add().gauge.data_points.add(time_unix_nano=time)
    return request


def first_record(signal: Signal, request: Generated) -> Generated:
    """Its one record."""
    if signal is Signal.TRACES:
        return request.resource_spans[0].scope_spans[0].spans[0]
    if signal is Signal.LOGS:
        return request.resource_logs[0].scope_logs[0].log_records[0]
    return request.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points[0]


def told(signal: Signal, request: Generated) -> list[str]:
    return [caution.text for caution in habit_cautions(signal, request)]


WITH_RECORDS = [Signal.TRACES, Signal.METRICS, Signal.LOGS]


@pytest.mark.parametrize("signal", WITH_RECORDS)
@pytest.mark.parametrize(
    ("time", "unit"),
    [
        (NOW_S, "seconds"),
        (NOW_S * 10**3, "milliseconds"),
        (NOW_S * 10**6, "microseconds"),
        (NOW_S * 10**9, ""),
        (0, ""),
        (5, ""),
        (10**9, ""),
        (10**18, ""),
        (2**64 - 1, ""),
    ],
)
def test_times_in_another_unit_are_named(signal: Signal, time: int, unit: str) -> None:
    expected = [f"times are {unit}, as in {time}: OTLP wants nanoseconds"] if unit else []
    assert told(signal, request_of(signal, time)) == expected


@pytest.mark.parametrize("signal", WITH_RECORDS)
@pytest.mark.parametrize("is_key", [True, False])
def test_string_indices_outside_of_profiles_are_named(signal: Signal, is_key: bool) -> None:
    index = KeyValue(key_strindex=7) if is_key else KeyValue(key="k", value=INDEXED)
    of_resource, of_record = request_of(signal), request_of(signal)
    getattr(of_resource, WIRE[signal].resources_field)[0].resource.attributes.append(index)
    first_record(signal, of_record).attributes.append(index)
    for request in (of_resource, of_record):
        (text,) = told(signal, request)
        assert text.startswith("the string index 7 leads nowhere: only profiles have")
        body = request.SerializeToString()
        assert text in [one.text for one in decode_request(signal, body, "protobuf").cautions]


@given(st.integers(0, 2**64 - 1))
def test_a_time_is_of_one_unit_at_most(time: int) -> None:
    assert len(told(Signal.LOGS, request_of(Signal.LOGS, time))) <= 1


@pytest.mark.parametrize("signal", WITH_RECORDS)
def test_keys_that_are_there_twice_are_named(signal: Signal) -> None:
    expected = ["the resource has the attribute key 'host' twice: readers take either"]
    for _ in range(2):  # the second is remembered
        assert told(signal, request_of(signal, resource="host host b")) == expected
    large = " ".join(map(str, range(5_000)))
    assert told(signal, request_of(signal, resource=f"host host {large}")) == expected


def test_an_empty_service_name_is_named_and_none_is_not() -> None:
    request = request_of(Signal.TRACES, resource="service.name")
    attributes = request.resource_spans[0].resource.attributes
    assert told(Signal.TRACES, request) == []
    attributes[0].value.string_value = ""
    assert told(Signal.TRACES, request)[0].startswith("service.name is empty")
    attributes[0].value.string_value = "shop"
    assert told(Signal.TRACES, request) == []


@pytest.mark.parametrize("signal", list(Signal))
def test_a_request_of_nothing_has_no_habits(signal: Signal) -> None:
    request: Generated = WIRE[signal].request_class()
    assert told(signal, request) == []
    group = getattr(request, WIRE[signal].resources_field).add()
    assert told(signal, request) == []
    getattr(group, WIRE[signal].scopes_field).add()
    assert told(signal, request) == []


@pytest.mark.parametrize("name", ["resourceSpans", "resource_spans"])
def test_what_is_sent_to_another_path_is_told(name: str) -> None:
    document: dict[str, object] = {name: [{}], "resourceLogs": []}
    (caution,) = elsewhere_cautions(Signal.LOGS, document)
    assert caution.text.startswith(f"the body holds {name}, which is not read at /v1/logs: send")
    assert caution.text.endswith("/v1/traces")
    assert elsewhere_cautions(Signal.TRACES, {name: [{}]}) == []
    assert elsewhere_cautions(Signal.LOGS, []) == []
