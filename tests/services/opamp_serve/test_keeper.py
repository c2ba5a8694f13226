"""The thread that writes."""

import os
import random
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from otx.errors import PeerError
from otx.opamp.opamp_pb2 import ComponentHealth
from otx.opamp.server.journal import Entry
from otx.services.opamp_serve.database import open_to_read, open_to_write, read_audit
from otx.services.opamp_serve.keeper import MOST_WAITING, Keeper
from tests.services.opamp_serve.conftest import StartServing
from tests.services.opamp_serve.messages import FIRST, full, heartbeat
from tests.services.opamp_serve.serving import wire

UID = bytes(range(16))


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "fleet.db"


async def test_what_is_settled_is_on_the_disk(db: Path) -> None:
    keeper = Keeper(open_to_write(db))
    try:
        keeper.agent(UID, {"first_seen": 1, "peer": "a"})
        keeper.agent(UID, {"peer": "b"})
        assert await keeper.settle()
        with closing(open_to_read(db)) as reader:
            rows = reader.execute("SELECT uid, first_seen, peer FROM agents").fetchall()
        assert rows == [(UID, 1, "b")]
    finally:
        keeper.close()


def test_closing_writes_what_waits(db: Path) -> None:
    keeper = Keeper(open_to_write(db))
    for number in range(1_000):
        keeper.audit(Entry(number, "me", "push", "all", ""))
    keeper.close()
    with closing(open_to_read(db)) as reader:
        assert len(read_audit(reader, 5_000)) == 1_000


def test_many_changes_are_few_commits(db: Path) -> None:
    keeper = Keeper(open_to_write(db))
    for number in range(10_000):
        keeper.agent(UID, {"last_seen": number})
    keeper.close()
    assert keeper.commits <= 2


async def test_a_disk_that_refuses_loses_nothing_and_says_so(db: Path) -> None:
    said: list[str] = []
    keeper = Keeper(open_to_write(db), said.append)
    locker = sqlite3.connect(db, isolation_level=None)
    try:
        keeper.busy(0)
        locker.execute("BEGIN IMMEDIATE")
        keeper.agent(UID, {"peer": "a"})
        keeper.audit(Entry(1, "me", "push", "all", ""))
        assert not await keeper.settle()
        behind = [keeper.is_behind]
        keeper.agent(UID, {"peer": "b"})
        locker.execute("ROLLBACK")
        assert await keeper.settle()
        behind.append(keeper.is_behind)
        assert behind == [True, False]
    finally:
        locker.close()
        keeper.close()
    assert len(said) == 1
    with closing(open_to_read(db)) as reader:
        assert reader.execute("SELECT peer FROM agents").fetchall() == [("b",)]
        assert len(read_audit(reader, 10)) == 1


def test_too_much_that_waits_is_told(db: Path) -> None:
    keeper = Keeper(open_to_write(db))
    try:
        for number in range(MOST_WAITING + 2):
            keeper.audit(Entry(number, "me", "push", "all", ""))
        assert keeper.is_behind
    finally:
        keeper.close()


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(200, marks=pytest.mark.long)], ids=["a few", "many"]
)
def test_a_server_killed_at_any_moment_has_kept_what_it_answered(
    start_serving: StartServing, rounds: int
) -> None:
    """Reports and pushes go on until the server is killed; then it is asked what it knows."""
    serving = start_serving()
    choice = random.Random(rounds)
    number, acknowledged, hashes = FIRST, "", []
    for round_ in range(rounds):
        killer = threading.Timer(choice.uniform(0.01, 0.3), os.kill, (serving.pid, signal.SIGKILL))
        with wire(serving.url) as socket:
            number += 1
            socket.ask(full(1, number))
            acknowledged = ""  # a complete report takes the place of what the round before said
            killer.start()
            try:
                for beat in range(100_000):
                    number += 1
                    message = heartbeat(1, number)
                    message.health.CopyFrom(
                        ComponentHealth(healthy=False, last_error=f"{round_}-{beat}")
                    )
                    socket.ask(message)
                    acknowledged = f"{round_}-{beat}"
                    if beat == 2:
                        wish = {"selector": "", "objects": {"": {"body": f"v: {round_}"}}}
                        hashes.append(serving.fleet.post("pushes", wish)["config"])
                        assert socket.hear().HasField("remote_config")
            except (ConnectionClosed, ConnectionError, PeerError):
                pass
        killer.join()
        serving.end(signal.SIGKILL)
        serving.start()
        (row,) = serving.fleet.agents("")
        known = [int(part) for part in (row["health_error"] or "0-0").split("-")]
        assert known >= [int(part) for part in (acknowledged or "0-0").split("-")]
        assert known[1] <= int(acknowledged.split("-")[1]) + 1 if acknowledged else True
        newest = serving.fleet.get("pushes?limit=1000")["pushes"]
        pushed = [push["config"] for push in newest]
        assert set(hashes) <= set(pushed)
        assert len(pushed) <= len(hashes) + round_ + 1
