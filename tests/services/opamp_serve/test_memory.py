"""When garbage is collected."""

import gc
from collections.abc import Iterator

import pytest

from otx.services.opamp_serve.memory import FEW, LONG_S, MANY, Housekeeping


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_came_is_taken_out_of_sight_and_what_went_is_looked_for() -> None:
    house = Housekeeping(0.0)
    house.settle()
    assert gc.get_threshold()[2] > 1_000_000
    assert house.tick(FEW - 1, 0, 1.0) == ""
    assert house.tick(FEW, 0, 2.0) == "freeze"
    assert house.tick(FEW, 0, 3.0) == ""
    assert house.tick(10_000, 0, 4.0) == "freeze"
    assert gc.get_freeze_count()
    assert house.tick(10_000, MANY, 5.0) == ""
    assert house.tick(20_000, 10_000, 6.0) == "freeze"
    assert house.tick(30_000, 20_000, 7.0) == "sweep"
    assert house.tick(30_000, 20_000, 8.0) == ""
    assert house.tick(30_000, 20_000, 8.0 + LONG_S) == "sweep"


class Ring:
    """Garbage that only the collector finds."""

    alive = 0

    def __init__(self) -> None:
        self.me = self
        Ring.alive += 1

    def __del__(self) -> None:
        Ring.alive -= 1


def test_what_went_out_of_sight_is_found_when_everything_is_looked_at() -> None:
    house = Housekeeping(0.0)
    Ring()
    assert house.tick(FEW, 0, 1.0) == "freeze"
    gc.collect()
    assert Ring.alive == 1
    assert house.tick(FEW, MANY, 2.0) == "sweep"
    assert Ring.alive == 0
