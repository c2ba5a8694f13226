"""What was kept is there again, exactly."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otx.errors import MachineError, UsageError
from otx.opamp.opamp_pb2 import (
    AvailableComponents,
    ComponentDetails,
    ConnectionSettingsOffers,
    CustomCapabilities,
    PackageStatuses,
)
from otx.opamp.server.agent import Agent, Progress
from otx.opamp.server.fleet import Fleet
from otx.opamp.server.journal import Entry
from otx.opamp.server.operator import Operator
from otx.opamp.server.pushes import parse_stages
from otx.opamp.server.rollouts import Rollouts
from otx.opamp.server.selector import parse_selector
from otx.services.opamp_serve import database
from otx.services.opamp_serve.keeper import Keeper
from tests.opamp.server.world import USUAL, Speaker, World

FORGOTTEN = {
    *("was_connected", "expected_until_ns", "strangers"),
    "start_heard_ns",
    "asks",
    "link",
    "custom_messages",
    "restart_sent_ns",
    "assigned",
    "is_confirmed",
    "never_says",
}
"""What belongs to a connection, or is worked out again."""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "fleet.db"


@pytest.fixture
def world(db: Path) -> Iterator[World]:
    keeper = Keeper(database.open_to_write(db))
    world = World()
    world.fleet = Fleet(keeper, Rollouts(keeper))
    yield world
    keeper.close()


def kept(world: World, db: Path) -> sqlite3.Connection:
    keeper = world.fleet.journal
    assert isinstance(keeper, Keeper)
    keeper.beats(world.fleet.take_heard())
    keeper.flush()
    return database.open_to_read(db)


def facts(agent: Agent) -> dict[str, object]:
    names = set(Agent.__dataclass_fields__) - FORGOTTEN
    found = {name: getattr(agent, name) for name in names}
    for name in ("offer", "settings_offer"):
        offer = found[name]
        found[name] = None if offer is None else offer.hash
    return found


def test_agents_are_as_they_were(world: World, db: Path) -> None:
    one, two = Speaker(world, "one", env="prod"), Speaker(world, "two", link=world.poll_link())
    one.full(
        package_statuses=PackageStatuses(error_message="x"),
        available_components=AvailableComponents(
            hash=b"h", components={"receivers": ComponentDetails()}
        ),
        custom_capabilities=CustomCapabilities(capabilities=["io.x"]),
    )
    two.full()
    two.number += 1
    two.report()
    bad = world.push("env=prod")
    one.report()
    one.says(Progress.FAILED, bad.config_hash, "no such receiver")
    with closing(kept(world, db)) as connection:
        found = {agent.uid: agent for agent in database.read_agents(connection)}
    assert set(found) == {one.uid, two.uid}
    assert facts(found[one.uid]) == facts(one.agent)
    assert facts(found[two.uid]) == facts(two.agent)
    assert found[two.uid].needs_full
    assert found[one.uid].link is None
    assert found[one.uid].was_connected
    assert not found[two.uid].was_connected, "who polls has no connection"


def test_pushes_and_configurations_are_as_they_were(world: World, db: Path) -> None:
    for number in range(5):
        Speaker(world, f"agent{number}", env="prod").full()
    world.push("env=prod", body="a: 1")
    push = world.push("env in (prod,test)", body="b: 1", stages=parse_stages("2"))
    Operator(world.fleet).change(push.number, "pause", "me", "lunch", world.now_ns)
    with closing(kept(world, db)) as connection:
        pushes = database.read_pushes(connection)
        configurations = database.read_configurations(connection)
    rollouts = world.fleet.rollouts
    assert {one.number: one for one in pushes} == rollouts.pushes
    assert {one.hash: one for one in configurations} == rollouts.configurations


def test_settings_are_as_they_were(world: World, db: Path) -> None:
    Speaker(world, capabilities=USUAL).full()
    offers = ConnectionSettingsOffers()
    offers.opamp.destination_endpoint = "ws://x/v1/opamp"
    one = world.fleet.settings.begin(parse_selector("a=b"), offers, b"digest", "me", "so", 7)
    with closing(kept(world, db)) as connection:
        assert database.read_settings(connection) == [one]


def test_blobs_are_read_one_at_a_time(world: World, db: Path) -> None:
    speaker = Speaker(world)
    speaker.full()
    with closing(kept(world, db)) as connection:
        blob = database.read_blob(connection, speaker.uid, "effective_config")
        assert blob is not None
        assert b"mine: 1" in blob
        assert database.read_blob(connection, b"nobody", "effective_config") is None
        with pytest.raises(KeyError):
            database.read_blob(connection, speaker.uid, "uid")


def test_the_audit_log_cannot_be_changed(world: World, db: Path) -> None:
    for number in range(5):
        world.fleet.journal.audit(Entry(number, "me", "push", f"a={number % 2}", "done"))
    with closing(kept(world, db)) as connection:
        lines = database.read_audit(connection, 3)
        assert [line["at_ns"] for line in lines] == [2, 3, 4]
        assert len(database.read_audit(connection, 9, since_ns=1, whom="a=1")) == 2
    with closing(sqlite3.connect(db)) as connection:
        for statement in ("DELETE FROM audit", "UPDATE audit SET who = 'nobody'"):
            with pytest.raises(sqlite3.Error, match="append-only"):
                connection.execute(statement)


def test_it_is_for_its_owner_only(world: World, db: Path) -> None:
    assert db.stat().st_mode & 0o077 == 0


def test_what_is_no_fleet_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        database.open_to_read(tmp_path / "nothing")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE x (y)")
    for opens in (database.open_to_read, database.open_to_write):
        with pytest.raises(UsageError, match="no fleet"):
            opens(other)
    text = tmp_path / "text"
    text.write_text("not a database at all, but long enough to have a page of its own" * 100)
    with pytest.raises(MachineError):
        database.open_to_write(text)


def test_a_later_version_is_left_alone(db: Path, world: World) -> None:
    kept(world, db).close()
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA user_version=9")
    with pytest.raises(UsageError, match="version 9"):
        database.open_to_read(db)
