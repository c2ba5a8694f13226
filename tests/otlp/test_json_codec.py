"""OTLP/JSON is not protobuf's JSON: each difference, and that nothing is lost on the way."""

import json
import math
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.otlp.json_codec import MAX_DEPTH, InvalidJson, read_message, write_message
from tests.otlp.messages import I64, TEXT, spans

KEYS = [
    "resourceSpans",
    "scopeSpans",
    "spans",
    "attributes",
    "value",
    "key",
    "stringValue",
    "intValue",
    "arrayValue",
    "values",
    "traceId",
    "kind",
    "x",
]


@given(st.lists(spans(), max_size=3))
def test_what_is_written_is_read_back(many: list[Span]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(many)
    text = orjson.dumps(write_message(request))
    warnings: Counter[str] = Counter()
    back = ExportTraceServiceRequest()
    read_message(back, orjson.loads(text), warnings)
    # Deterministic bytes, because no NaN equals itself.
    assert back.SerializeToString(deterministic=True) == request.SerializeToString(
        deterministic=True
    )
    assert not warnings


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), I64, st.floats(), TEXT),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(KEYS),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=20,
    )
)
def test_any_json_is_read_or_refused_by_name(document: Any) -> None:
    try:
        read_message(ExportTraceServiceRequest(), document, Counter())
    except InvalidJson as error:
        assert ": " in str(error)


def read_span(document: dict[str, Any], warnings: Counter[str] | None = None) -> Span:
    span = Span()
    read_message(span, document, Counter() if warnings is None else warnings)
    return span


def test_ids_are_hex_of_either_case_and_other_bytes_are_base64() -> None:
    span = read_span(
        {
            "traceId": "5B8EFFF798038103D269B633813FC60C",
            "spanId": "eee19b7ec3c1b174",
            "parentSpanId": "",
            "attributes": [{"key": "raw", "value": {"bytesValue": "AQI"}}],
        }
    )
    assert span.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert span.span_id.hex() == "eee19b7ec3c1b174"
    assert span.parent_span_id == b""
    assert span.attributes[0].value.bytes_value == b"\x01\x02"
    assert write_message(span)["traceId"] == "5b8efff798038103d269b633813fc60c"
    assert write_message(span)["attributes"][0]["value"]["bytesValue"] == "AQI="


@pytest.mark.parametrize("number", ["1544712660300000000", 1544712660300000000])
def test_64_bit_integers_come_as_text_or_number_and_are_written_as_text(number: object) -> None:
    span = read_span({"startTimeUnixNano": number})
    assert span.start_time_unix_nano == 1544712660300000000
    assert write_message(span) == {"startTimeUnixNano": "1544712660300000000"}


def test_enums_are_numbers_and_a_name_is_taken_with_a_warning() -> None:
    warnings: Counter[str] = Counter()
    assert read_span({"kind": 2}, warnings).kind == Span.SPAN_KIND_SERVER
    assert not warnings
    assert read_span({"kind": "SPAN_KIND_SERVER"}, warnings).kind == Span.SPAN_KIND_SERVER
    assert write_message(read_span({"kind": 2})) == {"kind": 2}
    assert list(warnings) == [
        "'kind' is sent as the name 'SPAN_KIND_SERVER': OTLP/JSON wants a number"
    ]
    assert read_span({"kind": 17}).kind == 17


def test_unknown_keys_are_ignored_and_snake_case_is_named() -> None:
    warnings: Counter[str] = Counter()
    span = read_span({"name": "a", "whatever": {"deep": [1]}, "dropped_links_count": 3}, warnings)
    assert write_message(span) == {"name": "a"}
    assert list(warnings) == [
        "'dropped_links_count' is ignored: OTLP/JSON calls it 'droppedLinksCount'"
    ]


def test_null_is_absent() -> None:
    assert write_message(read_span({"name": None, "attributes": None, "status": None})) == {}


def test_doubles_may_be_words() -> None:
    point = NumberDataPoint()
    read_message(point, {"asDouble": "-Infinity"}, Counter())
    assert point.as_double == -math.inf
    assert write_message(point) == {"asDouble": "-Infinity"}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_may_be_numbers_in_quotes(number: float) -> None:
    point = NumberDataPoint()
    read_message(point, {"asDouble": json.dumps(number)}, Counter())
    assert (point.as_double, math.copysign(1, point.as_double)) == (
        number,
        math.copysign(1, number),
    )


@pytest.mark.parametrize(
    "text", ["1_0", " 1", "1 ", "nan", "inf", "infinity", "+1", "0x1", ".5", "5.", "٣", "1e999", ""]
)
def test_what_only_python_takes_for_a_double_is_none(text: str) -> None:
    with pytest.raises(InvalidJson, match="is no number that a double can hold"):
        read_message(NumberDataPoint(), {"asDouble": text}, Counter())


def test_a_zero_in_a_oneof_stays() -> None:
    value = AnyValue()
    read_message(value, {"intValue": "0"}, Counter())
    assert value.WhichOneof("value") == "int_value"
    assert write_message(value) == {"intValue": "0"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the document: an object is wanted, not an array"),
        ({"name": 3}, "name: a string is wanted, not a number"),
        ({"traceId": "abc"}, "traceId: 'abc' is no even number of hex digits"),
        ({"traceId": "zz"}, "traceId: 'zz' is no even number of hex digits"),
        (
            {"spanId": "AAAAAAAAAAE="},
            "spanId: 'AAAAAAAAAAE=' is no even number of hex digits: it looks like base64, "
            "which OTLP/JSON has no ids in",
        ),
        ({"flags": -1}, "flags: '-1' is no unsigned 32-bit integer"),
        ({"flags": 1 << 32}, "flags: '4294967296' is no unsigned 32-bit integer"),
        ({"startTimeUnixNano": "1_0"}, "startTimeUnixNano: '1_0' is no unsigned 64-bit integer"),
        ({"startTimeUnixNano": True}, "startTimeUnixNano: an integer is wanted, not a boolean"),
        ({"startTimeUnixNano": 1.5}, "startTimeUnixNano: an integer is wanted, not a number"),
        ({"kind": "SERVER"}, "kind: 'SERVER' is no 32-bit integer"),
        ({"attributes": {}}, "attributes: an array is wanted, not an object"),
        (
            {"attributes": [{"key": "a"}, {"value": {"intValue": "x"}}]},
            "attributes[1].value.intValue: 'x' is no 64-bit integer",
        ),
        (
            {"attributes": [{"value": {"bytesValue": "*"}}]},
            "attributes[0].value.bytesValue: '*' is no base64",
        ),
        (
            {"attributes": [{"value": {"intValue": "1", "boolValue": True}}]},
            "attributes[0].value: 'intValue' and 'boolValue' exclude each other",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(document: Any, said: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        read_span(document)
    assert str(caught.value) == said


def test_values_nested_too_deep_for_a_protobuf_parser_are_refused() -> None:
    value: dict[str, Any] = {"intValue": "1"}
    for _ in range(MAX_DEPTH):
        value = {"arrayValue": {"values": [value]}}
    with pytest.raises(InvalidJson, match=r"nested too deep: .* 100 messages") as caught:
        read_message(AnyValue(), value, Counter())
    assert len(str(caught.value)) < 300


def test_the_deepest_value_that_is_read_can_be_parsed_again() -> None:
    value: dict[str, Any] = {"intValue": "1"}
    for _ in range((MAX_DEPTH - 2) // 2):
        value = {"arrayValue": {"values": [value]}}
    message = AnyValue()
    read_message(message, value, Counter())
    assert AnyValue.FromString(message.SerializeToString()) == message


def test_metrics_and_logs_are_read_by_the_same_rules() -> None:
    metrics = {
        "resourceMetrics": [
            {
                "scopeMetrics": [
                    {
                        "metrics": [
                            {
                                "name": "requests",
                                "sum": {
                                    "dataPoints": [{"asInt": "5", "timeUnixNano": "7"}],
                                    "aggregationTemporality": 2,
                                    "isMonotonic": True,
                                },
                            }
                        ]
                    }
                ]
            }
        ]
    }
    message = ExportMetricsServiceRequest()
    read_message(message, metrics, Counter())
    assert write_message(message) == metrics
    logs = {
        "resourceLogs": [
            {
                "scopeLogs": [
                    {
                        "logRecords": [
                            {
                                "timeUnixNano": "7",
                                "severityNumber": 9,
                                "body": {"stringValue": "hello"},
                                "traceId": "5b8efff798038103d269b633813fc60c",
                            }
                        ]
                    }
                ]
            }
        ]
    }
    records = ExportLogsServiceRequest()
    read_message(records, logs, Counter())
    assert write_message(records) == logs
