"""The form of a file is found from its content."""

import gzip
import io
import struct
from pathlib import Path

import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

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
        (b"{}", "it is no OTLP: it needs one of resourceSpans"),
        (b'{"resourceSpans":[]}\n{"x', "it:2 is no JSON"),
        (b'{"resourceSpans":[3]}', r"it: resourceSpans\[0\]: an object is wanted"),
        (b"[1]", r"it\[0\] is no OTLP"),
        (b"\x1f\x8bxx", "the gzip stream is corrupt"),
    ],
)
def test_what_is_no_otlp_is_named_with_its_place(content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(content)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        list(read_file(tmp_path / "none"))
