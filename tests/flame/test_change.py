"""Changes are in points of all samples, so that profiles of different length compare."""

import pytest

from otx.flame.change import function_shares, share_changes
from otx.model.stack import Frame, Stack

A, B, C = (Frame(name, "native") for name in "abc")


def test_a_function_counts_once_a_stack_however_often_it_recurs() -> None:
    assert function_shares({(A, B, A): 3, (A,): 1}) == {A: 100.0, B: 75.0}
    assert function_shares({}) == {}


def test_longer_is_no_change() -> None:
    short: dict[Stack, int] = {(A, B): 1, (A,): 3}
    long = {stack: 7 * value for stack, value in short.items()}
    assert share_changes(function_shares(long), function_shares(short)) == {}


def test_what_came_and_what_went_is_named_largest_first() -> None:
    changes = share_changes({A: 100.0, B: 20.0}, {A: 100.0, B: 10.0, C: 30.0})
    assert list(changes) == [C, B]
    assert list(changes.values()) == pytest.approx([-30.0, 10.0])
