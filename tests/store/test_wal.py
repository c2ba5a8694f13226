"""An acknowledged request is in the log; a refused or failed one is not, and neither is half."""

import errno
import os
import resource
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.errors import LogFailed, LogFull, StoreNewer
from otx.store.layout import Layout
from otx.store.log_format import LoggedRequest
from otx.store.log_position import LOG_START
from otx.store.log_reader import is_writing, iterate_requests, readable_stretches
from otx.store.wal import LogWriter


def readable(directory: Path) -> list[LoggedRequest]:
    return [
        request
        for stretch in readable_stretches(directory, LOG_START)
        for portion in iterate_requests(stretch, 1 << 20)
        for request in portion.requests
    ]


def test_what_is_acknowledged_can_be_read_at_once(store_dir: Path) -> None:
    with LogWriter(store_dir) as log:
        for number in range(20):
            log.append(Signal.LOGS, b"%d" % number, number).result(60)
            read = readable(log.directory)
            assert [one.body for one in read] == [b"%d" % n for n in range(number + 1)]
        assert read[3].signal is Signal.LOGS
        assert read[3].received_unix_nano == 3
        assert is_writing(log.directory)
    assert not is_writing(log.directory)
    assert len(readable(log.directory)) == 20


def test_many_threads_share_fsyncs(store_dir: Path) -> None:
    with LogWriter(store_dir, file_bytes=64 * 1024) as log:
        futures: list[Future[None]] = []

        def append(thread: int) -> None:
            for number in range(200):
                futures.append(log.append(Signal.TRACES, b"%d/%d" % (thread, number) * 50, 1))

        threads = [threading.Thread(target=append, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for future in futures:
            future.result(60)
        stats = log.stats()
        bodies = [one.body for one in readable(log.directory)]
    assert len(bodies) == len(set(bodies)) == stats.appended == 800
    assert stats.fsyncs < 800
    assert stats.bytes == sum(map(len, bodies))
    assert stats.queued_bytes == 0


def test_a_full_queue_refuses_and_counts(store_dir: Path) -> None:
    with LogWriter(store_dir, capacity_bytes=1000) as log:
        with pytest.raises(LogFull):
            log.append(Signal.TRACES, bytes(2000), 1)
        log.append(Signal.TRACES, bytes(10), 1).result(60)
        assert (log.stats().refused, log.stats().appended) == (1, 1)


def test_what_the_converter_has_not_done_is_bounded(store_dir: Path) -> None:
    layout = Layout(store_dir)
    with LogWriter(store_dir, backlog_bytes=100_000) as log:
        bodies = [b"%04d" % number * 2500 for number in range(20)]
        taken = 0
        with pytest.raises(LogFull, match=r"the converter is behind: 88\.1 KiB wait"):
            for body in bodies:
                log.append(Signal.TRACES, body, time.time_ns()).result(60)
                taken += 1
        assert taken == 9  # 10 000 bytes and a header each
        assert log.stats().refused == 1
        assert log.waiting().bytes > 90_000
        conversion = Conversion(layout)
        while conversion.convert():
            pass
        assert log.waiting().bytes == 0
        for body in bodies[:9]:
            log.append(Signal.TRACES, body, time.time_ns()).result(60)
        with pytest.raises(LogFull):
            log.append(Signal.TRACES, bodies[0], time.time_ns())


def test_a_closed_log_refuses(store_dir: Path) -> None:
    log = LogWriter(store_dir)
    log.close()
    with pytest.raises(LogFull):
        log.append(Signal.TRACES, b"late", 1)


def test_the_interval_mode_writes_without_waiting_for_the_disk(store_dir: Path) -> None:
    with LogWriter(store_dir, fsync="interval") as log:
        for number in range(50):
            log.append(Signal.TRACES, b"%d" % number, 1).result(60)
        assert log.stats().fsyncs < 50
        assert len(readable(log.directory)) == 50


def test_a_full_disk_takes_the_batch_back_and_recovers(store_dir: Path) -> None:
    # RLIMIT_FSIZE is a real failing write; its signal must not end the process.
    import signal

    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with LogWriter(store_dir) as log:
        log.append(Signal.TRACES, b"before", 1).result(60)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
            future = log.append(Signal.TRACES, bytes(20_000), 2)
            with pytest.raises(LogFailed) as failure:
                future.result(60)
            assert os.strerror(errno.EFBIG) in failure.value.message
            assert [one.body for one in readable(log.directory)] == [b"before"]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, former)
        log.append(Signal.TRACES, b"after", 3).result(60)
        assert [one.body for one in readable(log.directory)] == [b"before", b"after"]
        assert log.stats().failed == 1
    assert [one.body for one in readable(log.directory)] == [b"before", b"after"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot make the store"):
        LogWriter(tmp_path / "file" / "store")


def test_nothing_is_written_into_a_store_of_a_later_format(store_dir: Path) -> None:
    store_dir.mkdir(exist_ok=True)
    (store_dir / "MANIFEST.copy.json").write_text('{"format": 1000}')
    with pytest.raises(StoreNewer):
        LogWriter(store_dir)
    assert [path.name for path in store_dir.iterdir()] == ["MANIFEST.copy.json"]
