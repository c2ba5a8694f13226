"""Text that is no UTF-8 is made valid; everything else keeps its bytes."""

from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from hypothesis import given
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otx.model.signal import Signal
from otx.otlp.any_value import encode_any, encode_key_value, varint
from otx.otlp.open_view import open_class
from otx.otlp.valid_text import first_invalid, make_valid, valid_value
from tests.otlp.messages import any_values

BROKEN = "caf\udcc3"
"""`café` cut in the middle of its last character."""
MENDED = "caf\N{REPLACEMENT CHARACTER}"
OFFICIAL: Descriptor = ExportTraceServiceRequest.DESCRIPTOR


@given(any_values())
def test_what_is_valid_keeps_its_bytes(value: AnyValue) -> None:
    data = value.SerializeToString()
    assert valid_value(data, "AnyValue") == data


@pytest.mark.parametrize("value", [BROKEN, [BROKEN, 1], {BROKEN: {"k": BROKEN}}, [[{"k": BROKEN}]]])
def test_texts_are_mended_however_deep_they_lie(value: Any) -> None:
    made = AnyValue.FromString(valid_value(encode_any(value), "AnyValue"))
    assert str(made).encode().decode("unicode_escape")  # it parses and prints
    assert made.SerializeToString() == encode_any(mended(value))


def mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(BROKEN, MENDED)
    if isinstance(value, list):
        return [mended(one) for one in value]
    if isinstance(value, dict):
        return {mended(key): mended(one) for key, one in value.items()}
    return value


def test_numbers_and_unknown_fields_stay() -> None:
    unknown = b"\xa2\x06\x03\xff\xfe\xfd"  # field 100, bytes
    data = encode_key_value(BROKEN, 2.5) + unknown
    assert valid_value(data, "KeyValue") == encode_key_value(MENDED, 2.5) + unknown
    assert KeyValue.FromString(valid_value(data, "KeyValue")).value.double_value == 2.5


def test_a_request_is_mended_wherever_texts_are() -> None:
    request: Any = open_class(Signal.TRACES)()
    group = request.resource_spans.add(schema_url=b"\xc3")
    group.resource.attributes.append(encode_key_value("service.name", BROKEN))
    scope = group.scope_spans.add()
    scope.scope.name = b"ok\xff"
    span = scope.spans.add(name=b"\xe2\x82", trace_id=b"\xff" * 16, kind=2)
    span.events.add(name=b"fine").attributes.append(encode_key_value("k", [BROKEN]))
    make_valid(request, OFFICIAL)
    made = ExportTraceServiceRequest.FromString(request.SerializeToString())
    (resource,) = made.resource_spans
    assert resource.schema_url == "\N{REPLACEMENT CHARACTER}"
    assert resource.resource.attributes[0].value.string_value == MENDED
    (found,) = resource.scope_spans
    assert found.scope.name == "ok\N{REPLACEMENT CHARACTER}"
    assert found.spans[0].name == "\N{REPLACEMENT CHARACTER}"
    assert found.spans[0].trace_id == b"\xff" * 16
    event = found.spans[0].events[0]
    assert (event.name, event.attributes[0].value.array_value.values[0].string_value) == (
        "fine",
        MENDED,
    )


def test_what_is_nested_without_end_is_refused() -> None:
    data = b""
    for _ in range(500):
        inner = b"\x0a" + varint(len(data)) + data
        data = b"\x2a" + varint(len(inner)) + inner
    with pytest.raises(ValueError, match="nested deeper"):
        valid_value(data, "AnyValue")


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x85", b"\x0a\x05ab", b"\x0c"])
def test_what_is_malformed_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|never began"):
        valid_value(data, "AnyValue")


def test_the_first_text_that_is_no_utf8_is_named() -> None:
    request: Any = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.add(name="é")
    event = spans.add(name="b").events.add(name="c")
    event.attributes.add(key="k").value.array_value.values.add(string_value="TEXT")
    body = request.SerializeToString()
    descriptor: Any = ExportTraceServiceRequest.DESCRIPTOR
    assert first_invalid(body, descriptor) == ""
    assert first_invalid(body.replace(b"TEXT", b"\xff\xfe\xfd\xfc"), descriptor) == (
        "resourceSpans[0].scopeSpans[0].spans[1].events[0].attributes[0]"
        ".value.arrayValue.values[0].stringValue"
    )
