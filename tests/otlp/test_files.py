"""The form of a file is found from its content."""

import gzip
import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.decode import parse_protobuf
from otx.otlp.encode import to_json
from otx.otlp.files import read_file, read_stream


def read(content: bytes) -> list[tuple[Signal, int]]:
    return [(it.signal, it.records) for it in read_stream(io.BytesIO(content), "it")]


def framed(*records: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(record)) + record for record in records)


@pytest.fixture
def one_log() -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)
    return request.SerializeToString()


def test_every_form_is_read(three_spans: bytes, one_log: bytes) -> None:
    spans, log = (Signal.TRACES, 3), (Signal.LOGS, 1)
    spans_json = to_json(parse_protobuf(Signal.TRACES, three_spans))
    pretty = to_json(parse_protobuf(Signal.TRACES, three_spans), indent=True)
    log_json = to_json(parse_protobuf(Signal.LOGS, one_log))
    zstd = zstandard.ZstdCompressor()
    assert read(three_spans) == [spans]
    assert read(spans_json) == [spans]
    assert read(pretty) == [spans]
    assert read(spans_json + b"\n" + log_json + b"\n\n") == [spans, log]
    assert read(b"[" + spans_json + b"," + log_json + b"]") == [spans, log]
    assert read(framed(three_spans, one_log)) == [spans, log]
    assert read(framed(spans_json)) == [spans]
    assert read(framed(zstd.compress(three_spans))) == [spans]
    assert read(gzip.compress(spans_json)) == [spans]
    assert read(zstd.compress(framed(three_spans))) == [spans]
    assert read(b"") == []


def test_bare_protobuf_is_of_the_signal_in_which_it_makes_sense(one_log: bytes) -> None:
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="a" * 16)
    metric.description = "b" * 8
    metric.sum.data_points.add(time_unix_nano=1)
    profiles = ExportProfilesServiceRequest()
    profiles.resource_profiles.add().scope_profiles.add().profiles.add(time_unix_nano=1)
    profiles.dictionary.string_table.append("")
    assert read(one_log) == [(Signal.LOGS, 1)]
    assert read(metrics.SerializeToString()) == [(Signal.METRICS, 1)]
    assert read(profiles.SerializeToString()) == [(Signal.PROFILES, 0)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello", "it is no OTLP"),
        (b'{"a":1}', "it is no OTLP: it needs one of resourceSpans"),
        (b'{"resourceSpans":[]}\n{"x', "it:2 is no JSON: .*, at column 4"),
        (b'\n{\n"resourceSpans":[},\n', "it is no JSON: .*, at line 3 column 18"),
        ('\n{"resourceSpans":[\n"é'.encode() + b'\xff"]}', "0xff is no UTF-8, at line 3 column 3"),
        (b'{"resourceSpans":[3]}', r"it: resourceSpans\[0\]: an object is wanted"),
        (b"[1]", r"it\[0\] is no OTLP"),
        (b"\x1f\x8bxx", "the gzip stream is corrupt"),
    ],
)
def test_what_is_no_otlp_is_named_with_its_place(content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(content)


@given(
    st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.dictionaries(st.text(max_size=3), st.integers(0, 9), min_size=1, max_size=2)
)
def test_a_log_record_with_a_body_alone_is_one(body: object) -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    if isinstance(body, str):
        record.body.string_value = body
    elif isinstance(body, int):
        record.body.int_value = body
    elif isinstance(body, dict):
        for key, value in body.items():
            record.body.kvlist_value.values.add(key=key).value.int_value = value
    assert _signal(request) is Signal.LOGS


@given(st.text(max_size=3), st.integers(0, 2**40), st.integers(1, 2**63))
def test_a_metric_is_one_with_and_without_a_name(name: str, value: int, time: int) -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=name)
    metric.gauge.data_points.add(as_int=value, time_unix_nano=time)
    assert _signal(request) is Signal.METRICS


def _signal(request: Message) -> Signal:
    (read,) = read_stream(io.BytesIO(request.SerializeToString()), "piped")
    return read.signal


def test_an_empty_document_is_a_request_with_nothing_in_it(three_spans: bytes) -> None:
    spans = to_json(parse_protobuf(Signal.TRACES, three_spans))
    for nothing in (b"{}", b"{ }\n", b" \n{\n}", b"[]", b"[{},{}]", b"{}\n{}\n", framed(b"{}")):
        assert read(nothing) == []
    assert read(b"{}\n" + spans + b"\n{}\n") == [(Signal.TRACES, 3)]
    assert read(b"[{}," + spans + b"]") == [(Signal.TRACES, 3)]


def spans_with(name: bytes, key: bytes) -> bytes:
    """A request whose name and attribute's key are such bytes, each of four."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=bytes(16), span_id=bytes(8), name="first")
    second = spans.add(trace_id=bytes(16), span_id=bytes(8), name="NAME")
    second.attributes.add(key="KEYS").value.string_value = "x"
    body = request.SerializeToString()
    return body.replace(b"NAME", name).replace(b"KEYS", key)


@pytest.mark.parametrize(
    ("name", "key", "field"),
    [
        (b"b\xff\xfed", b"KEYS", "spans[1].name"),
        (b"NAME", b"\xc3\x28ab", "spans[1].attributes[0].key"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, framed])
def test_a_text_that_is_no_utf8_is_named_or_taken(
    name: bytes, key: bytes, field: str, pack: Callable[[bytes], bytes]
) -> None:
    content = pack(spans_with(name, key))
    with pytest.raises(UsageError, match=re.escape(f"{field} is no UTF-8")):
        read(content)
    (request,) = read_stream(io.BytesIO(content), "it", takes_any_text=True)
    assert (request.signal, request.records) == (Signal.TRACES, 2)
    assert request.body == spans_with(name, key)


def test_what_is_wrong_beside_a_text_is_not_taken() -> None:
    truncated = spans_with(b"b\xff\xfed", b"KEYS").replace(b"\x0a\x01x", b"\x0a\x09x")
    with pytest.raises(UsageError, match="it is no OTLP"):
        list(read_stream(io.BytesIO(truncated), "it", takes_any_text=True))


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        list(read_file(tmp_path / "none"))
