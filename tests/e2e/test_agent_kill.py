"""The agent, its process and its connection are killed at random points, round after round.

After each round what the server knows must become true: the offer made last is APPLIED and
runs, or FAILED and what was good before runs; one process runs, not two; and no configuration is
launched more often than the rules allow. One that works is FAILED only where its own process was
killed within its windows, or the agent was as often as is allowed.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from otx.opamp.config_machine import UNPROVEN_ATTEMPTS
from tests.services.agent.scripted import (
    APPLIED,
    RealAgent,
    ScriptedServer,
    hash_of,
    real_agent,
    scripted_server,
)

ROUNDS = 5


class Rounds:
    """One agent through all rounds."""

    def __init__(self, script: ScriptedServer, agent: RealAgent, chance: random.Random) -> None:
        self.script = script
        self.agent = agent
        self.chance = chance
        self.good = "base"
        self.killed: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()

    async def round(self, number: int) -> None:
        is_bad = self.chance.random() < 0.35
        marker = f"{'bad' if is_bad else 'good'}{number}"
        text = f"marker: {marker}\n" + ("exit: 3\n" if is_bad else "")
        self.killed.clear()
        await self.script.push(text)
        for _ in range(self.chance.randrange(1, 4)):
            await asyncio.sleep(self.chance.random() * 0.5)  # the random point
            await self.disturb()
        await self.settle(text, marker, is_bad=is_bad)

    async def disturb(self) -> None:
        what = self.chance.choice(["agent", "agent", "process", "connection"])
        if what == "agent":
            self.killed["the agent"] += 1
            self.agent.kill()
            self.agent.start()
        elif what == "connection" and self.script.connection is not None:
            self.script.connection.transport.abort()
        elif what == "process":
            for pid, marker in self.agent.launches():
                if marker in self.agent.alive() and Path(f"/proc/{pid}").exists():
                    self.killed[marker] += 1
                    _kill(pid)

    async def settle(self, text: str, marker: str, *, is_bad: bool) -> None:
        """The state is final when the record says so; then everything must agree."""
        await _until(lambda: self.is_decided(hash_of(text)), "a verdict is on disk")
        verdict = self.agent.state()["record"]["status"]
        await self.script.until(
            lambda: (
                (self.script.status.last_remote_config_hash, self.script.status.status)
                == (hash_of(text), verdict)
            ),
            "the server knows the verdict",
        )
        is_applied = verdict == APPLIED
        if is_bad:
            assert not is_applied, "APPLIED a configuration that cannot start"
        reason = self.script.status.error_message
        if is_applied:
            self.good = marker
            self.verdicts["applied"] += 1
        elif is_bad:
            assert "exit code 3" in reason or self.was_interrupted(reason), reason
            self.verdicts["bad"] += 1
        else:
            was_killed = self.killed[marker] > 0 and "SIGKILL" in reason
            assert was_killed or self.was_interrupted(reason), (reason, self.killed)
            self.verdicts["excused"] += 1
        await _until(lambda: self.agent.alive() == [self.good], f"{self.good} runs, alone")
        await self.script.until(
            lambda: f"marker: {self.good}" in self.script.effective, "what runs is reported"
        )
        launches = Counter(it for _, it in self.agent.launches())
        if is_bad:
            assert launches[marker] <= UNPROVEN_ATTEMPTS, "a bad configuration came back"
        record = self.agent.state()["record"]
        assert record["received"] == hash_of(text).hex()
        assert record["good"] == ("" if self.good == "base" else hash_of_marker(self.good))

    def was_interrupted(self, reason: str) -> bool:
        """Whether the agent was killed with it as often as makes it FAILED."""
        return "interrupted" in reason and self.killed["the agent"] >= UNPROVEN_ATTEMPTS

    def is_decided(self, config_hash: bytes) -> bool:
        record = self.agent.state()["record"]
        return bool(record["phase"] == "idle" and record["received"] == config_hash.hex())


def hash_of_marker(marker: str) -> str:
    return hash_of(f"marker: {marker}\n").hex()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def _until(holds: object, what: str) -> None:
    assert callable(holds)
    ends_s = time.monotonic() + 40
    while True:
        try:
            if holds():
                return
        except (OSError, KeyError, ValueError):
            pass
        assert time.monotonic() < ends_s, f"not within 40 s: {what}"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("rounds", "seed"),
    [
        pytest.param(ROUNDS, 1),
        pytest.param(100, 2, marks=pytest.mark.long),
        pytest.param(100, 3, marks=pytest.mark.long),
    ],
)
async def test_no_kill_makes_the_state_wrong(
    rounds: int, seed: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with scripted_server() as script, real_agent(tmp_path, script) as agent:
        await script.until(lambda: bool(script.known.get("health")), "it began")
        one = Rounds(script, agent, random.Random(seed))
        for number in range(rounds):
            await one.round(number)
        record_property("verdicts", dict(one.verdicts))
        assert one.verdicts.total() == rounds
        # An agent that calls everything FAILED finds an excuse now and then, not most of the time.
        assert one.verdicts["applied"] > one.verdicts["excused"]
        assert "Traceback" not in agent.log()
        assert await agent.stop() == 0
        assert agent.alive() == []
