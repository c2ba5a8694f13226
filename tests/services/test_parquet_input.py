"""Rows in a Parquet file are the requests that they were made of, or a clear fault."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otx.errors import UsageError
from otx.otlp.column_groups import Table
from otx.otlp.columns import span_columns
from otx.services.parquet_input import is_parquet, parquet_pieces
from otx.store.row_tables import ROW_TABLES, RowKind
from tests.otlp.messages import spans
from tests.store.conftest import log_request_of, metric_request, span_request_of
from tests.store.test_older_rows import first_columns

BODIES: dict[RowKind, bytes] = {
    "spans": span_request_of("a", 5),
    "logs": log_request_of("one", "", trace=1),
    "metrics": metric_request("m", "n"),
}


def rows_of(kind: RowKind, *bodies: bytes) -> Table:
    return ROW_TABLES[kind].columns(bodies, [1] * len(bodies)).rows


@pytest.mark.parametrize("kind", BODIES)
def test_rows_become_what_they_were(tmp_path: Path, kind: RowKind) -> None:
    path = tmp_path / "rows.parquet"
    rows = rows_of(kind, BODIES[kind])
    pq.write_table(rows, path)
    assert is_parquet(path)
    (piece,) = parquet_pieces(path, "rows.parquet")
    assert piece.place == "rows.parquet: row 1"
    assert rows_of(kind, piece.data).equals(rows)


@given(st.lists(spans(), min_size=1, max_size=3))
def test_any_spans_come_back(made: list[Span]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(made)
    rows = span_columns([request.SerializeToString()], [1]).rows
    with TemporaryDirectory() as directory:
        path = Path(directory) / "rows.parquet"
        pq.write_table(rows, path)
        (piece,) = parquet_pieces(path, "rows.parquet")
    assert span_columns([piece.data], [1]).rows.equals(rows)


@pytest.mark.parametrize("kind", BODIES)
def test_an_export_of_an_earlier_otx_is_taken(tmp_path: Path, kind: RowKind) -> None:
    path = tmp_path / "rows.parquet"
    rows = rows_of(kind, BODIES[kind])
    pq.write_table(first_columns(rows, kind), path)
    (piece,) = parquet_pieces(path, "rows.parquet")
    assert rows_of(kind, piece.data).equals(rows)


def test_many_rows_are_several_requests(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(rows_of("spans", span_request_of("a", 2500)), path)
    places = [piece.place for piece in parquet_pieces(path, "f")]
    assert places == ["f: row 1", "f: row 1001", "f: row 2001"]


def test_values_that_no_record_has_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    rows = rows_of("spans", BODIES["spans"])
    at = rows.schema.get_field_index("kind")
    pq.write_table(rows.set_column(at, "kind", pa.array(["ODD"] * 5)), path)
    with pytest.raises(UsageError, match="f: row 1 and the rows behind it are not as exported"):
        list(parquet_pieces(path, "f"))


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": [1]}),
        pa.table({"start_time": [1]}),
        rows_of("metrics", BODIES["metrics"]).drop_columns(["description"]),
        rows_of("spans", BODIES["spans"]).append_column("more", pa.array([1] * 5)),
    ],
)
def test_another_table_is_refused(tmp_path: Path, table: Table) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    with pytest.raises(UsageError, match="f is Parquet, but no table of a store"):
        list(parquet_pieces(path, "f"))


@given(st.integers(0, 3000), st.integers(1, 255))
def test_damage_is_a_fault_or_nothing(at: int, flip: int) -> None:
    buffer = io.BytesIO()
    pq.write_table(rows_of("spans", BODIES["spans"]), buffer, write_page_checksum=True)
    data = bytearray(buffer.getvalue())
    data[at % len(data)] ^= flip
    with TemporaryDirectory() as directory:
        path = Path(directory) / "rows.parquet"
        path.write_bytes(data)
        try:
            list(parquet_pieces(path, "f"))
        except UsageError as error:
            assert error.message.startswith("f")
