"""Files of rows hold plain columns, whatever rows are like in memory, and are merged as such."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from otx.otlp.columns import span_columns
from otx.otlp.sample_columns import sample_columns
from otx.otlp.shared_columns import SHARED_TEXT, kept_rows
from otx.store import segment
from otx.store.segment import list_items, merge_rows, read_rows, write_rows
from tests.store.conftest import profile_request, span_request_of


def samples(*functions: str) -> Any:
    return sample_columns([profile_request(*functions)], [1]).rows


def as_once_written(rows: Any) -> Any:
    """Rows with each text written out, which the schema in a file then says."""
    kept = kept_rows(rows)
    fields = [pa.field(f.name, pa.string()) if f.type == SHARED_TEXT else f for f in kept.schema]
    return kept.cast(pa.schema(fields))


def test_files_of_an_older_otx_are_merged_with_others(tmp_path: Path) -> None:
    pq.write_table(as_once_written(samples("a", "b")), tmp_path / "old.parquet")
    new = write_rows(tmp_path, "new", "samples", samples("b", "c"))
    names = ("old.parquet", new.name)
    merged = merge_rows([read_rows(tmp_path / name, "samples") for name in names])
    assert merged["service"].type == SHARED_TEXT
    both = write_rows(tmp_path, "both", "samples", merged)
    assert (both.rows, list_items(tmp_path / both.name)) == (4, 8)
    stacks = pq.read_table(tmp_path / both.name)["stack"].to_pylist()
    assert sorted(stack[-1] for stack in stacks) == ["a", "b", "b", "c"]


def test_a_file_does_not_tell_how_rows_are_held(tmp_path: Path) -> None:
    rows = samples("a")
    written = write_rows(tmp_path, "one", "samples", rows)
    read = pq.read_table(tmp_path / written.name)
    assert read.schema == as_once_written(rows).schema
    assert read.equals(as_once_written(rows))


def test_statistics_are_kept_of_what_they_let_readers_skip(tmp_path: Path) -> None:
    written = write_rows(tmp_path, "one", "spans", span_columns([span_request_of("a")], [1]).rows)
    group = pq.read_metadata(tmp_path / written.name).row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    kept = {it.path_in_schema for it in columns if it.is_stats_set}
    assert {"start_time", "duration_ns", "service", "name", "status"} <= kept
    assert kept.isdisjoint({"trace_id", "span_id", "attributes", "resource"})


def test_rows_of_long_lists_are_written_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "_ROW_GROUP_ITEMS", 5)
    rows = samples("a", "b", "c", "d", "e")  # stacks of two
    written = write_rows(tmp_path, "few", "samples", rows)
    footer = pq.ParquetFile(tmp_path / written.name).metadata
    assert [footer.row_group(at).num_rows for at in range(footer.num_row_groups)] == [2, 2, 1]
    assert pq.read_table(tmp_path / written.name)["stack"].to_pylist() == rows["stack"].to_pylist()
    monkeypatch.setattr(segment, "_ROW_GROUP_ITEMS", 1)  # less than one row has
    written = write_rows(tmp_path, "one", "samples", rows)
    assert pq.ParquetFile(tmp_path / written.name).metadata.num_row_groups == 5
