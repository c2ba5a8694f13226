"""The converter as a process: it drains, dies with its parent, and is taken over when killed."""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store.converter import start_converter
from otx.store.durable import is_locked
from otx.store.inspection import verify_store
from otx.store.layout import Layout
from otx.store.manifest import read_manifest
from otx.store.reader import Store
from otx.store.search import parse_search
from otx.store.segment_index import MIN_INDEXED_ROWS, has_indexes
from otx.store.wal import LogWriter
from tests.conftest import wait_until

SpanRequest = Callable[..., bytes]
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(store_dir: Path) -> Iterator[Start]:
    """Starts converters; kills by pid those that a test leaves."""
    started: list[subprocess.Popen[bytes]] = []

    def run() -> "subprocess.Popen[bytes]":
        process = start_converter(store_dir)
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def names(store: Store) -> Counter[str]:
    return Counter(row[0] for row in store.query("SELECT name FROM spans").rows())


def test_it_drains_and_ends_when_its_parent_closes(
    store_dir: Path, span_request: SpanRequest, start: Start
) -> None:
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, span_request("a", 3), time.time_ns()).result(60)
        process = start()
        wait_until(lambda: is_locked(Layout(store_dir).converter_lock), "the lock")
    process.communicate(timeout=30)
    assert process.returncode == 0
    store = Store(store_dir)
    assert store.lag().bytes == 0
    assert names(store) == Counter(["a-0", "a-1", "a-2"])


def test_term_drains(store_dir: Path, span_request: SpanRequest, start: Start) -> None:
    with LogWriter(store_dir) as log:
        process = start()
        wait_until(lambda: is_locked(Layout(store_dir).converter_lock), "the lock")
        log.append(Signal.TRACES, span_request("a"), time.time_ns()).result(60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert Store(store_dir).lag().bytes == 0


def test_the_next_one_takes_over_when_it_is_killed_and_readers_see_each_span_once(
    store_dir: Path, span_request: SpanRequest, start: Start
) -> None:
    """Killed at random moments while spans arrive, with a reader looking all the time."""
    moments = random.Random(42)
    store = Store(store_dir)
    expected: Counter[str] = Counter()
    with LogWriter(store_dir, file_bytes=20_000) as log:
        converters = [start(), start()]
        number = 0
        for _ in range(3):
            until = time.monotonic() + moments.uniform(0.6, 1.4)
            while time.monotonic() < until:
                prefix = f"r{number}"
                log.append(Signal.TRACES, span_request(prefix, 20), time.time_ns()).result(60)
                expected.update(f"{prefix}-{n}" for n in range(20))
                number += 1
                if number % 8 == 0:
                    assert names(store) == expected
            converters[0].kill()
            converters[0].wait(30)
            converters = [converters[1], start()]
        assert names(store) == expected
    for process in converters:
        process.communicate(timeout=30)
    assert store.lag().bytes == 0
    assert names(store) == expected


@pytest.mark.long
def test_what_it_converts_is_indexed(
    store_dir: Path, span_request: SpanRequest, start: Start
) -> None:
    layout = Layout(store_dir)
    with LogWriter(store_dir) as log:
        process = start()
        log.append(Signal.TRACES, span_request("a", MIN_INDEXED_ROWS), time.time_ns()).result(60)
        wait_until(lambda: any(layout.segments.glob("*.by-pair")), "an index")
    process.communicate(timeout=30)
    assert process.returncode == 0
    manifest = read_manifest(layout.manifest)
    (segment,) = manifest.segments
    assert has_indexes(layout.segments, segment)
    assert list(verify_store(layout, manifest)) == []
    store = Store(store_dir)
    (trace,) = store.traces(parse_search("@order.id:7"))
    assert trace.span_count == MIN_INDEXED_ROWS
    assert store.traces(parse_search(f"@order.id:{MIN_INDEXED_ROWS}")) == []
