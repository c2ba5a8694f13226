"""The rules as data: complete, in order, one sentence each."""

from collections import Counter

import pytest

from otx.opamp.rules import Level, Role, Rule, Transport, all_rules, checklist, rule


def test_the_checklist_has_each_number_once_and_in_order() -> None:
    numbers = [one.number for one in all_rules().values()]
    assert numbers == sorted(set(numbers))
    assert len(checklist()) == 91


def test_levels_and_roles_are_those_of_the_checklist() -> None:
    assert Counter(one.level for one in checklist()) == {
        Level.MUST: 35,
        Level.SHOULD: 20,
        Level.MAY: 1,
        Level.ROBUST: 35,
    }
    assert {one.role for one in checklist()} == set(Role)


@pytest.mark.parametrize("one", all_rules().values(), ids=lambda one: str(one.number))
def test_a_rule_is_one_sentence(one: Rule) -> None:
    assert one.sentence[0].isupper()
    assert one.sentence.endswith(".")
    assert ". " not in one.sentence


def test_a_rule_is_found_by_its_number() -> None:
    found = rule(30)
    assert (found.role, found.transport, found.level) == (Role.CLIENT, Transport.HTTP, Level.MUST)
    with pytest.raises(KeyError):
        rule(31)
