"""The modules of TLA+ in spec/ parse, and say what the searches say, state by state."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from otx.opamp.config_table import Event
from spec.search import cfgsync
from spec.search.explore import explore
from spec.search.rows import MODULES, Row, rows
from spec.search.tla import Module, Unreadable

SPEC = Path(__file__).parents[2] / "spec"
each_module = pytest.mark.parametrize("name", MODULES)
BOUND = 2_100
"""States of a row that is held against the module in every run; the rest is long."""


def constant(field: str) -> str:
    """`keeps_status` is KeepsStatus in TLA+."""
    return "".join(word.capitalize() for word in field.split("_"))


def constants(variant: Any) -> dict[str, Any]:
    values = {constant(one.name): getattr(variant, one.name) for one in fields(variant)}
    return {
        name: frozenset(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def module(name: str) -> Module:
    return Module(SPEC / f"{name}.tla")


@each_module
def test_variables_constants_and_actions_are_those_of_the_search(name: str) -> None:
    read, search = module(name), MODULES[name]
    assert read.name == name
    assert set(read.variables) == set(search.State._fields)
    assert set(read.constants) == set(constants(search.BASE))
    assert read.actions == {"System": [*search.SYSTEM], "Environment": [*search.ENVIRONMENT]}
    assert set(search.INVARIANTS) <= set(read.definitions)


@each_module
def test_the_configuration_for_tlc_is_the_base_row(name: str) -> None:
    text = (SPEC / f"{name}.cfg").read_text()
    assigned = dict(re.findall(r"^    (\w+) = (.+)$", text, re.MULTILINE))
    assert {key: in_tla(value) for key, value in constants(MODULES[name].BASE).items()} == assigned
    (checked,) = re.findall(r"^INVARIANTS (.+)$", text, re.MULTILINE)
    assert checked.split() == [*MODULES[name].INVARIANTS, "RestsAtGoal"]
    (base,) = (one for one in rows() if one.module == name and one.number.startswith("base"))
    assert f"{base.states:,} states, {base.transitions:,} transitions" in text


def in_tla(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, frozenset):
        return "{" + ", ".join(in_tla(one) for one in sorted(value)) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def compared() -> Iterator[Any]:
    for row in rows():
        if row.module not in MODULES:
            continue
        is_long = row.states > BOUND
        yield pytest.param(row, id=row.name, marks=[pytest.mark.long] if is_long else [])


@pytest.mark.parametrize("row", compared())
def test_the_module_has_the_same_states_and_transitions(row: Row) -> None:
    read, search = module(row.module), MODULES[row.module]
    found = explore(row.model)
    evaluated = explore(read.model(constants(row.variant), list(search.INVARIANTS)))
    order = [search.State._fields.index(name) for name in read.variables]
    assert {tuple(state[place] for place in order) for state in found.parents} == set(
        evaluated.parents
    )
    assert evaluated.transitions == found.transitions
    assert evaluated.faults == found.faults


def test_each_event_of_the_configuration_loop_has_its_place_in_the_model() -> None:
    stands_for = [event for events in cfgsync.STANDS_FOR.values() for event in events]
    assert sorted([*stands_for, *cfgsync.BELOW_THE_GRAIN]) == sorted(one.name for one in Event)
    assert set(cfgsync.STANDS_FOR) <= set(cfgsync.SYSTEM) | set(cfgsync.ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("---- MODULE A ----\nInit == = 1\n====\n", "does not parse"),
        ("---- MODULE A ----\nCONSTANTS K\nVARIABLES x\nInit == x = K\n====\n", "needs K"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, text: str, why: str) -> None:
    place = tmp_path / "A.tla"
    place.write_text(text)
    with pytest.raises(Unreadable, match=why):
        Module(place).model({}, [])
