"""What is understood of a request, and what is refused with which words."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

from otx.model.signal import Signal
from otx.otlp.any_value import varint
from otx.otlp.decode import MAX_GROUPS, Encoding, decode_request, encoding_of
from otx.otlp.refusal import Reason, Refusal


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/x-protobuf", "protobuf"),
        ("application/json", "json"),
        ("Application/JSON; charset=utf-8", "json"),
        (" application/x-protobuf ;a=b", "protobuf"),
    ],
)
def test_a_content_type_names_an_encoding(content_type: str, encoding: str) -> None:
    assert encoding_of(content_type) == encoding


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/grpc", "json"])
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(Refusal) as caught:
        encoding_of(content_type)
    assert caught.value.reason is Reason.UNSUPPORTED_TYPE


def test_protobuf_passes_untouched_with_fields_nobody_knows(three_spans: bytes) -> None:
    unknown = three_spans + b"\xba\x3e\x02hi"  # field 999
    request = decode_request(Signal.TRACES, unknown, "protobuf")
    assert request.body is unknown
    assert request.records == 3


@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize(("encoding", "body"), [("protobuf", b""), ("json", b"{}")])
def test_an_empty_request_is_a_request(signal: Signal, encoding: Encoding, body: bytes) -> None:
    request = decode_request(signal, body, encoding)
    assert (request.records, request.body, request.cautions) == (0, b"", ())


def test_two_requests_glued_together_are_one(three_spans: bytes) -> None:
    assert decode_request(Signal.TRACES, three_spans * 2, "protobuf").records == 6


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\x0a\xff", "no protobuf ExportTraceServiceRequest"),
        (b'{"resourceSpans":[]}', "looks like JSON"),
        (b"\x1f\x8b\x08\x00", "looks like gzip"),
        # A span's name that is no UTF-8.
        (
            b"\x0a\x07\x12\x05\x12\x03\x2a\x01\xff",
            r"no protobuf .*: resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.name is no UTF-8",
        ),
    ],
)
def test_bytes_that_are_no_message_are_refused(body: bytes, said: str) -> None:
    with pytest.raises(Refusal, match=said) as caught:
        decode_request(Signal.TRACES, body, "protobuf")
    assert caught.value.reason is Reason.UNDECODABLE


@given(st.binary(max_size=200), st.sampled_from(list(Signal)))
def test_any_bytes_are_understood_or_refused(body: bytes, signal: Signal) -> None:
    for encoding in ("protobuf", "json"):
        try:
            decode_request(signal, body, "json" if encoding == "json" else "protobuf")
        except Refusal as refusal:
            assert refusal.reason is Reason.UNDECODABLE


def test_data_points_log_records_and_samples_are_counted() -> None:
    metrics = ExportMetricsServiceRequest()
    added = metrics.resource_metrics.add().scope_metrics.add().metrics
    added.add().gauge.data_points.add()
    added.add().sum.data_points.extend([added[0].gauge.data_points[0]] * 2)
    added.add().histogram.data_points.add()
    added.add().summary.data_points.add()
    added.add().exponential_histogram.data_points.add()
    added.add(name="empty")
    assert decode_request(Signal.METRICS, metrics.SerializeToString(), "protobuf").records == 6
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add()
    assert decode_request(Signal.LOGS, logs.SerializeToString(), "protobuf").records == 1
    profiles = ExportProfilesServiceRequest()
    profile = profiles.resource_profiles.add().scope_profiles.add().profiles.add()
    profile.samples.add()
    profile.samples.add()
    assert decode_request(Signal.PROFILES, profiles.SerializeToString(), "protobuf").records == 2


def test_warnings_are_gathered_and_counted() -> None:
    span = {"traceId": "01" * 16, "spanId": "02" * 8, "kind": "SPAN_KIND_SERVER"}
    span |= {"startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span] * 3}]}]}
    request = decode_request(Signal.TRACES, orjson.dumps(document), "json")
    assert request.records == 3
    assert [caution.text for caution in request.cautions] == [
        "'kind' is sent as the name 'SPAN_KIND_SERVER': OTLP/JSON wants a number (3 times)",
    ]


@pytest.mark.parametrize("signal", [Signal.TRACES, Signal.METRICS, Signal.LOGS])
def test_more_resources_and_scopes_than_can_be_looked_at_are_refused(signal: Signal) -> None:
    resource_of_one_scope = b"\x0a\x02\x12\x00"
    most = resource_of_one_scope * (MAX_GROUPS // 2)
    assert decode_request(signal, most, "protobuf").records == 0
    with pytest.raises(Refusal, match=r"more than 65 536 resource_.* and scope_") as caught:
        decode_request(signal, most + b"\x0a\x00", "protobuf")
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("signal", "noun"), [(Signal.TRACES, "spans"), (Signal.LOGS, "log records")]
)
def test_records_that_say_nothing_are_refused_where_they_are_many(
    signal: Signal, noun: str
) -> None:
    def empty(records: int) -> bytes:
        scope = b"\x12" + varint(2 * records) + b"\x12\x00" * records
        return b"\x0a" + varint(len(scope)) + scope

    assert decode_request(signal, empty(1_000), "protobuf").records == 1_000
    with pytest.raises(Refusal, match=f"10 000 {noun} in 20 008 bytes: most are empty") as caught:
        decode_request(signal, empty(10_000), "protobuf")
    assert caught.value.reason is Reason.TOO_LARGE
