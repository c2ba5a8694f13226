"""The searches of spec/ find what they found, and each invariant has a mutant that breaks it."""

import pytest

from spec.search.explore import Action, Model, explore
from spec.search.rows import SEARCHES, Row, rows

ROWS = rows()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, marks=[pytest.mark.long] if row.is_long else [], id=row.name)
        for row in ROWS
    ],
)
def test_a_row_is_reproduced(row: Row) -> None:
    result = explore(row.model)
    assert (result.states, result.transitions) == (row.states, row.transitions)
    assert tuple(result.faults) == row.faults
    for fault in result.faults:
        assert result.trace(result.fault_state(fault))


BROKEN_BY = {
    "CfgSync": {"S1": "M10", "S2": "M5", "S3": "M5", "S4": "M3", "S5": "M11", "S6": "M2"},
    "ConnSettings": {"S9": "C1"},
    "Identity": {"S8": "I1", "S8b": "I3"},
    "Throttle": {"L7a": "T1", "L7b": "T2", "L7c": "T3", "L7d": "T4"},
    "ConfigLoop": {
        "Applied": "L2",
        "Good": "L2",
        "Idle": "L3",
        "Probation": "L4",
        "Attempts": "L5",
        "NewestRuns": "L6",
    },
    "AgentLoop": {"S2": "A1", "S3": "A2", "S4": "A1", "S6": "A5", "W": "A3"},
}
"""Invariant -> a mutant that breaks it."""
each_search = pytest.mark.parametrize("name", SEARCHES)


@each_search
def test_every_invariant_has_a_mutant_that_breaks_it(name: str) -> None:
    assert set(BROKEN_BY[name]) == set(SEARCHES[name].INVARIANTS)
    for invariant, mutant in BROKEN_BY[name].items():
        found = [row for row in ROWS if row.module == name and row.number.split()[0] == mutant]
        assert found
        assert all(invariant in row.faults for row in found)


@each_search
def test_every_mutant_is_searched_and_found(name: str) -> None:
    mutants = {mutant.split()[0] for mutant in SEARCHES[name].MUTANTS}
    assert mutants == {row.number.split()[0] for row in ROWS if row.module == name and row.faults}


@each_search
def test_the_base_holds(name: str) -> None:
    (base,) = (row for row in ROWS if row.module == name and row.number.startswith("base"))
    assert base.faults == ()


def counting(*steps: Action[int], goal: int = 3) -> Model[int]:
    return Model(0, steps, {"small": lambda n: n < 3}, lambda n: n == goal)


UP = Action[int]("Up", lambda n: [n + 1] if n < 3 else [])
DOWN = Action[int]("Down", lambda n: [n - 1] if n == 2 else [])


def test_the_shortest_way_to_a_fault_is_told() -> None:
    result = explore(counting(UP))
    assert (result.states, result.transitions, result.faults) == (4, 3, ["small"])
    assert result.trace(result.broken["small"]) == ["Up", "Up", "Up"]


def test_a_cycle_of_the_system_is_a_storm_and_one_of_the_environment_is_none() -> None:
    assert "storm" in explore(counting(UP, DOWN)).faults
    environment = Action("Down", DOWN.step, is_environment=True)
    assert "storm" not in explore(counting(UP, environment)).faults


def test_a_rest_short_of_the_goal_is_told() -> None:
    result = explore(counting(UP, goal=9))
    assert result.trace(result.fault_state("bad rest")) == ["Up", "Up", "Up"]


def test_a_search_without_end_is_given_up() -> None:
    with pytest.raises(MemoryError):
        explore(Model(0, (Action("Up", lambda n: [n + 1]),), {}), limit=100)
