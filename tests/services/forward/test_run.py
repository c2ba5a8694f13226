"""All destinations at once: none waits for another, and what all have is given back."""

import threading
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.services.forward.drain import Drain
from otx.services.forward.figures import Figures, decode_figures
from otx.services.forward.line import Keep
from otx.services.forward.orders import Orders
from otx.services.forward.places import prepare_places
from otx.services.forward.run import forward_until
from otx.store.durable import FileLock
from otx.store.forward_inspection import position_files
from otx.store.kept_logs import kept_directories
from otx.store.layout import Layout
from otx.store.wal import LogWriter
from tests.conftest import WAIT_S, wait_until
from tests.services.odd_servers import Answer, http_server

ALL = Keep(1 << 62, 1 << 62)
NOTHING = Keep(1 << 62, 0)
AWAY = "http://127.0.0.1:9"
"""The port of discard, where nobody listens."""


class Run:
    """`forward_until` on a thread."""

    def __init__(self, layout: Layout, *urls: str, keep: Keep = ALL) -> None:
        self.drain, self.told, self.warnings = Drain(), list[str](), list[str]()
        self.error: BaseException | None = None
        self._orders = Orders(layout.root, urls, keep)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> list[Figures]:
        self.drain.begin(WAIT_S)
        self.join()
        return decode_figures(self.told[-1])

    def join(self) -> None:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            forward_until(self.drain, self._orders, {}, self.told.append, self.warnings.append)
        except OSError as error:
            self.error = error


def keep_requests(layout: Layout, *urls: str, count: int = 5) -> None:
    """A log of a writer that has ended."""
    layout.create()
    prepare_places(layout, urls)
    with LogWriter(layout.root, is_kept=True) as log:
        for number in range(count):
            log.append(Signal.LOGS, b"", number).result(60)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


def test_none_waits_for_another_and_what_one_lacks_is_kept(layout: Layout) -> None:
    with http_server([Answer()]) as (place, seen):
        keep_requests(layout, f"http://{place}", AWAY)
        run = Run(layout, f"http://{place}", AWAY)
        wait_until(lambda: len(seen) == 5, "the one that is there has all")
        there, away = run.end()
    assert (there.waiting_bytes, there.state) == (0, "")
    assert away.waiting_bytes > 0
    assert away.state == "Connection refused"
    assert len(kept_directories(layout.forward / "logs")) == 1


def test_what_all_have_is_given_back(layout: Layout) -> None:
    with http_server([Answer()]) as (place, seen):
        keep_requests(layout, f"http://{place}")
        Run(layout, f"http://{place}").end()
        assert len(seen) == 5
    assert kept_directories(layout.forward / "logs") == []


def test_what_waits_for_somebody_not_named_goes_with_the_bound(layout: Layout) -> None:
    keep_requests(layout, "gone:4317")
    with http_server([Answer()]) as (place, _):
        prepare_places(layout, [f"http://{place}"])
        run = Run(layout, f"http://{place}", keep=NOTHING)
        wait_until(lambda: len(position_files(layout)) == 1, "it is forgotten")
        run.end()
    assert kept_directories(layout.forward / "logs") == []


def test_one_at_a_time_forwards_from_a_store(layout: Layout) -> None:
    keep_requests(layout, AWAY)
    lock = FileLock(layout.forward / "lock")
    assert lock.acquire()
    run = Run(layout, AWAY)
    run.drain.begin(0.0)
    run.join()
    assert run.told == []
    lock.release()


def test_a_log_that_cannot_be_read_is_an_error_and_loses_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    keep_requests(layout, AWAY)
    monkeypatch.setattr("otx.services.forward.line.iterate_requests", fail)
    run = Run(layout, AWAY)
    run.join()
    assert run.error is not None
    assert len(kept_directories(layout.forward / "logs")) == 1
