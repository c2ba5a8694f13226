"""An effect cannot be carried out twice."""

import copy
import pickle

import pytest

from otx.opamp.effect import Once, UsedTwice


def test_the_value_is_there_once() -> None:
    effect = Once("restart")
    assert effect.take() == "restart"
    assert effect.is_used
    with pytest.raises(UsedTwice):
        effect.take()


def test_nothing_is_a_value_too() -> None:
    effect = Once(None)
    effect.take()
    with pytest.raises(UsedTwice):
        effect.take()


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, pickle.dumps])
def test_there_is_no_second_one(twin: object) -> None:
    with pytest.raises(UsedTwice):
        twin(Once("restart"))  # type: ignore[operator]
