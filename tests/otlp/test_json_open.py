"""OTLP/JSON into the open view and back is what the official messages make of it."""

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.model.signal import Signal
from otx.otlp.any_value import encode_key_value
from otx.otlp.json_codec import InvalidJson, read_message, write_message
from otx.otlp.json_open import official_descriptor, read_open, write_open
from otx.otlp.open_view import open_class
from otx.otlp.wire import WIRE, Generated
from tests.otlp.messages import spans

TRACES = official_descriptor(Signal.TRACES)


def request_of(many: list[Span]) -> Generated:
    request: Generated = WIRE[Signal.TRACES].request_class()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "web"
    group.schema_url = "https://example.org/1"
    group.scope_spans.add().spans.extend(many)
    return request


@given(st.lists(spans(), max_size=3))
def test_reading_gives_the_bytes_that_the_official_messages_give(many: list[Span]) -> None:
    request = request_of(many)
    document = orjson.loads(orjson.dumps(write_message(request)))
    opened = open_class(Signal.TRACES)()
    warnings: Counter[str] = Counter()
    read_open(opened, document, TRACES, warnings)
    back = type(request).FromString(opened.SerializeToString())
    assert back.SerializeToString(deterministic=True) == request.SerializeToString(
        deterministic=True
    )
    assert not warnings
    assert orjson.dumps(write_open(opened, TRACES)) == orjson.dumps(document)


@given(st.lists(spans(), max_size=3))
def test_writing_gives_the_json_that_the_official_messages_give(many: list[Span]) -> None:
    request = request_of(many)
    opened = open_class(Signal.TRACES).FromString(request.SerializeToString())
    written = write_open(opened, TRACES)
    assert orjson.dumps(written) == orjson.dumps(write_message(request))


@pytest.mark.parametrize(
    "span",
    [
        [],
        {"name": 3},
        {"traceId": "abc"},
        {"flags": -1},
        {"startTimeUnixNano": "1_0"},
        {"kind": "SERVER"},
        {"attributes": {}},
        {"attributes": [{"key": "a"}, {"value": {"intValue": "x"}}]},
        {"attributes": [{"key": "a", "value": {"intValue": "9223372036854775808"}}]},
        {"attributes": [{"key": "a", "value": {"intValue": True}}]},
        {"attributes": [{"key": "a", "value": {"boolValue": 1}}]},
        {"attributes": [{"key": 1, "value": {"stringValue": "x"}}]},
        {"attributes": [{"value": {"bytesValue": "*"}}]},
        {"attributes": [{"value": {"intValue": "1", "boolValue": True}}]},
        {"events": [{}, {"name": []}]},
        {"links": 1},
        {"status": 1},
    ],
)
def test_what_the_official_messages_refuse_is_refused_in_the_same_words(span: Any) -> None:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    with pytest.raises(InvalidJson) as official:
        read_message(WIRE[Signal.TRACES].request_class(), document, Counter())
    with pytest.raises(InvalidJson) as opened:
        read_open(open_class(Signal.TRACES)(), document, TRACES, Counter())
    assert str(opened.value) == str(official.value)


@pytest.mark.parametrize(
    "span",
    [
        {"dropped_attributes_count": 3},
        {"kind": "SPAN_KIND_SERVER"},
        {"name": None, "unknown": 1},
        {"attributes": [{"key": "a", "value": {"intValue": 7}}, {"key": "b", "value": None}]},
        {"attributes": [{"key": "a", "value": {"stringValue": "x"}, "more": 1}]},
    ],
)
def test_what_is_lenient_there_is_lenient_here(span: Any) -> None:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    official, opened = WIRE[Signal.TRACES].request_class(), open_class(Signal.TRACES)()
    said: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    read_message(official, document, said[0])
    read_open(opened, document, TRACES, said[1])
    assert opened.SerializeToString() == official.SerializeToString()
    assert +said[0] == +said[1]


@pytest.mark.parametrize(
    ("signal", "document"),
    [
        (
            Signal.METRICS,
            {
                "resourceMetrics": [
                    {
                        "scopeMetrics": [
                            {
                                "metrics": [
                                    {
                                        "name": "m",
                                        "metadata": [{"key": "k", "value": {"doubleValue": 0.5}}],
                                        "histogram": {
                                            "dataPoints": [
                                                {
                                                    "count": "3",
                                                    "sum": 1.5,
                                                    "bucketCounts": ["1", "2"],
                                                    "explicitBounds": [0.5],
                                                }
                                            ],
                                            "aggregationTemporality": 2,
                                        },
                                    }
                                ]
                            }
                        ]
                    }
                ]
            },
        ),
        (
            Signal.LOGS,
            {
                "resourceLogs": [
                    {
                        "scopeLogs": [
                            {
                                "logRecords": [
                                    {
                                        "timeUnixNano": "5",
                                        "body": {"arrayValue": {"values": [{"intValue": "1"}]}},
                                        "traceId": "0af7651916cd43dd8448eb211c80319c",
                                    }
                                ]
                            }
                        ]
                    }
                ]
            },
        ),
    ],
)
def test_metrics_and_logs_come_and_go_by_the_same_rules(
    signal: Signal, document: dict[str, Any]
) -> None:
    opened = open_class(signal)()
    read_open(opened, document, official_descriptor(signal), Counter())
    assert write_open(opened, official_descriptor(signal)) == document


def test_text_that_is_no_utf8_is_written_as_valid_text() -> None:
    opened: Any = open_class(Signal.TRACES)()
    span = opened.resource_spans.add().scope_spans.add().spans.add()
    span.name = b"a\xff"
    span.attributes.append(encode_key_value("k", ["b\udcff"]))
    written = write_open(opened, TRACES)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert written["name"] == "a\ufffd"
    values = written["attributes"][0]["value"]["arrayValue"]["values"]
    assert values == [{"stringValue": "b\ufffd"}]
