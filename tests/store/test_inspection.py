"""What is damaged is named, and what is whole is not."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.inspection import Finding, store_facts, verify_store
from otx.store.layout import Layout
from otx.store.log_reader import log_directories
from otx.store.manifest import read_manifest
from otx.store.upkeep import GRACE_NS, merge_small, remove_retired
from otx.store.wal import LogWriter
from tests.store.conftest import START_UNIX_NANO, metric_request, profile_request
from tests.store.segments import converted, indexed

SpanRequest = Callable[..., bytes]
LogRequest = Callable[..., bytes]


@pytest.fixture
def layout(store_dir: Path, span_request: SpanRequest, log_request: LogRequest) -> Layout:
    """A store with a segment of each kind, and two requests in the log."""
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("a", 3), 1).result(60)
        log.append(Signal.LOGS, log_request("one", "two"), 2).result(60)
        log.append(Signal.METRICS, metric_request("m"), 3).result(60)
        log.append(Signal.PROFILES, profile_request("f"), 4).result(60)
        Conversion(Layout(store_dir)).convert()
        for received in (5, 6):
            log.append(Signal.METRICS, metric_request("later"), received).result(60)
    return Layout(store_dir)


def findings(layout: Layout) -> list[Finding]:
    return list(verify_store(layout, read_manifest(layout.manifest)))


def segment(layout: Layout, kind: str) -> Path:
    (path,) = layout.segments.glob(f"{kind}-*")
    return path


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0xFF
    path.write_bytes(data)


def test_what_a_store_holds(layout: Layout) -> None:
    facts = store_facts(layout)
    assert [(one.kind, one.segments, one.rows) for one in facts.kinds] == [
        ("spans", 1, 3),
        ("logs", 1, 2),
        ("metrics", 1, 1),
        ("samples", 1, 1),
        ("profiles", 1, 1),
    ]
    logs = facts.kinds[1]
    assert (logs.earliest_unix_nano, logs.latest_unix_nano) == (
        START_UNIX_NANO,
        START_UNIX_NANO + 1_000_000_000,
    )
    assert (facts.waiting_requests, facts.oldest_waiting_unix_nano) == (2, 5)
    assert facts.waiting_bytes > 0
    assert (facts.aside_requests, facts.expired_rows, facts.retired_files) == (0, 0, 0)


def test_a_store_that_is_whole_has_no_findings(layout: Layout) -> None:
    assert findings(layout) == []


@pytest.mark.parametrize("kind", ["spans", "logs", "metrics", "samples", "profiles"])
def test_a_flipped_bit_in_a_segment_is_found(layout: Layout, kind: str) -> None:
    path = segment(layout, kind)
    flip(path, path.stat().st_size - 20 if kind != "profiles" else 90)
    (found,) = findings(layout)
    assert found.place == f"segments/{path.name}"
    assert "cannot be read" in found.problem


@pytest.mark.parametrize("column", ["span_id", "attributes"])
@pytest.mark.parametrize("back", range(1, 40, 3))
def test_a_flipped_bit_in_a_page_is_found(
    store_dir: Path, span_request: SpanRequest, column: str, back: int
) -> None:
    manifest = converted(store_dir, span_request("a", 40)).manifest
    path = store_dir / "segments" / manifest.segments[0].name
    group = pq.ParquetFile(path).metadata.row_group(0)
    chunks = map(group.column, range(group.num_columns))
    chunk = next(one for one in chunks if one.path_in_schema == column)
    flip(path, chunk.data_page_offset + chunk.total_compressed_size - back)
    (found,) = findings(Layout(store_dir))
    assert "cannot be read" in found.problem


def test_a_segment_of_another_size_or_none_is_found(layout: Layout) -> None:
    spans, logs = segment(layout, "spans"), segment(layout, "logs")
    spans.write_bytes(spans.read_bytes()[:-1])
    logs.unlink()
    problems = {one.place: one.problem for one in findings(layout)}
    assert "bytes, the manifest says" in problems[f"segments/{spans.name}"]
    assert problems[f"segments/{logs.name}"] == "is named by the manifest and is not there"


def test_a_segment_with_other_rows_is_found(layout: Layout) -> None:
    text = layout.manifest.read_text()
    layout.manifest.write_text(text.replace('"logs", 2,', '"logs", 7,'))
    (found,) = findings(layout)
    assert found.problem == "has 2 rows, the manifest says 7"


def test_a_flipped_bit_in_a_log_is_found(layout: Layout) -> None:
    (directory,) = log_directories(layout)
    path = max(directory.glob("*.otxlog"))
    flip(path, path.stat().st_size - 1)
    (found,) = findings(layout)
    assert found.place == f"logs/{directory.name}/{path.name}"
    assert "are no whole records" in found.problem


def test_what_a_converter_removes_meanwhile_is_not_missing(
    store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = Conversion(Layout(store_dir))
    with LogWriter(store_dir) as log:
        for number in range(8):
            log.append(Signal.TRACES, span_request(f"r{number}"), 1).result(60)
            conversion.convert()
    before = read_manifest(Layout(store_dir).manifest)
    assert merge_small(conversion, 1)
    remove_retired(conversion, 1 + GRACE_NS)
    assert list(verify_store(Layout(store_dir), before)) == []


def test_an_index_that_cannot_be_read_is_named(store_dir: Path, span_request: SpanRequest) -> None:
    conversion = converted(store_dir, span_request("a", 3))
    indexed(conversion)
    assert list(verify_store(conversion.layout, conversion.manifest)) == []
    (index,) = conversion.layout.segments.glob("*.by-trace")
    index.write_bytes(index.read_bytes()[:50])
    (found,) = verify_store(conversion.layout, conversion.manifest)
    assert found.place == f"segments/{index.name}"
