"""Every check of an agent passes on one that keeps the rule, and fails on one that breaks it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from otx.opamp.rules import Role, Transport, checklist, rule
from otx.services.opamp_conform.agent_probe import AgentMeans
from otx.services.opamp_conform.agents import AGENT_CHECKS, running_agent, started_agent
from otx.services.opamp_conform.outcome import Result, Verdict
from otx.services.opamp_conform.plan import TRANSPORTS, Choice
from otx.services.opamp_conform.reasons import CLIENT_REASONS
from tests.services.opamp_conform.reference_agent import LIMIT, ReferenceAgent

SLOW = {17, 20, 26, 27, 28, 30, 35, 65, 109, 110, 113}
"""Rules that speak of whole seconds."""
PATIENT = {1, 5, 34, 36, 41, 48, 53, 86, 87, 98, 100}
"""Rules whose check waits long for what does not come."""
UNSEEN = {123, 124, 125}
"""Need packages of the agent's own kind."""


def cases(slow: set[int]) -> list[object]:
    return [
        pytest.param(one, marks=[pytest.mark.long] if one in slow else [])
        for one in sorted(AGENT_CHECKS)
        if one not in UNSEEN
    ]


@pytest.mark.long
@pytest.mark.parametrize("is_broken", [False, True])
def test_both_transports(tmp_path: Path, is_broken: bool) -> None:
    wanted = Verdict.FAILED if is_broken else Verdict.PASSED
    for number in sorted(AGENT_CHECKS.keys() - SLOW - PATIENT - UNSEEN):
        folder = tmp_path / str(number)
        folder.mkdir()
        for result in run(folder, number, *[number] * is_broken, transports=both(number)):
            assert result.verdict is wanted, result


def both(number: int) -> Sequence[str]:
    wanted = rule(number).transport
    return TRANSPORTS if wanted is Transport.BOTH else [wanted.value]


def run(folder: Path, number: int, *faults: int, transports: Sequence[str] = ()) -> list[Result]:
    illness = folder / "illness"
    means = AgentMeans(
        timeout_s=0.5,
        limit=LIMIT,
        configs=[b"one", b"two"],
        failing=b"fail",
        crashing=b"crash",
        sicken=shlex.join(["sh", "-c", f"echo >> {illness}"]),
    )
    # One transport shows that a check can fail; the long tests look at both.
    one = TRANSPORTS[number % 2]
    wanted = rule(number).transport
    chosen = transports or [one if wanted is Transport.BOTH else wanted.value]
    choice = Choice(chosen, only=[number], longest_s=1000)
    return list(started_agent(lambda: ReferenceAgent(illness, *faults), means, choice))


def test_every_rule_has_a_check_or_a_reason() -> None:
    rules = {one.number for one in checklist() if one.role is not Role.SERVER}
    assert AGENT_CHECKS.keys() | CLIENT_REASONS.keys() == rules
    assert not AGENT_CHECKS.keys() & CLIENT_REASONS.keys()


@pytest.mark.parametrize("number", cases(SLOW))
def test_an_agent_that_keeps_the_rule_passes(tmp_path: Path, number: int) -> None:
    for result in run(tmp_path, number):
        assert result.verdict is Verdict.PASSED, result


@pytest.mark.parametrize("number", cases(SLOW | PATIENT))
def test_an_agent_that_breaks_the_rule_fails(tmp_path: Path, number: int) -> None:
    results = run(tmp_path, number, number)
    assert results
    for result in results:
        assert result.verdict is Verdict.FAILED, result
        assert result.reason
        assert result.rule == rule(number)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_agent_that_is_not_well_is_not_blamed_for_its_connection(
    tmp_path: Path, transport: str
) -> None:
    (tmp_path / "illness").write_text("\n")
    (result,) = run(tmp_path, 140, transports=[transport])
    assert result.verdict is Verdict.NOT_TESTABLE, result
    assert "health is not good" in result.reason


def test_an_agent_that_somebody_else_starts(tmp_path: Path) -> None:
    agent = ReferenceAgent(tmp_path / "illness")
    started: list[str] = []

    def say(text: str) -> None:
        started.append(text)
        agent.start(text.removeprefix("ready "))

    means = AgentMeans(timeout_s=1, configs=[b"one", b"two"])
    choice = Choice(["ws"], only=[50, 52, 58, 64, 84, 85, 91, 137])
    found = running_agent("127.0.0.1", 0, say, means, choice)
    try:
        verdicts = {one.rule.number: one.verdict for one in found}
    finally:
        agent.close()
    assert len(started) == 1
    needs_process = {50, 137}
    assert {number for number, one in verdicts.items() if one is Verdict.NOT_TESTABLE} == (
        needs_process
    )
    assert set(verdicts.values()) == {Verdict.PASSED, Verdict.NOT_TESTABLE}, verdicts
