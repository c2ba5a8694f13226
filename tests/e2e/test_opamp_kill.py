"""`otx opamp serve` and `otx agent` together, each killed at random moments of a push."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from otx.errors import PeerError
from tests.services.opamp_serve.serving import Serving, until

CHILD = """\
import os, pathlib, sys, time
text = pathlib.Path(sys.argv[1]).read_text().replace(chr(10), " ").strip()
with open(sys.argv[2], "a") as log:
    log.write(f"{os.getpid()} {text}" + chr(10))
time.sleep(1_000)
"""
MOST_LOSSES = 3
LOCAL = "agent: {health: {window: 100ms}}\nbase: 1\n"


class Agent:
    """A real `otx agent run`; what it supervises writes down what it was started with."""

    def __init__(self, folder: Path, variables: dict[str, str], url: str) -> None:
        self._folder = folder
        self._variables = variables
        (folder / "child.py").write_text(CHILD)
        (folder / "base.yaml").write_text(LOCAL)
        self.log = folder / "starts"
        self.log.touch()
        self._url = url
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "otx", "agent", "run", "--server", self._url]
        options = ["--config", "base.yaml", "--state", "state", "--allow-remote-config"]
        child = [sys.executable, "child.py", "{config}", str(self.log)]
        with (self._folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options, "--", *child],
                cwd=self._folder,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def starts(self) -> list[tuple[int, str]]:
        """Process id and configuration of each start of what is supervised."""
        found = []
        for line in self.log.read_text().splitlines():
            pid, _, text = line.partition(" ")
            found.append((int(pid), text))
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


class Pair:
    """A server and its agent."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.serving = Serving(folder, variables)
        self.agent = Agent(folder, variables, self.serving.url)

    def row(self) -> dict[str, Any]:
        try:
            rows = self.serving.fleet.agents("")
        except PeerError:
            return {}
        return rows[0] if rows else {}

    def push(self, body: str) -> str:
        wish = {"selector": "", "objects": {"": {"body": body}}, "name": "c.yaml"}
        return str(self.serving.fleet.post("pushes", wish)["config"])

    def hit(self, victim: str) -> None:
        """Kill one of the three, and start it again where nobody else does."""
        if victim == "server":
            self.serving.end(signal.SIGKILL)
            self.serving.start()
        elif victim == "agent":
            self.agent.kill()
            self.agent.start()
        elif self.agent.starts:
            with suppress(ProcessLookupError):
                os.kill(self.agent.starts[-1][0], signal.SIGKILL)


@pytest.fixture
def pair(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[Pair]:
    made = Pair(tmp_path, cli_variables)
    yield made
    made.agent.close()
    made.serving.close()


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(200, marks=pytest.mark.long)], ids=["a few", "many"]
)
def test_a_push_arrives_once_whoever_is_killed_meanwhile(pair: Pair, rounds: int) -> None:
    choice = random.Random(rounds)
    until(pair.row, lambda row: row and row["state"] == "connected")
    victims = ["server", "agent", "process"]
    losses = 0
    for number in range(rounds):
        victim = victims[number] if number < len(victims) else choice.choice(victims)
        # An agent whose connections never last waits longer and longer; a new one does not know.
        victim = "agent" if losses >= MOST_LOSSES else victim
        losses = 0 if victim == "agent" else losses + (victim == "server")
        hash_ = pair.push(f"round: {number}")
        threading.Event().wait(choice.uniform(0, 0.4))  # the moment is what is tried
        before = pair.row()["connected_since"] if victim == "agent" else None
        pair.hit(victim)
        try:
            row = until(pair.row, partial(is_true, pair.agent, number, hash_, before))
        except AssertionError as error:
            raise AssertionError(f"round {number}, {victim} killed: {error}") from None
        if victim == "server":
            assert row["config"]["standing"] == "in_sync", "only the agent's end can make it fail"
            started = [text for _, text in pair.agent.starts if f"round: {number}" in text]
            assert len(started) == 1, (number, started)


def is_true(agent: Agent, number: int, hash_: str, before: str | None, row: dict[str, Any]) -> bool:
    """Whether what the server knows is settled and is what runs; a kill is noticed in a moment."""
    if not is_settled(hash_, before, row):
        return False
    is_said: bool = row["config"]["standing"] == "in_sync"
    return is_said == (f"round: {number}" in agent.starts[-1][1])


def is_settled(hash_: str, before: str | None, row: dict[str, Any]) -> bool:
    """Whether the agent gave its verdict, over another connection than before."""
    if not row or row["config"]["assigned"] != hash_ or row["state"] != "connected":
        return False
    if row["connected_since"] == before:
        return False
    standing: str = row["config"]["standing"]
    return standing in ("in_sync", "failed", "rolled_back")
