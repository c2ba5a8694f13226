"""The searcher's runs, replayed against the real cores of client and server."""

import random
from dataclasses import replace

import pytest

from otx.opamp.config_machine import Record
from otx.opamp.config_table import Status
from otx.opamp.server.agent import Progress
from spec.search import cfgsync
from spec.search.explore import explore
from spec.search.rows import Row, rows
from tests.opamp.server.world import SECOND
from tests.simulation.opamp_session import UID, Session, unreached

ROUGH = replace(cfgsync.BASE, drops=3, crashes=2, restarts=2, changes=3, reorders=2)
"""What a random walk may meet; otx's own rules."""


BROKEN = [row for row in rows() if row.module == "CfgSync" and row.faults and not row.is_long]
"""The small mutants of CfgSync; exploring one is the test's work, not the collection's."""
over_either = pytest.mark.parametrize("is_http", [False, True], ids=["ws", "http"])


def walk(seed: int, length: int = 45) -> list[str]:
    """A random run of the model: one enabled action after the other."""
    chosen = random.Random(seed)
    model = cfgsync.model(ROUGH)
    state, names = model.first, []
    for _ in range(length):
        enabled = [(one.name, then) for one in model.actions for then in one.step(state)]
        if not enabled:
            break
        name, state = chosen.choice(enabled)
        names.append(name)
    return names


def check(names: list[str], is_http: bool) -> None:
    session = Session(is_http)
    session.run(names)
    session.settle()
    told = f"after {' '.join(names)}"
    assert unreached(session) == [], told
    assert [str(one) for one in session.broken] == [], told
    # Quiet is heartbeats and their answers, and nothing else (L3).
    session.messages, began_ns = 0, session.world.now_ns
    launched = list(session.launched)
    session.settle(30)
    heartbeats = (session.world.now_ns - began_ns) // (30 * SECOND) + 1
    assert session.messages <= 2 * heartbeats, told
    assert session.launched == launched, told
    for bad in session.bad:
        assert session.launched.count(bad) <= 2 * names.count("Assign"), told


@over_either
@pytest.mark.parametrize("row", BROKEN, ids=[row.name for row in BROKEN])
def test_what_breaks_a_mutant_does_not_break_otx(row: Row, is_http: bool) -> None:
    """The shortest way to each fault of the mutant."""
    result = explore(row.model)
    for fault in result.faults:
        check(result.trace(result.fault_state(fault)), is_http)


class Boastful(Session):
    """An agent whose supervisor says APPLIED of whatever was launched (M5)."""

    def _report(self, record: Record) -> None:
        is_applying = record.status is Status.APPLYING
        super()._report(replace(record, status=Status.APPLIED) if is_applying else record)


def test_the_replay_finds_what_is_broken() -> None:
    session = Boastful()
    session.settle(5)
    session.run(["Assign", "Push", "Receive", "Send", "Serve"])
    told = session.world.fleet.agents[UID].config
    assert session.assigned in session.bad
    assert (told.hash, told.progress) == (session.assigned, Progress.APPLIED)
    assert unreached(session) != []


@over_either
@pytest.mark.parametrize("seed", range(30))
def test_a_random_run_ends_at_the_goal(seed: int, is_http: bool) -> None:
    check(walk(seed), is_http)


@pytest.mark.long
@over_either
@pytest.mark.parametrize("seed", range(1_000, 2_500))
def test_many_random_runs_end_at_the_goal(seed: int, is_http: bool) -> None:
    check(walk(seed, length=80), is_http)
