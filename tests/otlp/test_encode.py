"""The answer to an accepted request, in either encoding."""

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otx.model.signal import Signal
from otx.otlp.caution import Caution
from otx.otlp.decode import Encoding, Request, decode_request
from otx.otlp.encode import encode_message, encode_response, rejected_in
from otx.otlp.wire import WIRE


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_odd_spans_are_kept_and_named_in_the_encoding_of_the_request(encoding: Encoding) -> None:
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=b"t", span_id=b"s" * 8, start_time_unix_nano=1, end_time_unix_nano=2)
    request = decode_request(Signal.TRACES, encode_message(message, encoding), encoding)
    assert request.body == message.SerializeToString()
    answer = encode_response(request, encoding)
    told = "1 of 1 spans have no valid trace id (first: span 7373737373737373 '')"
    if encoding == "json":
        assert orjson.loads(answer) == {"partialSuccess": {"errorMessage": told}}
    else:
        partial = ExportTraceServiceResponse.FromString(answer).partial_success
        assert (partial.rejected_spans, partial.error_message) == (0, told)


@pytest.mark.parametrize("signal", list(Signal))
def test_cautions_of_every_signal_travel_together(signal: Signal) -> None:
    cautions = (Caution("odd", "one is odd"), Caution("old", "two are old"))
    answer = encode_response(Request(signal, b"", 3, cautions), "protobuf")
    response = WIRE[signal].response_class.FromString(answer)
    assert rejected_in(signal, response) == (0, "one is odd; two are old")
