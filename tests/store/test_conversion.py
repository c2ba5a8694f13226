"""Each acknowledged request is in what readers see exactly once, wherever the converter ends."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store import conversion as conversion_module
from otx.store.conversion import Conversion
from otx.store.durable import no_step
from otx.store.layout import Layout
from otx.store.log_format import encode_record_header
from otx.store.log_position import (
    COMMITTED_NAME,
    LOG_START,
    Committed,
    encode_committed,
    log_file_name,
)
from otx.store.log_reader import log_directories
from otx.store.manifest import read_manifest
from otx.store.reader import Store
from otx.store.row_tables import ROW_KINDS
from otx.store.segment import read_requests
from otx.store.upkeep import (
    DAY_NS,
    GRACE_NS,
    Retention,
    expire,
    merge_rest,
    merge_small,
    remove_retired,
)
from otx.store.wal import LogWriter
from tests.store.conftest import metric_request, profile_request
from tests.store.segments import converted, indexed

SpanRequest = Callable[..., bytes]
NEVER = 1_000_000
NO_IDS = b"\x0a\x06\x12\x04\x12\x02\x2a\x00"
"""A request with one span, which has an empty name and nothing else."""
NOW = 1_790_000_000_000_000_000
HOUR_NS = 3600 * 1_000_000_000

CONVERT_AND_END = """
import os, sys, time
from pathlib import Path
from otx.store import conversion as conversion_module
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.upkeep import merge_small, remove_retired

left = int(sys.argv[2])

def step(name):
    global left
    if left == 0:
        os._exit(9)
    left -= 1

conversion = Conversion(Layout(Path(sys.argv[1])), step)
while conversion.convert(200):
    pass
while merge_small(conversion, time.time_ns()):
    pass
remove_retired(conversion, time.time_ns() + 10**12)
os._exit(0)
"""


class Ended(BaseException):
    """Stands for the end of a process: nothing in otx catches it."""


_NAMES = """
    SELECT name FROM spans UNION ALL SELECT name FROM metrics
    UNION ALL SELECT stack[-1] FROM samples"""


def names(store: Store) -> Counter[str]:
    """The names of all spans and data points, and the innermost frames of all samples."""
    return Counter(row[0] for row in store.query(_NAMES).rows())


def keep(store_dir: Path, span_request: SpanRequest, requests: int) -> Counter[str]:
    """Log some requests of each signal; the names that must be readable from then on."""
    expected: Counter[str] = Counter()
    with LogWriter(store_dir, file_bytes=1000) as log:
        for number in range(requests):
            metrics = (f"m{number}-0", f"m{number}-1")
            functions = (f"f{number}-0", f"f{number}-1")
            for signal, body in (
                (Signal.TRACES, span_request(f"r{number}", 2)),
                (Signal.METRICS, metric_request(*metrics)),
                (Signal.PROFILES, profile_request(*functions)),
            ):
                log.append(signal, body, number + 1).result(60)
            expected.update([f"r{number}-0", f"r{number}-1", *metrics, *functions])
    return expected


def kept_profiles(store_dir: Path) -> Counter[bytes]:
    """The requests of profiles that stay beside their samples."""
    layout = Layout(store_dir)
    segments = read_manifest(layout.manifest).of_kind("profiles")
    return Counter(
        one.body for segment in segments for one in read_requests(layout.segments / segment.name)
    )


def profiles(requests: int) -> Counter[bytes]:
    return Counter(profile_request(f"f{n}-0", f"f{n}-1") for n in range(requests))


def test_rows_are_the_same_before_and_after(store_dir: Path, span_request: SpanRequest) -> None:
    expected = keep(store_dir, span_request, 5)
    store = Store(store_dir)
    assert names(store) == expected
    assert store.lag().requests == 15
    conversion = Conversion(Layout(store_dir))
    while conversion.convert(400):
        assert names(store) == expected
    assert store.lag().requests == 0
    assert kept_profiles(store_dir) == profiles(5)
    assert log_directories(Layout(store_dir)) == [], "a finished log is dropped"


def test_a_process_that_ends_at_any_step_loses_and_doubles_nothing(
    store_dir: Path, span_request: SpanRequest
) -> None:
    expected = keep(store_dir, span_request, 5)
    store = Store(store_dir)
    ended = True
    rounds = 0
    while ended:
        ended = False
        left = rounds % 53  # a different step each time, deeper than one conversion

        def step(name: str) -> None:
            nonlocal left, ended
            if left == 0:
                ended = True
                raise Ended(name)
            left -= 1

        try:
            conversion = Conversion(Layout(store_dir), step)
            while conversion.convert(200):
                pass
            while merge_small(conversion, NOW):
                pass
            remove_retired(conversion, NOW + GRACE_NS)
        except Ended:
            pass
        assert names(store) == expected
        rounds += 1
    assert rounds > 10
    assert store.lag().bytes == 0
    assert kept_profiles(store_dir) == profiles(5)
    layout = Layout(store_dir)
    Conversion(layout)
    assert {path.name for path in layout.segments.iterdir()} == read_manifest(
        layout.manifest
    ).file_names()


@pytest.mark.parametrize("steps", [0, 3, 7, 11, NEVER])
def test_a_real_process_that_ends_at_a_step(
    store_dir: Path, span_request: SpanRequest, run_python: Callable[..., "object"], steps: int
) -> None:
    import subprocess

    expected = keep(store_dir, span_request, 4)
    process = run_python(CONVERT_AND_END, str(store_dir), str(steps))
    assert isinstance(process, subprocess.Popen)
    assert process.wait(60) == (0 if steps == NEVER else 9)
    store = Store(store_dir)
    assert names(store) == expected
    conversion = Conversion(Layout(store_dir))
    while conversion.convert():
        pass
    assert names(store) == expected
    assert kept_profiles(store_dir) == profiles(4)


def last_file(directory: Path) -> Path:
    return max(directory.glob("*.otxlog"))


def after_a_power_cut(directory: Path) -> None:
    """Make a log that of a writer from before the machine went down, `committed` lost."""
    said = Committed(LOG_START, bytes(16))
    (directory / COMMITTED_NAME).write_bytes(encode_committed(said))


def test_what_a_killed_writer_did_not_acknowledge_is_not_there(
    store_dir: Path, span_request: SpanRequest
) -> None:
    expected = keep(store_dir, span_request, 1)
    layout = Layout(store_dir)
    (directory,) = log_directories(layout)
    body = span_request("written, but killed before the acknowledgement")
    with last_file(directory).open("ab") as file:
        file.write(encode_record_header(Signal.TRACES, body, 1) + body)
    next_file = directory / log_file_name(int(last_file(directory).stem) + 1)
    next_file.write_bytes(b"OTXL")
    store = Store(store_dir)
    assert names(store) == expected
    conversion = Conversion(layout)
    while conversion.convert():
        pass
    assert names(store) == expected
    assert log_directories(layout) == []
    assert list(layout.aside.iterdir()) == []


def test_a_whole_record_outlives_a_power_cut_whatever_committed_says(
    store_dir: Path, span_request: SpanRequest
) -> None:
    expected = keep(store_dir, span_request, 2)
    (directory,) = log_directories(Layout(store_dir))
    after_a_power_cut(directory)
    assert names(Store(store_dir)) == expected


def test_a_torn_tail_is_cut_kept_aside_and_counted(
    store_dir: Path, span_request: SpanRequest
) -> None:
    expected = keep(store_dir, span_request, 1)
    layout = Layout(store_dir)
    (directory,) = log_directories(layout)
    with last_file(directory).open("ab") as file:
        file.write(b"half a record, torn by a power cut")
    after_a_power_cut(directory)
    store = Store(store_dir)
    assert names(store) == expected
    conversion = Conversion(layout)
    while conversion.convert():
        pass
    assert names(store) == expected
    assert conversion.manifest.aside_bytes == 34
    assert [path.read_bytes() for path in layout.aside.iterdir()] == [
        b"half a record, torn by a power cut"
    ]
    assert log_directories(layout) == []


def test_an_undecodable_request_costs_itself_only(
    store_dir: Path, span_request: SpanRequest
) -> None:
    with LogWriter(store_dir) as log:
        for body in (span_request("a"), b"\xff\xff no protobuf", span_request("b")):
            log.append(Signal.TRACES, body, 1).result(60)
    store = Store(store_dir)
    assert names(store) == Counter(["a-0", "b-0"])
    conversion = Conversion(Layout(store_dir))
    conversion.convert()
    assert names(store) == Counter(["a-0", "b-0"])
    assert store.totals().aside_requests == 1
    (aside,) = Layout(store_dir).aside.iterdir()
    assert aside.read_bytes().endswith(b"\xff\xff no protobuf")


def test_a_profile_whose_indices_lead_nowhere_is_set_aside(store_dir: Path) -> None:
    bad = profile_request("x", stack_index=9)
    with LogWriter(store_dir) as log:
        for body in (profile_request("a"), bad, profile_request("b")):
            log.append(Signal.PROFILES, body, 1).result(60)
    store = Store(store_dir)
    assert names(store) == Counter(["a", "b"])
    Conversion(Layout(store_dir)).convert()
    assert names(store) == Counter(["a", "b"])
    assert store.totals().aside_requests == 1
    assert kept_profiles(store_dir) == Counter([profile_request("a"), profile_request("b")])
    (aside,) = Layout(store_dir).aside.iterdir()
    assert aside.read_bytes().endswith(bad)


def test_a_living_log_is_converted_as_far_as_it_is_acknowledged(
    store_dir: Path, span_request: SpanRequest
) -> None:
    conversion = Conversion(Layout(store_dir))
    store = Store(store_dir)
    with LogWriter(store_dir, file_bytes=300) as log:
        for number in range(6):
            log.append(Signal.TRACES, span_request(f"r{number}"), number + 1).result(60)
            if number % 2:
                conversion.convert()
            assert names(store) == Counter(f"r{n}-0" for n in range(number + 1))
        assert log.directory.is_dir()
        files = sorted(path.name for path in log.directory.glob("*.otxlog"))
        assert len(files) == 1, "only the file being written is left"


def test_small_segments_are_merged_by_time(store_dir: Path, span_request: SpanRequest) -> None:
    expected = keep(store_dir, span_request, 9)
    conversion = Conversion(Layout(store_dir))
    while conversion.convert(100):
        pass
    store = Store(store_dir)
    before = len(conversion.manifest.of_kind("spans"))
    while merge_small(conversion, NOW):
        assert names(store) == expected
    after = conversion.manifest.of_kind("spans")
    assert len(after) < before
    for kind in ROW_KINDS:
        rows = sum(segment.rows for segment in conversion.manifest.of_kind(kind))
        assert rows == (0 if kind == "logs" else 18)
    assert kept_profiles(store_dir) == profiles(9)
    assert remove_retired(conversion, NOW + GRACE_NS - 1) == 0
    assert remove_retired(conversion, NOW + GRACE_NS) > 0
    assert names(store) == expected
    there = {path.name for path in conversion.layout.segments.iterdir()}
    assert there == conversion.manifest.file_names()


def test_retention_lets_whole_segments_go_by_age_and_size(
    store_dir: Path, span_request: SpanRequest
) -> None:
    keep(store_dir, span_request, 4)
    conversion = Conversion(Layout(store_dir))
    while conversion.convert(100):
        pass
    store = Store(store_dir)
    # Requests were received at 1 … 4 ns.
    assert expire(conversion, Retention(age_ns=10), now_unix_nano=12) > 0
    assert names(store) == Counter(f"{k}{n}-{s}" for k in "rmf" for n in (1, 2, 3) for s in (0, 1))
    newest = [s.bytes for s in conversion.manifest.segments if s.received_unix_nano == 4]
    assert expire(conversion, Retention(bytes=sum(newest)), now_unix_nano=5) > 0
    assert names(store) == Counter(f"{kind}3-{s}" for kind in "rmf" for s in (0, 1))
    assert store.totals().expired_rows == 21
    assert expire(conversion, Retention(), now_unix_nano=5) == 0


def test_a_clock_that_is_set_back_loses_nothing_and_keeps_the_order(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = NOW, NOW - HOUR_NS
    bodies = [span_request(f"r{number}", 2, trace=number + 1) for number in range(6)]
    expected = Counter(f"r{number}-{span}" for number in range(6) for span in (0, 1))
    clock = [before]
    monkeypatch.setattr("otx.store.wal.time.time_ns", lambda: clock[0])
    conversion, store = Conversion(Layout(store_dir)), Store(store_dir)
    with LogWriter(store_dir) as log:  # in a log, and between segments
        log.append(Signal.TRACES, bodies[0], before).result(60)
        log.append(Signal.TRACES, bodies[1], after).result(60)
        conversion.convert()
        log.append(Signal.TRACES, bodies[2], after + 1).result(60)
        conversion.convert()
        log.append(Signal.TRACES, bodies[3], after + 2).result(60)
    clock[0] = after
    with LogWriter(store_dir) as restarted:
        restarted.append(Signal.TRACES, bodies[4], after + 3).result(60)
        restarted.append(Signal.TRACES, bodies[5], after + 4).result(60)
        assert names(store) == expected
        assert restarted.directory == log_directories(conversion.layout)[-1]
    assert names(store) == expected
    while conversion.convert(100):
        assert names(store) == expected
    while merge_rest(conversion, after + 5):
        assert names(store) == expected
    ids = [trace.trace_id for trace in store.traces()]
    assert ids == [f"{number:032x}" for number in range(6, 0, -1)]
    # What seems to come later than now is kept for as long as what comes now.
    assert expire(conversion, Retention(), after + 5) == 0
    assert expire(conversion, Retention(), after + DAY_NS) == 0
    assert names(store) == expected
    assert expire(conversion, Retention(), after + DAY_NS + GRACE_NS) == 12
    assert expire(conversion, Retention(), after + DAY_NS + HOUR_NS) == 0
    assert names(store) == Counter()


def test_a_small_correction_of_the_clock_writes_no_manifest(
    store_dir: Path, span_request: SpanRequest
) -> None:
    keep(store_dir, span_request, 1)
    conversion = Conversion(Layout(store_dir))
    conversion.convert()
    version = conversion.manifest.version
    assert expire(conversion, Retention(), -GRACE_NS // 2) == 0
    assert conversion.manifest.version == version


def test_a_damaged_manifest_is_said(store_dir: Path) -> None:
    from otx.store.errors import StoreDamaged

    layout = Layout(store_dir)
    layout.create()
    for content in (b"{", b"[]", b'{"format": "x"}', json.dumps({"format": 1}).encode()):
        layout.manifest.write_bytes(content)
        with pytest.raises(StoreDamaged):
            Conversion(layout, no_step)


def test_odd_spans_are_counted_once_for_all(store_dir: Path, span_request: SpanRequest) -> None:
    conversion = Conversion(Layout(store_dir))
    with LogWriter(store_dir) as log:
        for _ in range(2):
            log.append(Signal.TRACES, NO_IDS, 1).result(60)
            log.append(Signal.TRACES, span_request("sound"), 1).result(60)
            conversion.convert()
    assert read_manifest(Layout(store_dir).manifest).odd_spans == {
        "have no valid trace id": 2,
        "have no valid span id": 2,
        "have no times at all": 2,
    }


def test_a_manifest_from_before_odd_spans_were_counted_is_read(store_dir: Path) -> None:
    conversion = Conversion(Layout(store_dir))
    conversion.publish(conversion.manifest)
    path = Layout(store_dir).manifest
    document = json.loads(path.read_bytes())
    del document["odd_spans"]
    path.write_text(json.dumps(document))
    assert read_manifest(path).odd_spans == {}


def test_indexes_live_as_long_as_their_segments(store_dir: Path, span_request: SpanRequest) -> None:
    conversion = converted(store_dir, span_request("a", 3))
    indexed(conversion)
    again = Conversion(conversion.layout)
    assert len(list(again.layout.segments.iterdir())) == 3
    assert expire(again, Retention(bytes=0), NOW)
    remove_retired(again, NOW + GRACE_NS)
    assert list(again.layout.segments.iterdir()) == []


def test_a_batch_ends_where_its_rows_take_enough_memory(
    store_dir: Path, span_request: SpanRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion_module, "_HELD_BYTES", 1)
    monkeypatch.setattr(conversion_module, "_PORTION_BYTES", 1)
    expected = keep(store_dir, span_request, 2)
    conversion = Conversion(Layout(store_dir))
    batches = 0
    while conversion.convert():
        batches += 1
    assert batches == 6, "one for each request"
    assert names(Store(store_dir)) == expected
