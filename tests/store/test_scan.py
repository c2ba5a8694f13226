"""A store read from end to end while it is written, converted and merged."""

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.errors import StoreDamaged
from otx.store.layout import Layout
from otx.store.scan import Scan, open_scan
from otx.store.upkeep import merge_small, remove_retired
from otx.store.wal import LogWriter
from tests.store.conftest import START_UNIX_NANO, metric_request, profile_request

SpanRequest = Callable[..., bytes]
LogRequest = Callable[..., bytes]
S = 1_000_000_000


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def log(store_dir: Path) -> Iterator[LogWriter]:
    with LogWriter(store_dir) as writer:
        yield writer


def names(scan: Scan, since: int = 0, count: int = 1000) -> list[str]:
    return [
        name for rows in scan.rows("spans", since, count) for name in rows.table["name"].to_pylist()
    ]


def test_segments_come_in_the_order_of_time_and_the_log_last(
    log: LogWriter, store_dir: Path, span_request: SpanRequest, log_request: LogRequest
) -> None:
    conversion = Conversion(Layout(store_dir))
    for trace in (3, 1):
        log.append(Signal.TRACES, span_request(f"t{trace}", 2, trace=trace), trace).result(60)
        log.append(Signal.LOGS, log_request("body"), trace).result(60)
        conversion.convert()
    log.append(Signal.TRACES, span_request("t2", 1, trace=2), 2).result(60)
    with open_scan(Layout(store_dir)) as scan:
        assert names(scan) == ["t1-0", "t1-1", "t3-0", "t3-1", "t2-0"]
        places = [rows.place for rows in scan.rows("spans")]
        assert places == ["spans-000000000002.parquet", "spans-000000000001.parquet", "the log"]
        bodies = [rows.table["body"].to_pylist() for rows in scan.rows("logs")]
        assert bodies == [["body"], ["body"]]


@pytest.mark.parametrize("is_converted", [True, False])
def test_since_is_by_the_record_and_the_count_is_a_bound(
    log: LogWriter, store_dir: Path, span_request: SpanRequest, is_converted: bool
) -> None:
    log.append(Signal.TRACES, span_request("old", 3, trace=1), 1).result(60)
    log.append(Signal.TRACES, span_request("new", 5, trace=2), 2).result(60)
    if is_converted:
        Conversion(Layout(store_dir)).convert()
    with open_scan(Layout(store_dir)) as scan:
        since = START_UNIX_NANO + 2 * S + 2_000
        assert names(scan, since) == ["new-2", "new-3", "new-4"]
        sizes = [len(rows.table) for rows in scan.rows("spans", count=3)]
        assert max(sizes) == 3
        assert sum(sizes) == 8
        assert names(scan, START_UNIX_NANO + 9 * S) == []


def test_requests_of_profiles_come_as_they_came(
    log: LogWriter, store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = Conversion(Layout(store_dir))
    bodies = [profile_request(name) for name in ("a", "b", "c")]
    log.append(Signal.PROFILES, bodies[0], 10).result(60)
    log.append(Signal.METRICS, metric_request("m"), 11).result(60)
    conversion.convert()
    log.append(Signal.PROFILES, bodies[1], 20).result(60)
    log.append(Signal.TRACES, span_request("x"), 21).result(60)
    log.append(Signal.PROFILES, bodies[2], 30).result(60)
    with open_scan(Layout(store_dir)) as scan:
        found = list(scan.requests(Signal.PROFILES))
        assert [one.request.body for one in found] == bodies
        places = ["profiles-000000000001.otxlog", "the log", "the log"]
        assert [one.place for one in found] == places
        later = scan.requests(Signal.PROFILES, since_unix_nano=20)
        assert [one.request.body for one in later] == bodies[1:]
        frames = [rows.table["stack"].to_pylist() for rows in scan.rows("samples")]
        assert frames == [[["main", "a"]], [["main", "b"], ["main", "c"]]]
        (points,) = scan.rows("metrics")
        assert points.table["name"].to_pylist() == ["m"]


def test_what_changes_meanwhile_is_neither_lost_nor_seen_twice(
    log: LogWriter, store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = Conversion(Layout(store_dir))
    expected = []
    for trace in range(1, 10):
        log.append(Signal.TRACES, span_request(f"t{trace}", 2, trace=trace), trace).result(60)
        expected += [f"t{trace}-0", f"t{trace}-1"]
        if trace < 9:
            conversion.convert()
    with open_scan(Layout(store_dir)) as scan:
        first = next(scan.rows("spans"))
        log.append(Signal.TRACES, span_request("later", 5, trace=50), 50).result(60)
        conversion.convert()
        assert merge_small(conversion, now_unix_nano=1)
        # The grace of a minute has run out: the merged files are gone by name.
        remove_retired(conversion, now_unix_nano=10**12)
        log.close()
        conversion.convert()
        assert not (store_dir / "segments" / first.place).exists()
        assert sorted(names(scan)) == sorted(expected)
    with open_scan(Layout(store_dir)) as scan:
        assert len(names(scan)) == len(expected) + 5


def test_a_store_of_nothing_is_read_too(store_dir: Path) -> None:
    with open_scan(Layout(store_dir)) as scan:
        assert names(scan) == []
        assert list(scan.requests(Signal.PROFILES)) == []


def test_files_are_closed_again(log: LogWriter, store_dir: Path, span_request: SpanRequest) -> None:
    log.append(Signal.TRACES, span_request("x"), 1).result(60)
    before = open_files()
    with open_scan(Layout(store_dir)) as scan:
        assert names(scan) == ["x-0"]
    assert open_files() == before


def test_the_limit_on_open_files_is_raised_as_far_as_needed(
    log: LogWriter, store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = Conversion(Layout(store_dir))
    for trace in range(1, 20):
        log.append(Signal.TRACES, span_request(f"t{trace}", trace=trace), trace).result(60)
        conversion.convert()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files() + 10, hard))
    try:
        with open_scan(Layout(store_dir)) as scan:
            assert len(names(scan)) == 19
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_cannot_be_read_is_named(
    log: LogWriter, store_dir: Path, span_request: SpanRequest
) -> None:
    log.append(Signal.TRACES, span_request("x"), 1).result(60)
    log.append(Signal.PROFILES, profile_request("x"), 1).result(60)
    Conversion(Layout(store_dir)).convert()
    (rows,) = (store_dir / "segments").glob("spans-*")
    (requests,) = (store_dir / "segments").glob("profiles-*")
    rows.write_bytes(rows.read_bytes()[:100])
    requests.write_bytes(requests.read_bytes()[:-3])
    told: list[str] = []
    with open_scan(Layout(store_dir), told.append) as scan:
        assert names(scan) == []
        assert list(scan.requests(Signal.PROFILES)) == []
    (warning,) = told
    for path in (rows, requests):
        assert path.name in warning
        with pytest.raises(StoreDamaged, match=path.name), open_scan(Layout(store_dir)):
            pass


def test_damage_within_a_segment_is_named(
    log: LogWriter, store_dir: Path, span_request: SpanRequest
) -> None:
    log.append(Signal.TRACES, span_request("x", 1000), 1).result(60)
    log.append(Signal.PROFILES, profile_request("x"), 1).result(60)
    Conversion(Layout(store_dir)).convert()
    (rows,) = (store_dir / "segments").glob("spans-*")
    (requests,) = (store_dir / "segments").glob("profiles-*")
    for path in (rows, requests):
        with path.open("r+b") as file:
            file.seek(40)
            file.write(bytes(60))
    with open_scan(Layout(store_dir)) as scan:
        with pytest.raises(StoreDamaged, match=r"the segment spans-\d+\.parquet cannot be read"):
            names(scan)
        with pytest.raises(StoreDamaged, match=r"the segment profiles-\d+\.otxlog cannot be read"):
            list(scan.requests(Signal.PROFILES))
    rows.unlink()
    rows.symlink_to(rows)
    with (
        pytest.raises(StoreDamaged, match=r"spans-.* cannot be read"),
        open_scan(Layout(store_dir)),
    ):
        pass
