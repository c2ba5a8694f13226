"""Converting, merging and indexing, cut short at every step by a crash or a full disk."""

import contextlib
import errno
import random
from collections import Counter
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store import upkeep
from otx.store.conversion import Conversion
from otx.store.inspection import verify_store
from otx.store.layout import Layout
from otx.store.manifest import read_manifest
from otx.store.reader import Store
from otx.store.search import parse_search
from otx.store.segment_index import index_names
from otx.store.upkeep import (
    FAN_IN,
    GRACE_NS,
    index_one,
    merge_rest,
    merge_small,
    remove_damaged_indexes,
    remove_retired,
)
from otx.store.wal import LogWriter
from tests.store.conftest import (
    LogRequest,
    SpanRequest,
    metric_request,
    profile_request,
)
from tests.store.segments import converted

NOW = 1_790_000_000_000_000_000
REQUESTS = 2
_ROWS = """
    SELECT name FROM spans UNION ALL SELECT body FROM logs UNION ALL SELECT name FROM metrics
    UNION ALL SELECT stack[-1] FROM samples"""


_DO = ("write", "rename")


class Ended(BaseException):
    """Stands for the end of a process: nothing in otx catches it."""


class Steps:
    """Lets some steps pass, then fails once, and lets all pass again."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self.left = -1
        self.failed: list[str] = []

    def __call__(self, name: str) -> None:
        self.left -= 1
        if self.left == -1:
            self.failed.append(name)
            raise self._error


@pytest.fixture
def expected(
    store_dir: Path,
    span_request: SpanRequest,
    log_request: LogRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Counter[str]:
    """What must be readable of a store at all times: rows of every table, and traces by a value."""
    monkeypatch.setattr("otx.store.segment_index.MIN_INDEXED_ROWS", 1)
    rows: Counter[str] = Counter()
    with LogWriter(store_dir, file_bytes=1000) as log:
        for number in range(REQUESTS):
            for signal, body in (
                (Signal.TRACES, span_request(f"s{number}", 3, trace=number + 1)),
                (Signal.LOGS, log_request(f"l{number}")),
                (Signal.METRICS, metric_request(f"m{number}")),
                (Signal.PROFILES, profile_request(f"f{number}")),
            ):
                log.append(signal, body, number + 1).result(60)
            rows.update([f"{kind}{number}" for kind in "lmf"])
            rows.update([f"s{number}-{span}" for span in range(3)])
    rows["traces with order 2"] = REQUESTS
    return rows


def readable(store: Store) -> Counter[str]:
    rows = Counter(str(row[0]) for row in store.query(_ROWS).rows())
    rows["traces with order 2"] = len(store.traces(parse_search("@order.id:2")))
    return rows


def tend(conversion: Conversion) -> None:
    while conversion.convert(200):
        pass
    while merge_small(conversion, NOW) or merge_rest(conversion, NOW):
        pass
    remove_damaged_indexes(conversion)
    while index_one(conversion):
        pass
    remove_retired(conversion, NOW + GRACE_NS)


def check_whole(layout: Layout) -> None:
    """Nothing is left over, every segment that is worth it has its indexes, nothing is damaged."""
    manifest = read_manifest(layout.manifest)
    indexes = {
        name for segment in manifest.of_kind("spans", "logs") for name in index_names(segment.name)
    }
    there = {path.name for path in layout.segments.iterdir()}
    assert there == manifest.file_names() | indexes
    assert list(verify_store(layout, manifest)) == []


def test_a_process_that_ends_at_any_step_leaves_what_the_next_one_finishes(
    store_dir: Path, expected: Counter[str]
) -> None:
    steps = Steps(Ended())
    store = Store(store_dir)
    for count in range(200):
        steps.left = count % 61  # a different step each time
        before = len(steps.failed)
        with contextlib.suppress(Ended):
            tend(Conversion(Layout(store_dir), steps))
        assert readable(store) == expected, steps.failed[-1]
        if len(steps.failed) == before:
            break
    Conversion(store.layout)
    check_whole(store.layout)
    assert len(steps.failed) > 20


def test_a_process_that_ends_at_any_step_of_indexing(
    store_dir: Path, expected: Counter[str]
) -> None:
    tend(Conversion(Layout(store_dir)))
    store = Store(store_dir)
    steps = Steps(Ended())
    for count in range(100):
        for index in store.layout.segments.glob("*.by-*"):
            index.write_bytes(b"damaged")
        before = len(steps.failed)
        conversion = Conversion(Layout(store_dir), steps)
        steps.left = count
        with contextlib.suppress(Ended):
            tend(conversion)
        assert readable(store) == expected
        tend(Conversion(Layout(store_dir)))
        check_whole(store.layout)
        if len(steps.failed) == before:
            break
    kinds = ("traces", "pairs")
    assert steps.failed == [f"{do} index of {kind}" for kind in kinds for do in _DO] * 2


def test_a_disk_that_is_full_at_any_step_stops_nothing_for_good(
    store_dir: Path, expected: Counter[str]
) -> None:
    steps = Steps(OSError(errno.ENOSPC, "No space left on device"))
    store = Store(store_dir)
    conversion = Conversion(Layout(store_dir), steps)
    for count in range(200):
        steps.left = count % 61
        before = len(steps.failed)
        with contextlib.suppress(OSError):
            tend(conversion)
        assert readable(store) == expected, steps.failed[-1]
        if len(steps.failed) == before:
            break
    assert len(steps.failed) > 20
    Conversion(store.layout)
    check_whole(store.layout)


def test_what_is_large_in_bytes_does_not_stand_in_the_way_of_what_is_small(
    store_dir: Path, log_request: LogRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.store.upkeep.MERGED_BYTES", 64 << 10)
    monkeypatch.setattr("otx.store.upkeep._CLASSES", ((100, 32 << 10),))
    large = log_request(random.Random(1).randbytes(60_000).hex())
    conversion = converted(store_dir, large, signal=Signal.LOGS)
    for number in range(FAN_IN):
        converted(store_dir, log_request(f"small {number}"), signal=Signal.LOGS)
    conversion = Conversion(conversion.layout)
    assert merge_small(conversion, NOW)
    sizes = sorted((one.rows, one.bytes > 32 << 10) for one in conversion.manifest.segments)
    assert sizes == [(1, True), (FAN_IN, False)]
    assert not merge_small(conversion, NOW)


def test_two_of_the_largest_class_always_fit_into_one() -> None:
    rows, size = upkeep._CLASSES[-1]
    assert (2 * rows, 2 * size) <= (upkeep.MERGED_ROWS, upkeep.MERGED_BYTES)
