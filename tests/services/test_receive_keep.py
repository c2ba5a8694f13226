"""The road of one request: what is acknowledged is kept, what is not kept is refused."""

from concurrent.futures import Future
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.refusal import Reason, Refusal
from otx.services.receive_beside import CAPACITY_BYTES, Beside
from otx.services.receive_keep import Keeper
from otx.services.receive_print import Printer
from otx.services.receive_tally import Tally
from otx.store.wal import LogWriter
from tests.services.small_requests import spans_request

REQUEST = Request(Signal.TRACES, b"\x0a\x00", 3)
TIMEOUT_S = 20


def keeper_of(log: LogWriter | None, tally: Tally, limit: int | None = None) -> Keeper:
    return Keeper(log, (), tally, lambda: 1, limit, lambda: None)


def test_a_kept_request_is_acknowledged_and_counted(tmp_path: Path) -> None:
    tally = Tally(pytest.fail)
    with LogWriter(tmp_path) as log:
        keeper_of(log, tally).accept(REQUEST).result(TIMEOUT_S)
        assert log.stats().appended == 1
    assert tally.report().records == {Signal.TRACES: 3}


def test_a_full_log_asks_to_come_again(tmp_path: Path) -> None:
    tally = Tally(pytest.fail)
    with LogWriter(tmp_path, capacity_bytes=1) as log:
        keeper = keeper_of(log, tally, limit=3)
        with pytest.raises(Refusal) as caught:
            keeper.accept(REQUEST)
        assert caught.value.reason is Reason.BUSY
    # What was not kept does not count towards the limit.
    assert tally.report().records.total() == 0


def test_no_request_is_taken_beyond_the_limit_or_the_end() -> None:
    keeper = keeper_of(None, Tally(pytest.fail), limit=4)
    keeper.accept(REQUEST).result(TIMEOUT_S)
    keeper.accept(REQUEST).result(TIMEOUT_S)
    with pytest.raises(Refusal, match="ending"):
        keeper.accept(REQUEST)
    other = keeper_of(None, Tally(pytest.fail))
    other.end()
    with pytest.raises(Refusal, match="ending"):
        other.accept(REQUEST)


class Rules:
    """Rules that have made of every request what they are told to."""

    def __init__(self) -> None:
        self.made: Future[Request | None] = Future()

    def apply(self, request: Request) -> "Future[Request | None]":
        return self.made


def test_what_rules_make_of_a_request_is_kept_and_printed(tmp_path: Path) -> None:
    tally, rules = Tally(pytest.fail), Rules()
    printed: list[str] = []
    printer = Printer(printed.append, indent=False, on_closed=pytest.fail)
    with LogWriter(tmp_path) as log:
        keeper = Keeper(log, (printer,), tally, lambda: 1, None, pytest.fail, rules.apply)
        came, kept = spans_request("a", "b"), spans_request("b")
        acknowledged = keeper.accept(came)
        assert not acknowledged.done()
        rules.made.set_result(kept)
        acknowledged.result(TIMEOUT_S)
        assert log.stats().bytes == len(kept.body)
    # All room that was promised to what came is there again.
    printer.close()
    assert printer.reserve(CAPACITY_BYTES)
    assert printer.reserve(1) is False
    (text,) = printed
    assert '"b"' in text
    assert '"a"' not in text
    # What is counted is what came.
    assert tally.report().records == {Signal.TRACES: 2}


def test_a_request_of_which_nothing_is_left_is_acknowledged_and_not_kept(tmp_path: Path) -> None:
    tally, rules = Tally(pytest.fail), Rules()
    printer = Printer(pytest.fail, indent=False, on_closed=pytest.fail)
    rules.made.set_result(None)
    with LogWriter(tmp_path) as log:
        keeper = Keeper(log, (printer,), tally, lambda: 1, None, pytest.fail, rules.apply)
        keeper.accept(REQUEST).result(TIMEOUT_S)
        assert log.stats().appended == 0
    printer.close()
    assert printer.reserve(CAPACITY_BYTES)
    assert tally.report().requests == {Signal.TRACES: 1}


def test_what_rules_refuse_is_refused_and_does_not_count_towards_the_limit() -> None:
    tally, rules = Tally(pytest.fail), Rules()
    rules.made.set_exception(Refusal(Reason.STATEMENT_FAILED, "set(a) failed"))
    keeper = Keeper(None, (), tally, lambda: 1, 3, pytest.fail, rules.apply)
    for _ in range(2):
        with pytest.raises(Refusal, match="failed"):
            keeper.accept(REQUEST).result(TIMEOUT_S)
    assert tally.report().records.total() == 0


def test_a_log_that_is_full_once_rules_are_done_asks_to_come_again(tmp_path: Path) -> None:
    rules = Rules()
    with LogWriter(tmp_path, capacity_bytes=1) as log:
        keeper = Keeper(log, (), Tally(pytest.fail), lambda: 1, 3, pytest.fail, rules.apply)
        acknowledged = keeper.accept(REQUEST)
        rules.made.set_result(REQUEST)
        with pytest.raises(Refusal) as caught:
            acknowledged.result(TIMEOUT_S)
        assert caught.value.reason is Reason.BUSY


def test_room_is_kept_everywhere_or_nowhere() -> None:
    copied: list[Request] = []
    free, full = Beside(copied.append, "free", ""), Beside(copied.append, "full", "full is behind")
    assert full.reserve(CAPACITY_BYTES)
    keeper = Keeper(None, (free, full), Tally(pytest.fail), lambda: 1, None, pytest.fail)
    with pytest.raises(Refusal, match="full is behind"):
        keeper.accept(REQUEST)
    assert free.reserve(CAPACITY_BYTES)
    free.release(CAPACITY_BYTES)
    full.release(CAPACITY_BYTES)
    keeper.accept(REQUEST).result(TIMEOUT_S)
    free.close()
    full.close()
    assert copied == [REQUEST, REQUEST]
