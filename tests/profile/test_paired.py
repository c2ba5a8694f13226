"""Losses told from pairs of windows."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.paired import ORDERS, Loss, loss_of


def blocks_of(loss: float, noise: float, count: int) -> list[list[float]]:
    """Blocks of two pairs in which so much is lost, with normal noise."""
    draw = random.Random(7)
    return [[math.log1p(-loss) + draw.gauss(0, noise) for _ in range(2)] for _ in range(count)]


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.05])
def test_the_interval_holds_the_loss_and_narrows_with_blocks(loss: float) -> None:
    few, many = loss_of(blocks_of(loss, 0.02, 30)), loss_of(blocks_of(loss, 0.02, 1000))
    assert few is not None and many is not None
    assert few.low <= loss <= few.high and many.low <= loss <= many.high
    assert many.width < few.width / 3
    assert many.pairs == 2000


def test_a_null_covers_nothing_and_a_loss_does_not() -> None:
    null, loss = loss_of(blocks_of(0, 0.02, 200)), loss_of(blocks_of(0.05, 0.02, 200))
    assert null is not None and null.covers_nothing
    assert loss is not None and not loss.covers_nothing


def test_too_few_blocks_tell_nothing() -> None:
    assert loss_of([]) is None
    assert loss_of([[0.1], [], [0.1]]) is None


def test_a_loss_of_something_rarer_is_smaller() -> None:
    assert Loss(0.02, 0.01, 0.04, 8).scaled(0.5) == Loss(0.01, 0.005, 0.02, 8)


@given(st.lists(st.lists(st.floats(-0.5, 0.5), max_size=2), min_size=3, max_size=40))
def test_the_median_lies_in_its_interval(blocks: list[list[float]]) -> None:
    found = loss_of(blocks)
    if found is not None:
        assert found.low <= found.median <= found.high
        assert found == loss_of(blocks), "the same of the same windows"


def test_windows_on_and_off_are_as_many_and_lie_alike() -> None:
    for order in ORDERS:
        assert sum(order) == 2 and order == order[::-1]
