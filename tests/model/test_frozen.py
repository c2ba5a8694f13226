"""These classes are what dataclasses are to those who use them."""

import copy
import pickle

import pytest

from otx.model.frozen import Frozen


class Named(Frozen):
    name: str


class Placed(Named):
    place: int
    keys: tuple[str, ...] = ()


def test_attributes_come_by_place_or_name_inherited_ones_first() -> None:
    assert Placed("a", 1).name == "a"
    assert Placed("a", place=1, keys=("k",)) == Placed("a", 1, ("k",))
    assert Placed("a", 1).keys == ()


def test_facts_of_one_kind_with_one_content_are_equal() -> None:
    assert hash(Placed("a", 1)) == hash(Placed("a", 1))
    assert Placed("a", 1) != Placed("a", 2)
    assert Named("a") != Placed("a", 1)
    assert Named("a") != "a"


def test_what_is_missing_or_too_much_is_refused() -> None:
    with pytest.raises(TypeError, match="takes name, place, keys"):
        Placed("a")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Named("a", "b")  # type: ignore[call-arg]


def test_a_fact_cannot_be_changed_but_copied_with_changes() -> None:
    fact = Placed("a", 1, ("k",))
    with pytest.raises(AttributeError):
        fact.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del fact.name
    assert fact.changed(place=2) == Placed("a", 2, ("k",))
    assert copy.deepcopy(fact) == fact
    assert pickle.loads(pickle.dumps(fact)) == fact


def test_a_fact_shows_its_content() -> None:
    assert repr(Placed("a", 1)) == "Placed(name='a', place=1, keys=())"
