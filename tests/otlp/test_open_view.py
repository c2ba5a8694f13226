"""The open view parses what the official messages parse, and loses nothing of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.model.signal import Signal
from otx.otlp.open_view import open_class
from otx.otlp.wire import WIRE, Generated
from tests.otlp.messages import spans


@given(st.lists(spans(), max_size=3))
def test_a_request_comes_back_whole(many: list[Span]) -> None:
    request: Generated = WIRE[Signal.TRACES].request_class()
    request.resource_spans.add().scope_spans.add().spans.extend(many)
    body = request.SerializeToString()
    back = open_class(Signal.TRACES).FromString(body).SerializeToString()
    assert type(request).FromString(back).SerializeToString(deterministic=True) == (
        request.SerializeToString(deterministic=True)
    )


def test_attributes_values_and_texts_are_bytes_and_enums_numbers() -> None:
    request: Generated = open_class(Signal.LOGS)()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.attributes.append(b"\x0a\x01a")
    record.body = b"\x0a\x01\xff"
    record.severity_text = b"\xff"
    record.severity_number = 99
    again = open_class(Signal.LOGS).FromString(request.SerializeToString())
    assert again == request


def test_fields_that_nobody_knows_survive() -> None:
    body = b"\x0a\x07\x12\x05\xfa\x3e\x02hi"
    assert open_class(Signal.TRACES).FromString(body).SerializeToString() == body


@pytest.mark.parametrize("signal", list(Signal))
def test_every_signal_has_a_view(signal: Signal) -> None:
    assert open_class(signal)().SerializeToString() == b""
