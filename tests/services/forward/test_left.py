"""What waits for nobody's destinations stays within the store's retention."""

from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.services.forward.left import bound_what_is_left
from otx.services.forward.line import Keep
from otx.store.converter import start_converter
from otx.store.durable import FileLock
from otx.store.kept_logs import kept_logs
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.conftest import WAIT_S, wait_until
from tests.services.forward.conftest import NOW, URL, waiting_line

EVERYTHING = Keep(1 << 62, 1 << 40)
HOUR_NS = 3600 * 10**9


@pytest.fixture
def left(layout: Layout) -> Layout:
    """A store whose receiver has ended, with forty requests that wait, two an hour."""
    with LogWriter(layout.root, file_bytes=4000, is_kept=True) as log:
        for number in range(40):
            log.append(Signal.LOGS, bytes(500), NOW + number * HOUR_NS // 2).result(60)
    return layout


def files(layout: Layout) -> list[Path]:
    return list(kept_logs(layout).glob("*/*.otxlog"))


def bound(layout: Layout, keep: Keep) -> list[str]:
    told: list[str] = []
    bound_what_is_left(layout, keep, NOW + 20 * HOUR_NS, told.append)
    return told


def test_nothing_is_given_up_within_the_bound(left: Layout) -> None:
    before = files(left)
    assert bound(left, EVERYTHING) == []
    assert files(left) == before
    assert len(list(waiting_line(left).waiting())) == 40


def test_what_is_too_old_goes_with_its_files(left: Layout) -> None:
    before = len(files(left))
    (told,) = bound(left, Keep(5 * HOUR_NS, 1 << 40))
    assert told.startswith(f"nobody forwards to {URL}: ")
    assert "beyond --retain" in told
    assert len(list(waiting_line(left).waiting())) == 10
    assert len(files(left)) < before
    assert bound(left, Keep(5 * HOUR_NS, 1 << 40)) == []


def test_what_is_too_much_goes_and_in_the_end_the_logs(left: Layout) -> None:
    bound(left, Keep(1 << 62, 3000))
    assert waiting_line(left).size() <= 3000
    bound(left, Keep(0, 0))
    assert waiting_line(left).size() == 0
    assert list(kept_logs(left).iterdir()) == []


def test_whoever_forwards_does_it_and_nobody_else(left: Layout) -> None:
    lock = FileLock(left.forward / "lock")
    assert lock.acquire()
    assert bound(left, Keep(0, 0)) == []
    lock.release()
    with LogWriter(left.root, is_kept=True):
        assert bound(left, Keep(0, 0)) == []  # a receiver that forwards
    assert len(list(waiting_line(left).waiting())) == 40


def test_a_converter_does_it(left: Layout) -> None:
    process = start_converter(left.root, retain_bytes=0)
    wait_until(lambda: not list(kept_logs(left).iterdir()), "nothing is kept")
    process.communicate(timeout=WAIT_S)
    assert process.returncode == 0


def test_a_store_that_never_forwarded_is_left_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "other")
    layout.create()
    assert bound(layout, Keep(0, 0)) == []
    assert not layout.forward.exists()
