"""The road of one request: what is acknowledged is kept, what is not kept is refused."""

from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.refusal import Reason, Refusal
from otx.services.receive_keep import Keeper
from otx.services.receive_tally import Tally
from otx.store.wal import LogWriter

REQUEST = Request(Signal.TRACES, b"\x0a\x00", 3)
TIMEOUT_S = 20


def keeper_of(log: LogWriter | None, tally: Tally, limit: int | None = None) -> Keeper:
    return Keeper(log, None, tally, lambda: 1, limit, lambda: None)


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
