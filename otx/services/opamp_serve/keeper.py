"""The one thread that writes: what the core puts into its journal, many changes in one commit.

What waits is bounded by itself: of an agent's columns only the last values wait, so that there are
never more than the fleet has agents. Lines of the audit log do add up; `is_behind` says when they
are too many, and the server then tells agents to come again later.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from otx.opamp.server.agent import Agent
from otx.opamp.server.journal import Cell, Entry, Row

MOST_WAITING = 50_000
"""Changes that may wait for the disk before reports are refused."""


@dataclass(slots=True)
class _Batch:
    """What waits for the next commit."""

    agents: dict[bytes, dict[str, Cell]] = field(default_factory=dict)
    pushes: dict[int, dict[str, Cell]] = field(default_factory=dict)
    settings: dict[int, dict[str, Cell]] = field(default_factory=dict)
    configurations: dict[bytes, Row] = field(default_factory=dict)
    statements: list[tuple[str, tuple[Cell, ...]]] = field(default_factory=list)
    forgotten: list[bytes] = field(default_factory=list)
    done: list["asyncio.Future[bool]"] = field(default_factory=list)
    events: list[threading.Event] = field(default_factory=list)

    def put_before(self, later: "_Batch") -> "_Batch":
        """This batch, which could not be written, with what came after it."""
        for mine, theirs in (
            (self.pushes, later.pushes),
            (self.settings, later.settings),
        ):
            for number, row in theirs.items():
                mine.setdefault(number, {}).update(row)
        for uid, row in later.agents.items():
            self.agents.setdefault(uid, {}).update(row)
        self.configurations |= later.configurations
        self.statements += later.statements
        self.forgotten += later.forgotten
        self.done, self.events = later.done, later.events
        return self

    def __len__(self) -> int:
        return len(self.agents) + len(self.statements) + len(self.pushes) + len(self.settings)


class Keeper:
    """A journal whose entries end up in SQLite, in order, by a thread of its own.

    Attributes:
        length: Changes taken so far.
        commits: Commits so far.
        error: Why the last commit failed; "" where it did not. Its changes wait on.
    """

    def __init__(
        self, connection: sqlite3.Connection, warn: Callable[[str], None] = lambda line: None
    ) -> None:
        """Write to a connection that is nobody else's."""
        self._connection = connection
        self._warn = warn
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._batch = _Batch()
        self._apart: _Batch | None = None
        self._asked: list[_Batch] = []
        self._ends = False
        self._thread = threading.Thread(target=self._write, name="keeper", daemon=True)
        self._statements: dict[tuple[str, tuple[str, ...]], str] = {}
        self.length = 0
        self.commits = 0
        self.error = ""
        self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Whether too much waits for the disk, or the disk takes nothing."""
        return len(self._batch) > MOST_WAITING or bool(self.error)

    def agent(self, uid: bytes, row: Row) -> None:
        """Keep columns of an agent; others stay as they are."""
        with self._lock:
            self._open.agents.setdefault(uid, {}).update(row)
            self.length += 1

    def forget_agent(self, uid: bytes) -> None:
        """Drop an agent that never was."""
        with self._lock:
            self._open.agents.pop(uid, None)
            self._open.forgotten.append(uid)
            self.length += 1

    def failure(self, uid: bytes, hash_: bytes, reason: str, at_ns: int) -> None:
        """Keep that an agent could not use a configuration; no reason takes it back."""
        if reason:
            self._add(
                "INSERT OR REPLACE INTO failures (uid, hash, reason, at) VALUES (?, ?, ?, ?)",
                (uid, hash_, reason, at_ns),
            )
        else:
            self._add("DELETE FROM failures WHERE uid = ? AND hash = ?", (uid, hash_))

    def push(self, number: int, row: Row) -> None:
        """Keep columns of a push."""
        with self._lock:
            self._open.pushes.setdefault(number, {}).update(row)
            self.length += 1

    def released(self, number: int, uid: bytes, stage: int) -> None:
        """Keep that a push reached an agent in a stage."""
        self._add("INSERT OR REPLACE INTO released VALUES (?, ?, ?)", (number, uid, stage))

    def configuration(self, hash_: bytes, row: Row) -> None:
        """Keep a configuration."""
        with self._lock:
            self._open.configurations[hash_] = row
            self.length += 1

    def settings(self, number: int, row: Row) -> None:
        """Keep columns of connection settings."""
        with self._lock:
            self._open.settings.setdefault(number, {}).update(row)
            self.length += 1

    def audit(self, entry: Entry) -> None:
        """Keep a line of the audit log."""
        self._add(
            "INSERT INTO audit (at, who, what, whom, push, outcome) VALUES (?, ?, ?, ?, ?, ?)",
            (entry.at_ns, entry.who, entry.what, entry.whom, entry.push, entry.outcome),
        )

    def beats(self, agents: Iterable[Agent]) -> None:
        """Keep when agents were last heard and on what: once a second, not for each message.

        What could not be written before is tried again with it.
        """
        with self._lock:
            for agent in agents:
                number = agent.sequence_num
                self._batch.agents.setdefault(agent.uid, {}).update(
                    last_seen=agent.last_seen_ns,
                    sequence_num=number if number is not None and number < 1 << 63 else None,
                    transport=agent.transport,
                    peer=agent.peer,
                    credential=agent.credential,
                    connected=agent.connected_ns,
                    is_connected=int(agent.link is not None),
                    said_goodbye=int(agent.said_goodbye),
                    interval_s=agent.interval_s,
                    **_offer_columns(agent),
                )
        self._wake.set()

    async def settle(self) -> bool:
        """Wait until everything taken so far is on the disk; False where that cannot be done."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._batch.done.append(done)
        self._wake.set()
        return await done

    @contextmanager
    def apart(self) -> Iterator[_Batch]:
        """What is taken within waits apart, for `settle_apart`: kept as a whole, or dropped."""
        batch = self._apart = _Batch()
        try:
            yield batch
        finally:
            self._apart = None

    async def settle_apart(self, batch: _Batch) -> bool:
        """Wait until changes taken apart are on the disk; False where they are dropped."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        batch.done.append(done)
        with self._lock:
            self._asked.append(batch)
        self._wake.set()
        return await done

    def flush(self) -> None:
        """As `settle`, for who has no event loop: wait until everything taken so far is written."""
        with self._lock:
            done = threading.Event()
            self._batch.events.append(done)
        self._wake.set()
        done.wait()

    def busy(self, wait_ms: int) -> None:
        """How long a commit waits for somebody else who writes."""
        self._connection.execute(f"PRAGMA busy_timeout={wait_ms}")

    def close(self) -> None:
        """Write what waits, and end the thread and the connection."""
        self._ends = True
        self._wake.set()
        self._thread.join()
        self._connection.close()

    @property
    def _open(self) -> _Batch:
        return self._batch if self._apart is None else self._apart

    def _add(self, statement: str, values: tuple[Cell, ...]) -> None:
        with self._lock:
            self._open.statements.append((statement, values))
            self.length += 1

    def _write(self) -> None:
        while not self._ends:
            self._wake.wait()
            self._wake.clear()
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, _Batch()
            asked, self._asked = self._asked, []
        waiting, events = batch.done, batch.events
        if not self._is_written(batch):
            with self._lock:
                self._batch = batch.put_before(self._batch)
        for event in events:
            event.set()
        for done in waiting:
            done.get_loop().call_soon_threadsafe(_finish, done, not self.error)
        for one in asked:
            is_kept = not self.error and self._is_written(one)
            for done in one.done:
                done.get_loop().call_soon_threadsafe(_finish, done, is_kept)

    def _is_written(self, batch: _Batch) -> bool:
        try:
            self._commit(batch)
        except sqlite3.Error as error:
            if not self.error:
                self._warn(f"the fleet cannot be written: {error}")
            self.error = str(error)
            return False
        self.error = ""
        return True

    def _commit(self, batch: _Batch) -> None:
        if not len(batch) and not batch.configurations and not batch.forgotten:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for hash_, row in batch.configurations.items():
                self._upsert("configurations", "hash", hash_, row)
            for number, columns in batch.pushes.items():
                self._upsert("pushes", "number", number, columns)
            for number, columns in batch.settings.items():
                self._upsert("settings", "number", number, columns)
            for uid in batch.forgotten:
                for table in ("agents", "failures", "released"):
                    self._connection.execute(
                        f"DELETE FROM {table} WHERE uid = ?",  # noqa: S608 - one of three words
                        (uid,),
                    )
            for uid, columns in batch.agents.items():
                self._upsert("agents", "uid", uid, columns)
            for statement, values in batch.statements:
                self._connection.execute(statement, values)
        except sqlite3.Error:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        self.commits += 1

    def _upsert(self, table: str, key: str, value: Cell, row: Row) -> None:
        names = tuple(row)
        statement = self._statements.get((table, names))
        if statement is None:
            statement = self._statements[table, names] = _upsert_statement(table, key, names)
        self._connection.execute(statement, (value, *row.values()))


def _upsert_statement(table: str, key: str, names: tuple[str, ...]) -> str:
    places = ", ".join("?" * (len(names) + 1))
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    # All names are the core's own words.
    return (
        f"INSERT INTO {table} ({', '.join((key, *names))}) VALUES ({places})"  # noqa: S608
        f" ON CONFLICT ({key}) DO UPDATE SET {changes}"
    )


def _offer_columns(agent: Agent) -> dict[str, Cell]:
    offer = agent.offer
    if offer is None:
        return {}
    return {
        "offer_hash": offer.hash,
        "offer_first": offer.first_ns,
        "offer_last": offer.last_ns,
        "offer_times": offer.times,
    }


def _finish(done: "asyncio.Future[bool]", is_kept: bool) -> None:
    if not done.done():
        done.set_result(is_kept)
