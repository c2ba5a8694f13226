"""A log is read to its end, whatever is asked of it at a time and whatever became of its file."""

from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store.layout import Layout
from otx.store.log_position import LOG_START
from otx.store.log_reader import (
    Stretch,
    iterate_requests,
    log_directories,
    read_portion,
    readable_stretches,
)
from otx.store.wal import LogWriter

BODIES = [b"one", b"two" * 100, b"three"]


@pytest.fixture
def stretch(store_dir: Path) -> Stretch:
    """All of a finished log of `BODIES`."""
    with LogWriter(store_dir) as log:
        for body in BODIES:
            log.append(Signal.TRACES, body, 1).result(60)
    (directory,) = log_directories(Layout(store_dir))
    (stretch,) = readable_stretches(directory, LOG_START)
    return stretch


@pytest.mark.parametrize("limit", [1, 5, 19, 20, 25, 100, 10_000])
def test_each_portion_has_a_request_however_little_is_asked_for(
    stretch: Stretch, limit: int
) -> None:
    portions = list(iterate_requests(stretch, limit))
    assert [one.body for portion in portions for one in portion.requests] == BODIES
    assert all(portion.requests for portion in portions)
    assert not any(portion.damaged for portion in portions)


@pytest.mark.parametrize("cut", [1, 7, 24, 26, 60])
@pytest.mark.parametrize("limit", [1, 10_000])
def test_a_file_that_is_shorter_than_was_said_is_damaged(
    stretch: Stretch, cut: int, limit: int
) -> None:
    stretch.path.write_bytes(stretch.path.read_bytes()[:-cut])
    portions = list(iterate_requests(stretch, limit))
    assert portions[-1].damaged
    whole = [one.body for portion in portions for one in portion.requests]
    assert whole == BODIES[: len(whole)]
    assert len(whole) == (2 if cut <= 25 else 1)


def test_a_file_that_is_empty_is_damaged(stretch: Stretch) -> None:
    stretch.path.write_bytes(b"")
    assert read_portion(stretch, 100).damaged
