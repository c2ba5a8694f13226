"""How long to wait before a request is sent again."""

import random

import pytest

from otx.otlp.exporter.retry import Backoff


def test_waits_grow_with_jitter_until_it_gives_up() -> None:
    backoff = Backoff(give_up_after_s=60, rng=random.Random(1))
    waits = []
    while (wait_s := backoff.wait_s(None)) is not None:
        waits.append(wait_s)
    assert 25 < sum(waits) <= 60
    assert 0.25 <= waits[0] <= 0.75
    assert max(waits) <= 45
    assert waits[-1] > 4 * waits[0]
    assert len(set(waits)) == len(waits)


def test_what_the_destination_asks_for_holds() -> None:
    backoff = Backoff(give_up_after_s=10)
    assert backoff.wait_s(7.0) == 7.0
    assert backoff.wait_s(7.0) is None


@pytest.mark.parametrize("asked_s", [0.0, -3.0, 0.001])
def test_who_asks_for_no_time_to_come_is_not_flooded(asked_s: float) -> None:
    backoff = Backoff(give_up_after_s=10)
    waits = []
    while (wait_s := backoff.wait_s(asked_s)) is not None:
        waits.append(wait_s)
    assert 0.25 <= waits[0] <= 0.75
    assert len(waits) < 20


def test_tries_take_of_the_time_as_waits_do() -> None:
    seconds = iter([0.0, 8.0, 9.0])
    backoff = Backoff(give_up_after_s=10, clock=lambda: next(seconds))
    assert backoff.wait_s(1.5) == 1.5
    assert backoff.wait_s(1.5) is None
