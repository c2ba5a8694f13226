"""What the core wants kept: facts go into a journal, which a database or a test is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from otx.opamp.server.agent import Agent

Cell: TypeAlias = "bytes | str | int | None"
Row: TypeAlias = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit log: who did what to whom, and what came of it.

    Attributes:
        who: A person, a token's name, `agent` or `server`.
        what: A word: push, offer, applied, failed, unknown, rollback, restart, identity, refused, …
        whom: An agent's uid in canonical text, or a selector.
        outcome: One line for people.
    """

    at_ns: int
    who: str
    what: str
    whom: str
    outcome: str
    push: int | None = None


def about(agent: Agent, who: str, what: str, outcome: str, now_ns: int) -> Entry:
    """A line about one agent."""
    return Entry(now_ns, who, what, agent.text, outcome, agent.assigned)


class Journal(Protocol):
    """Takes what must not be lost; each call returns at once.

    Attributes:
        length: How often something was written; whoever saw it grow has something to wait for.
    """

    length: int

    def agent(self, uid: bytes, row: Row) -> None:
        """Keep columns of an agent; others stay as they are."""

    def forget_agent(self, uid: bytes) -> None:
        """Drop an agent that never was."""

    def failure(self, uid: bytes, hash_: bytes, reason: str, at_ns: int) -> None:
        """Keep that an agent could not use a configuration."""

    def push(self, number: int, row: Row) -> None:
        """Keep columns of a push."""

    def released(self, number: int, uid: bytes, stage: int) -> None:
        """Keep that a push reached an agent in a stage."""

    def configuration(self, hash_: bytes, row: Row) -> None:
        """Keep a configuration."""

    def settings(self, number: int, row: Row) -> None:
        """Keep columns of connection settings."""

    def audit(self, entry: Entry) -> None:
        """Keep a line of the audit log."""


class NoJournal:
    """A journal of a fleet that is only looked at: it keeps nothing."""

    length = 0

    def agent(self, uid: bytes, row: Row) -> None:
        """Keep nothing."""

    def forget_agent(self, uid: bytes) -> None:
        """Keep nothing."""

    def failure(self, uid: bytes, hash_: bytes, reason: str, at_ns: int) -> None:
        """Keep nothing."""

    def push(self, number: int, row: Row) -> None:
        """Keep nothing."""

    def released(self, number: int, uid: bytes, stage: int) -> None:
        """Keep nothing."""

    def configuration(self, hash_: bytes, row: Row) -> None:
        """Keep nothing."""

    def settings(self, number: int, row: Row) -> None:
        """Keep nothing."""

    def audit(self, entry: Entry) -> None:
        """Keep nothing."""
