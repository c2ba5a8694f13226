"""What a store was sent comes out of it again: as lines, as rows, from logs and from segments."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otx.model.signal import Signal
from otx.model.telemetry import METRIC_TYPES
from otx.otlp.files import read_file
from otx.otlp.oddity import MAX_UNIX_NANO
from otx.otlp.wire import WIRE
from otx.services.parquet_input import parquet_pieces
from otx.services.store_export import Choice, export_lines, export_rows
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.otlp.test_columns import LOG_REQUESTS, SPAN_REQUESTS
from tests.otlp.test_metric_columns import METRIC_REQUESTS
from tests.store.conftest import span_request_of
from tests.store.segments import converted

RECEIVED_UNIX_NANO = 7
SENT = span_request_of("a", 2)
RECORDS = {Signal.TRACES: "spans", Signal.LOGS: "log_records", Signal.METRICS: "metrics"}
KNOWN_ENUMS = {"kind": 5, "code": 2, "aggregation_temporality": 2}
"""The last value that this OTLP knows of each enum."""
EMPTY_SAYS_SOMETHING = {"array_value", "kvlist_value", "positive", "negative"}


def signal_of(request: Message) -> Signal:
    if isinstance(request, ExportTraceServiceRequest):
        return Signal.TRACES
    return Signal.LOGS if isinstance(request, ExportLogsServiceRequest) else Signal.METRICS


def canonical(request: Any) -> list[str]:
    """The records of a request with all that stands above each, in an order of their own.

    What rows do not hold is taken away, and nothing else: resources, scopes and metrics without
    records, enum values that OTLP does not know, times beyond 2262; a log record that had no time
    has the one that stood in for it. An empty message and none at all are the same.
    """
    wire = WIRE[signal_of(request)]
    found = []
    for group in getattr(request, wire.resources_field):
        for scoped in getattr(group, wire.scopes_field):
            above = [group.resource, group.schema_url, scoped.scope, scoped.schema_url]
            for record in getattr(scoped, RECORDS[signal_of(request)]):
                for single in singles(record):
                    # As a text: NaN is not equal to itself.
                    found.append(repr([plain(one) for one in (*above, single)]))
    return sorted(found)


def singles(record: Any) -> Iterator[Any]:
    """A span or log record as rows have it; a metric once for each of its data points."""
    made = type(record)()
    made.CopyFrom(record)
    if not hasattr(made, "gauge"):
        if hasattr(made, "observed_time_unix_nano"):
            made.time_unix_nano = (
                made.time_unix_nano or made.observed_time_unix_nano or RECEIVED_UNIX_NANO
            )
        yield made
        return
    kind = next((one for one in METRIC_TYPES if made.HasField(one)), None)
    for point in getattr(record, kind).data_points if kind else ():
        del getattr(made, str(kind)).data_points[:]
        getattr(made, str(kind)).data_points.append(point)
        yield made


def plain(value: Any, name: str = "") -> Any:
    """A message as the fields that say something: of a value even an empty text does."""
    if isinstance(value, Message):
        fields = {field.name: plain(one, field.name) for field, one in value.ListFields()}
        return {name: one for name, one in fields.items() if not is_nothing(name, one)}
    if hasattr(value, "extend"):
        return [plain(one, name) for one in value]
    return min(value, MAX_UNIX_NANO) if name.endswith("time_unix_nano") else value


def is_nothing(name: str, value: Any) -> bool:
    """Whether a field that is there says as much as one that is not."""
    if name in KNOWN_ENUMS:
        return not 0 < value <= KNOWN_ENUMS[name]
    return value == {} and name not in EMPTY_SAYS_SOMETHING


@settings(max_examples=60, deadline=None)
@given(st.one_of(SPAN_REQUESTS, LOG_REQUESTS, METRIC_REQUESTS), st.booleans(), st.booleans())
def test_any_request_comes_out_as_it_came(
    request: Message, is_converted: bool, is_parquet: bool
) -> None:
    signal = signal_of(request)
    with TemporaryDirectory() as name:
        directory = Path(name)
        with LogWriter(directory / "store", fsync="interval") as log:
            log.append(signal, request.SerializeToString(), RECEIVED_UNIX_NANO).result(60)
        layout = Layout(directory / "store")
        if is_converted:
            Conversion(layout).convert()
        export = exported_rows if is_parquet else exported_lines
        found = [one for back in export(layout, signal, directory) for one in canonical(back)]
    assert sorted(found) == canonical(request)


def exported_lines(layout: Layout, signal: Signal, directory: Path) -> Iterator[Message]:
    """A store as JSON lines, read back."""
    file = directory / "all.jsonl"
    file.write_bytes(b"".join(line for line, _ in export_lines(layout, Choice())))
    for request in read_file(file):
        assert request.signal is signal
        yield WIRE[signal].request_class.FromString(request.body)


def exported_rows(layout: Layout, signal: Signal, directory: Path) -> Iterator[Message]:
    """A store as Parquet, read back."""
    schema, tables = export_rows(layout, Choice(signals=[signal]))
    file = directory / "all.parquet"
    with pq.ParquetWriter(file, schema) as writer:
        for table in tables:
            writer.write_table(table)
    for piece in parquet_pieces(file, file.name):
        assert isinstance(piece.data, bytes)
        yield WIRE[signal].request_class.FromString(piece.data)


def test_what_an_otx_to_come_added_is_no_fault(tmp_path: Path) -> None:
    """Columns, and fields of links."""
    store_dir = tmp_path / "store"
    (segment,) = converted(store_dir, SENT).manifest.segments
    path = store_dir / "segments" / segment.name
    rows = pq.read_table(path).append_column("to_come", pa.array([1, 2]))
    at = rows.schema.get_field_index("links")
    fields = [*rows.schema.field(at).type.value_type, pa.field("to_come", pa.int32())]
    links = pa.array([[], []], pa.list_(pa.struct(fields)))
    pq.write_table(rows.set_column(at, "links", links), path)
    sent = canonical(ExportTraceServiceRequest.FromString(SENT))
    for export in (exported_rows, exported_lines):
        (back,) = export(Layout(store_dir), Signal.TRACES, tmp_path)
        assert canonical(back) == sent
