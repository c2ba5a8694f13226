"""The fleet on disk: one SQLite file, written ahead (WAL), so that others read while it is written.

A commit is on the disk before it is acknowledged (`synchronous=FULL`): what an agent was answered
survives a power cut. The audit log cannot be changed through SQL.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from otx.errors import MachineError, UsageError
from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import (
    AgentDescription,
    AvailableComponents,
    ComponentHealth,
    ConnectionSettingsOffers,
    ConnectionSettingsStatus,
    CustomCapabilities,
    RemoteConfigStatus,
)
from otx.opamp.server.agent import Agent, Failure, Offer, OfferStatus, Progress
from otx.opamp.server.attributes import read_attributes
from otx.opamp.server.configuration import Configuration
from otx.opamp.server.pushes import Push, PushState, read_stages
from otx.opamp.server.reports import take_health
from otx.opamp.server.selector import parse_selector
from otx.opamp.server.settings import Settings, SettingsState

SCHEMA_VERSION = 1
BUSY_MS = 5_000
WRITER_BUSY_MS = 1_000
"""Nobody but one server writes; who holds the lock all the same is not waited for for long."""

_SCHEMA = """
CREATE TABLE agents (
    uid BLOB PRIMARY KEY,
    first_seen INTEGER NOT NULL DEFAULT 0,
    last_seen INTEGER NOT NULL DEFAULT 0,
    sequence_num INTEGER,
    needs_full INTEGER NOT NULL DEFAULT 1,
    capabilities INTEGER NOT NULL DEFAULT 0,
    description BLOB,
    health BLOB,
    health_since INTEGER NOT NULL DEFAULT 0,
    starts TEXT NOT NULL DEFAULT '',
    effective_config BLOB,
    config_status BLOB,
    config_since INTEGER NOT NULL DEFAULT 0,
    settings_status BLOB,
    settings_since INTEGER NOT NULL DEFAULT 0,
    packages BLOB,
    components BLOB,
    custom_capabilities BLOB,
    transport TEXT NOT NULL DEFAULT 'ws',
    peer TEXT NOT NULL DEFAULT '',
    is_connected INTEGER NOT NULL DEFAULT 0,
    connected INTEGER NOT NULL DEFAULT 0,
    said_goodbye INTEGER NOT NULL DEFAULT 0,
    interval_s INTEGER NOT NULL DEFAULT 0,
    credential BLOB NOT NULL DEFAULT x'',
    settings_offer BLOB,
    offer_hash BLOB,
    offer_first INTEGER NOT NULL DEFAULT 0,
    offer_last INTEGER NOT NULL DEFAULT 0,
    offer_times INTEGER NOT NULL DEFAULT 0,
    restart_ordered INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE failures (
    uid BLOB NOT NULL,
    hash BLOB NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (uid, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE configurations (
    hash BLOB PRIMARY KEY,
    objects BLOB NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    made INTEGER NOT NULL
) STRICT;
CREATE TABLE pushes (
    number INTEGER PRIMARY KEY,
    config_hash BLOB NOT NULL DEFAULT x'',
    selector TEXT NOT NULL DEFAULT '',
    stages TEXT NOT NULL DEFAULT '100%',
    state TEXT NOT NULL DEFAULT 'running',
    stage INTEGER NOT NULL DEFAULT 0,
    stage_since INTEGER NOT NULL DEFAULT 0,
    observe INTEGER NOT NULL DEFAULT 0,
    patience INTEGER NOT NULL DEFAULT 0,
    who TEXT NOT NULL DEFAULT '',
    why TEXT NOT NULL DEFAULT '',
    made INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE released (
    push INTEGER NOT NULL,
    uid BLOB NOT NULL,
    stage INTEGER NOT NULL,
    PRIMARY KEY (push, uid)
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
    number INTEGER PRIMARY KEY,
    selector TEXT NOT NULL DEFAULT '',
    hash BLOB NOT NULL DEFAULT x'',
    offers BLOB NOT NULL DEFAULT x'',
    token_digest BLOB,
    state TEXT NOT NULL DEFAULT 'offered',
    who TEXT NOT NULL DEFAULT '',
    why TEXT NOT NULL DEFAULT '',
    made INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    whom TEXT NOT NULL,
    push INTEGER,
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX audit_whom ON audit (whom, id);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""


def open_to_write(path: Path) -> sqlite3.Connection:
    """The database of a server, made where it is not there.

    Raises:
        MachineError: It cannot be opened, or another server has it.
        UsageError: The file is no fleet, or one of a later otx.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={WRITER_BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _prepare(connection, path)
    except (sqlite3.Error, OSError) as error:
        raise _cannot_open(path, error) from None
    path.chmod(0o600)  # configurations and settings hold secrets
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """The database of a server that may be running, to read only.

    Raises:
        UsageError: It is not there, or is no fleet.
    """
    if not path.is_file():
        raise UsageError(
            f"{path} is not there", hint="`otx opamp serve` makes it; --db names another"
        )
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _check_version(connection, path)
    except sqlite3.Error as error:
        raise _cannot_open(path, error) from None
    return connection


def read_agents(connection: sqlite3.Connection) -> Iterator[Agent]:
    """Every agent that was kept, none of them on a connection."""
    failures: dict[bytes, dict[bytes, Failure]] = {}
    for uid, hash_, reason, at_ns in connection.execute("SELECT * FROM failures"):
        failures.setdefault(uid, {})[hash_] = Failure(reason, at_ns)
    with closing(connection.cursor()) as cursor:
        cursor.row_factory = sqlite3.Row
        # Blobs that are shown one at a time stay on disk.
        for row in cursor.execute(
            "SELECT *, effective_config IS NOT NULL AS has_effective_config,"
            " packages IS NOT NULL AS has_packages FROM agents ORDER BY first_seen, uid"
        ):
            yield _agent(row, failures.get(row["uid"], {}))


def read_configurations(connection: sqlite3.Connection) -> list[Configuration]:
    """Every configuration that was ever pushed."""
    rows = connection.execute(
        "SELECT hash, objects, name, version, attempt, who, why, made FROM configurations"
    )
    return [Configuration(*row) for row in rows]


def read_pushes(connection: sqlite3.Connection) -> list[Push]:
    """Every push that was ever begun."""
    released: dict[int, dict[bytes, int]] = {}
    for number, uid, stage in connection.execute("SELECT push, uid, stage FROM released"):
        released.setdefault(number, {})[uid] = stage
    with closing(connection.cursor()) as cursor:
        cursor.row_factory = sqlite3.Row
        rows = cursor.execute("SELECT * FROM pushes ORDER BY number").fetchall()
    return [_push(row, released.get(row["number"], {})) for row in rows]


def read_settings(connection: sqlite3.Connection) -> list[Settings]:
    """All connection settings that were ever offered."""
    rows = connection.execute(
        "SELECT number, selector, offers, token_digest, state, who, why, made FROM settings"
    )
    return [
        Settings(
            number,
            parse_selector(selector),
            ConnectionSettingsOffers.FromString(offers),
            digest,
            SettingsState(state),
            who,
            why,
            made_ns,
        )
        for number, selector, offers, digest, state, who, why, made_ns in rows
    ]


def read_blob(connection: sqlite3.Connection, uid: bytes, column: str) -> bytes | None:
    """A message that is kept of an agent: effective_config, packages, components or health."""
    if column not in ("effective_config", "packages", "components", "health"):
        raise KeyError(column)
    query = f"SELECT {column} FROM agents WHERE uid = ?"  # noqa: S608 - one of four words
    row = connection.execute(query, (uid,)).fetchone()
    return row[0] if row else None


def read_audit(
    connection: sqlite3.Connection, limit: int, since_ns: int = 0, whom: str = ""
) -> list[dict[str, Any]]:
    """The newest lines of the audit log, oldest first."""
    rows: Iterable[tuple[Any, ...]] = connection.execute(
        "SELECT id, at, who, what, whom, push, outcome FROM audit"
        " WHERE at >= ?1 AND (?2 = '' OR whom = ?2) ORDER BY id DESC LIMIT ?3",
        (since_ns, whom, limit),
    )
    names = ("id", "at_ns", "who", "what", "whom", "push", "outcome")
    return [dict(zip(names, row, strict=True)) for row in rows][::-1]


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
        )
    _check_version(connection, path)


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        what = "no fleet of otx" if version == 0 else f"a fleet of version {version}"
        raise UsageError(f"{path} is {what}", hint="--db names another file")


def _cannot_open(path: Path, error: Exception) -> MachineError:
    return MachineError(f"cannot open {path}: {error}", hint="--db names another file")


def damaged(path: Path, error: Exception) -> UsageError:
    """The error for a fleet that cannot be read."""
    return UsageError(
        f"{path} cannot be read: {error}",
        hint="put a copy of it back, or --db names another file; agents report anew what they run",
    )


def _agent(row: sqlite3.Row, failures: dict[bytes, Failure]) -> Agent:
    agent = Agent(
        uid=row["uid"],
        first_seen_ns=row["first_seen"],
        last_seen_ns=row["last_seen"],
        sequence_num=row["sequence_num"],
        needs_full=bool(row["needs_full"]),
        capabilities=AgentCapability(row["capabilities"]),
        has_effective_config=bool(row["has_effective_config"]),
        has_packages=bool(row["has_packages"]),
        transport=row["transport"],
        peer=row["peer"],
        connected_ns=row["connected"],
        said_goodbye=bool(row["said_goodbye"]),
        interval_s=row["interval_s"],
        credential=row["credential"],
        failures=failures,
        restart_ordered_ns=row["restart_ordered"],
        was_connected=bool(row["is_connected"]) and not row["said_goodbye"],
    )
    agent.starts_ns.extend(map(int, filter(None, row["starts"].split(","))))
    if row["offer_hash"]:
        agent.offer = Offer(
            row["offer_hash"], row["offer_first"], row["offer_last"], row["offer_times"]
        )
    if row["settings_offer"]:
        agent.settings_offer = Offer(row["settings_offer"], 0, 0)
    _describe(agent, row)
    return agent


def _describe(agent: Agent, row: sqlite3.Row) -> None:
    description = AgentDescription.FromString(row["description"] or b"")
    agent.identifying = read_attributes(description.identifying_attributes)
    agent.non_identifying = read_attributes(description.non_identifying_attributes)
    agent.relabel()
    if row["health"] is not None:
        take_health(agent, ComponentHealth.FromString(row["health"]), row["health_since"])
        agent.last_start_ns = agent.health.start_ns if agent.health is not None else 0
    config = RemoteConfigStatus.FromString(row["config_status"] or b"")
    agent.config = _status(
        config.last_remote_config_hash, config.status, config.error_message, row["config_since"]
    )
    settings = ConnectionSettingsStatus.FromString(row["settings_status"] or b"")
    agent.settings = _status(
        settings.last_connection_settings_hash,
        settings.status,
        settings.error_message,
        row["settings_since"],
    )
    components = AvailableComponents.FromString(row["components"] or b"")
    agent.components_hash = components.hash
    agent.has_components = bool(components.components)
    custom = CustomCapabilities.FromString(row["custom_capabilities"] or b"")
    agent.custom_capabilities = tuple(custom.capabilities)


def _status(hash_: bytes, number: int, error: str, since_ns: int) -> OfferStatus:
    progress = Progress(number) if 0 <= number <= Progress.FAILED else Progress.UNSET
    return OfferStatus(hash_, progress, error, since_ns)


def _push(row: sqlite3.Row, released: dict[bytes, int]) -> Push:
    return Push(
        number=row["number"],
        config_hash=row["config_hash"],
        selector=parse_selector(row["selector"]),
        stages=read_stages(row["stages"]),
        state=PushState(row["state"]),
        stage=row["stage"],
        stage_since_ns=row["stage_since"],
        released=released,
        observe_ns=row["observe"],
        patience_ns=row["patience"],
        who=row["who"],
        why=row["why"],
        made_ns=row["made"],
        note=row["note"],
    )
