"""ConfigLoop.tla is what the agent's table is, and says the same, edge by edge."""

import re
from pathlib import Path

import pytest

from otx.opamp.config_machine import PROVEN_ATTEMPTS, UNPROVEN_ATTEMPTS
from otx.opamp.config_table import TABLE, Event
from spec.search import configloop
from spec.search.configloop_tla import module_text, row_name
from spec.search.explore import Model, explore
from spec.search.tla import Module

SPEC = Path(__file__).parents[2] / "spec"
Edges = set[tuple[object, object]]


def constants(hashes: int) -> dict[str, int]:
    return {"Hashes": hashes, "Unproven": UNPROVEN_ATTEMPTS, "Proven": PROVEN_ATTEMPTS}


def edges(model: Model[tuple[object, ...]]) -> Edges:
    """From each state to each other one that is next."""
    return {
        (tuple(state), tuple(then))
        for state in explore(model).parents
        for action in model.actions
        for then in action.step(state)
        if tuple(then) != tuple(state)
    }


def test_the_module_is_up_to_date() -> None:
    written = (SPEC / "ConfigLoop.tla").read_text()
    assert written == module_text(), "python -m spec.search.configloop_tla > spec/ConfigLoop.tla"


def test_each_row_that_does_something_is_an_action() -> None:
    defined = Module(SPEC / "ConfigLoop.tla").definitions
    actions = {row_name(*key) for key, row in TABLE.items() if row.acts}
    assert actions <= set(defined)
    assert {event for (_, event), row in TABLE.items() if not row.acts} == {Event.SAME_OFFER}


@pytest.mark.parametrize("hashes", [1, 2])
def test_the_module_leads_where_the_machine_leads(hashes: int) -> None:
    module = Module(SPEC / "ConfigLoop.tla")
    evaluated = module.model(constants(hashes), list(configloop.INVARIANTS))
    driven = configloop.model(configloop.Variant(hashes=hashes))
    assert edges(evaluated) == edges(driven)  # type: ignore[arg-type]
    assert not explore(evaluated).broken


def test_the_configuration_for_tlc_is_the_agents() -> None:
    text = (SPEC / "ConfigLoop.cfg").read_text()
    assert dict(re.findall(r"^    (\w+) = (\d+)$", text, re.MULTILINE)) == {
        name: str(value) for name, value in constants(2).items()
    }
    (checked,) = re.findall(r"^INVARIANTS (.+)$", text, re.MULTILINE)
    assert checked.split() == [*configloop.INVARIANTS]
